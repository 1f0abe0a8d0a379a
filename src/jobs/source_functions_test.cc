#include "jobs/source_functions.h"

#include <gtest/gtest.h>

#include "expr/build.h"
#include "testing/rows_text.h"

namespace millrace::jobs {
namespace {

TEST(EventTime, ADeletionNeedsNoneAndAnotherRowWithoutIsRejected) {
  const auto schema = testing::schema_of("k INT, ts TIMESTAMP(3)");
  const auto column = expr::make_column(*schema, 1);
  const auto event_time = std::move(*make_event_time(column, column));
  std::vector<engine::Timestamp> times;
  std::vector<engine::Timestamp> watermarks;
  std::vector<engine::Rejection> rejections;
  const auto batch =
      event_time->evaluate(testing::rows_of(schema, "1 | 1000\n-D 2 | NULL\n3 | NULL\n-D 4 | 2000"),
                           times, watermarks, rejections);
  ASSERT_TRUE(batch);
  EXPECT_EQ(batch->size(), 3U);
  EXPECT_EQ(times[0], 1000);
  EXPECT_EQ(times[1], engine::kTimeMin);
  EXPECT_EQ(watermarks[1], engine::kTimeMin);
  EXPECT_EQ(times[3], 2000);
  ASSERT_EQ(rejections.size(), 1U);
  EXPECT_EQ(rejections[0].code, ErrorCode::kNullEventTime);
  EXPECT_EQ(rejections[0].batch_row, 2);
}

}  // namespace
}  // namespace millrace::jobs
