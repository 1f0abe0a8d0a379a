#include "connectors/filesystem/path_pattern.h"

#include <gtest/gtest.h>

#include "connectors/connector_world_test.h"

namespace millrace::connectors {
namespace {

TEST(PathPattern, StarsAndQuestionMarks) {
  EXPECT_TRUE(matches_pattern("*.json", "a.json"));
  EXPECT_TRUE(matches_pattern("*", ""));
  EXPECT_TRUE(matches_pattern("a*b*c", "aXbYbZc"));
  EXPECT_TRUE(matches_pattern("20?\?-*", "2024-01"));
  EXPECT_FALSE(matches_pattern("*.json", "a.csv"));
  EXPECT_FALSE(matches_pattern("?", ""));
  EXPECT_FALSE(matches_pattern("a*b", "aXbc"));
}

class ExpandPath : public ::testing::Test {
 protected:
  void SetUp() override {
    for (const char* path : {"/data/b.json", "/data/a.json", "/data/c.csv", "/data/.hidden.json",
                             "/data/_SUCCESS", "/data/day=1/x.json", "/data/day=2/y.json"}) {
      world.write_file(path, "{}\n");
    }
  }
  Lines expand(const std::string& path) {
    const auto found = expand_path(world.world.files(), path);
    return found ? *found : Lines{error_of(found)};
  }
  ConnectorWorld world;
};

TEST_F(ExpandPath, AFileIsItself) {
  EXPECT_EQ(expand("/data/a.json"), (Lines{"/data/a.json"}));
}

TEST_F(ExpandPath, FoldersMayBePatternsToo) {
  EXPECT_EQ(expand("/data/day=*/?.json"), (Lines{"/data/day=1/x.json", "/data/day=2/y.json"}));
  EXPECT_EQ(expand("/d*/*=1"), (Lines{"/data/day=1/x.json"}));
  EXPECT_EQ(expand("/*/day=2/y.json"), (Lines{"/data/day=2/y.json"}));
}

TEST_F(ExpandPath, AFolderIsAllOfItsFilesInOrderWithoutHiddenOnes) {
  EXPECT_EQ(expand("/data"), (Lines{"/data/a.json", "/data/b.json", "/data/c.csv",
                                    "/data/day=1/x.json", "/data/day=2/y.json"}));
}

TEST_F(ExpandPath, APatternNamesFilesAndFolders) {
  EXPECT_EQ(expand("/data/*.json"), (Lines{"/data/a.json", "/data/b.json"}));
  EXPECT_EQ(expand("/data/day=*"), (Lines{"/data/day=1/x.json", "/data/day=2/y.json"}));
}

TEST_F(ExpandPath, AMissingFileIsNamedWithTheNearestOne) {
  const auto missing = expand_path(world.world.files(), "/data/a.jsn");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code(), ErrorCode::kFileNotFound);
  EXPECT_NE(error_of(missing).find("Did you mean 'a.json'?"), std::string::npos);
  EXPECT_EQ(expand_path(world.world.files(), "/data/*.parquet").error().code(),
            ErrorCode::kFileNotFound);
  EXPECT_EQ(expand_path(world.world.files(), "/nowhere/a.json").error().code(),
            ErrorCode::kFileNotFound);
}

}  // namespace
}  // namespace millrace::connectors
