#include "cli/shell/history_file.h"

#include <gtest/gtest.h>

#include "io/simulated_world.h"

namespace millrace::cli {
namespace {

TEST(HistoryFile, GivesBackWhatWasAppendedByThisAndOtherShells) {
  io::SimulatedWorld world;
  ASSERT_TRUE(world.files().make_folders("simulated").has_value());
  HistoryFile one(world.world().files, "simulated/history");
  HistoryFile other(world.world().files, "simulated/history");
  one.append("SELECT 1;");
  other.append("SELECT 2;");
  one.append("SELECT 3;");
  EXPECT_EQ(one.load(), (std::vector<std::string>{"SELECT 1;", "SELECT 2;", "SELECT 3;"}));
}

TEST(HistoryFile, KeepsTheNewestOfVeryMany) {
  io::SimulatedWorld world;
  ASSERT_TRUE(world.files().make_folders("simulated").has_value());
  HistoryFile file(world.world().files, "simulated/history");
  const size_t count = 2 * HistoryFile::kLinesMax + 1;
  for (size_t n = 0; n < count; ++n) file.append(std::to_string(n));
  const std::vector<std::string> lines = file.load();
  EXPECT_EQ(lines.size(), HistoryFile::kLinesMax);
  EXPECT_EQ(lines.back(), std::to_string(count - 1));
  EXPECT_EQ(file.load(), lines);
}

TEST(HistoryFile, WithoutAPlaceKeepsNothing) {
  io::SimulatedWorld world;
  ASSERT_TRUE(world.files().make_folders("simulated").has_value());
  HistoryFile file(world.world().files, "");
  file.append("SELECT 1;");
  EXPECT_TRUE(file.load().empty());
}

}  // namespace
}  // namespace millrace::cli
