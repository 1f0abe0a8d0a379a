#include "io/disk_space.h"

#include <gtest/gtest.h>

namespace millrace::io {
namespace {

TEST(DiskSpace, IsThatOfTheDiskThatHoldsTheFolder) {
  const auto space = disk_space("/");
  ASSERT_TRUE(space.has_value()) << space.error().to_string();
  EXPECT_GT(space->bytes, 0U);
  EXPECT_LE(space->free_bytes, space->bytes);
}

TEST(DiskSpace, OfAFolderThatIsNotThereIsAnError) {
  const auto space = disk_space("/no/such/folder");
  ASSERT_FALSE(space.has_value());
  EXPECT_EQ(space.error().code(), ErrorCode::kFileNotFound);
}

}  // namespace
}  // namespace millrace::io
