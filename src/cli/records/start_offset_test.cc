#include "cli/records/start_offset.h"

#include <gtest/gtest.h>

namespace millrace::cli {
namespace {

int64_t begins(std::string_view text, int64_t start, int64_t end) {
  return parse_start_offset(text).value().in(start, end);
}

TEST(StartOffset, StaysInsideOfThePartition) {
  EXPECT_EQ(begins("start", 5, 9), 5);
  EXPECT_EQ(begins("end", 5, 9), 9);
  EXPECT_EQ(begins("7", 5, 9), 7);
  EXPECT_EQ(begins("2", 5, 9), 5);
  EXPECT_EQ(begins("99", 5, 9), 9);
  EXPECT_EQ(begins("-1", 5, 9), 8);
  EXPECT_EQ(begins("-99", 5, 9), 5);
  EXPECT_EQ(begins("-9223372036854775808", 5, 9), 9);
}

TEST(StartOffset, TakesTimesInMillisecondsAndAsText) {
  for (const char* text : {"@1709251199460", "@2024-02-29 23:59:59.460", "@2024-02-29T23:59:59.46Z",
                           "@2024-03-01T00:59:59.46+01:00"}) {
    const auto offset = parse_start_offset(text);
    ASSERT_TRUE(offset.has_value()) << text;
    EXPECT_EQ(offset->kind, StartOffset::Kind::kTime);
    EXPECT_EQ(offset->number, 1709251199460) << text;
  }
}

TEST(StartOffset, RefusesEverythingElse) {
  for (const char* text : {"", "-", "@", "1x", "@soon", "yesterday", "+1", "1e3"}) {
    EXPECT_EQ(parse_start_offset(text).error().code(), ErrorCode::kInvalidOption) << text;
  }
}

}  // namespace
}  // namespace millrace::cli
