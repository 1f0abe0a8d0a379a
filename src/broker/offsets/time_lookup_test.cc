#include "broker/offsets/time_lookup.h"

#include <gtest/gtest.h>

#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include "log/log_driver.h"

namespace millrace::broker {
namespace {

class TimeLookups : public ::testing::Test {
 protected:
  TimeLookups() : partition_(driver_.make_partition("t")) {}

  // One batch of one record for each.
  void append(const std::vector<int64_t>& timestamps) {
    for (const int64_t timestamp : timestamps) {
      ASSERT_TRUE(driver_.append(partition_, log::batch_of({"x"}, timestamp)).has_value());
    }
  }
  // {offset, timestamp}
  std::pair<int64_t, int64_t> newest() {
    const auto found = io::await<std::optional<TimedOffset>>(driver_.threads(), [&](auto done) {
      find_newest_record(driver_.log().reader(), partition_, commit::Isolation::kReadUncommitted,
                         driver_.executor(), std::move(done));
    });
    EXPECT_TRUE(found.has_value()) << found.error().to_string();
    const TimedOffset offset = found->value_or(TimedOffset());
    return {offset.offset, offset.timestamp_ms};
  }

  io::SimulatedWorld world_{{.seed = 5}};
  log::LogDriver driver_{world_.world()};
  const commit::PartitionId partition_;
};

using Place = std::pair<int64_t, int64_t>;

TEST_F(TimeLookups, the_newest_record_of_none_is_none) {
  EXPECT_EQ(newest(), Place(-1, -1));
}

TEST_F(TimeLookups, the_newest_record_need_not_be_the_last) {
  append({1'700'000'000'000, 1'700'000'000'900, 1'700'000'000'100});
  EXPECT_EQ(newest(), Place(1, 1'700'000'000'900));
  append({1'700'000'000'901});
  EXPECT_EQ(newest(), Place(3, 1'700'000'000'901));
}

TEST_F(TimeLookups, the_first_of_equally_new_records_is_the_newest) {
  append({0, 7, 7, 3});
  EXPECT_EQ(newest(), Place(1, 7));
}

TEST_F(TimeLookups, timestamps_may_be_as_far_apart_as_they_can) {
  append({0, std::numeric_limits<int64_t>::max() - 1, 5});
  EXPECT_EQ(newest(), Place(1, std::numeric_limits<int64_t>::max() - 1));
  append({std::numeric_limits<int64_t>::max()});
  EXPECT_EQ(newest(), Place(3, std::numeric_limits<int64_t>::max()));
}

}  // namespace
}  // namespace millrace::broker
