#include "engine/in/split_time.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

namespace millrace::engine {
namespace {

Timestamp floor_to(Timestamp time, Timestamp unit) {
  return (time >= 0 ? time / unit : (time - unit + 1) / unit) * unit;
}

// What downstream can see of a watermark when a row of `time` comes: window ends above the row's
// time.
Timestamp seen(Timestamp watermark, Timestamp time, Timestamp unit) {
  return watermark == kTimeMin ? time : std::max(floor_to(watermark, unit), time);
}

struct Rows {
  std::vector<Timestamp> times;
  std::vector<Timestamp> watermarks;
};

Rows random_rows(std::mt19937_64& random, size_t count) {
  Rows rows;
  Timestamp now = -500;
  for (size_t n = 0; n < count; ++n) {
    now += static_cast<Timestamp>(random() % 7);
    const auto jitter = static_cast<Timestamp>(random() % 40);
    rows.times.push_back(now - jitter);
    rows.watermarks.push_back(now - jitter - static_cast<Timestamp>(random() % 20));
  }
  return rows;
}

// What each row meets if rows come in batches of `batch` rows, as SourceHead lets them go.
std::vector<Timestamp> watermarks_met(const Rows& rows, size_t batch, Timestamp unit,
                                      Timestamp others) {
  SplitTime time(unit);
  Timestamp own = kTimeMin;
  std::vector<Timestamp> met;
  for (size_t from = 0; from < rows.times.size(); from += batch) {
    const auto count = static_cast<uint32_t>(std::min(batch, rows.times.size() - from));
    const SplitTime::Rows part{std::span(rows.times).subspan(from, count),
                               std::span(rows.watermarks).subspan(from, count), nullptr, count};
    for (uint32_t at = 0; at < count;) {
      const uint32_t cut = time.cut(part, at, own, others);
      EXPECT_TRUE(cut > at || time.matters(std::min(own, others)));
      met.insert(met.end(), cut - at, time.emitted());
      at = cut;
      if (time.matters(std::min(own, others))) time.emit(std::min(own, others));
    }
  }
  return met;
}

TEST(SplitTime, EveryRowMeetsTheWatermarkThatItWouldMeetAlone) {
  std::mt19937_64 random(7);
  for (int round = 0; round < 300; ++round) {
    const Rows rows = random_rows(random, 400);
    const Timestamp unit = std::vector<Timestamp>{1, 2, 10, 60, 100'000}[random() % 5];
    const Timestamp others = random() % 3 == 0 ? static_cast<Timestamp>(random() % 900) : kTimeMax;
    const std::vector<Timestamp> alone = watermarks_met(rows, 1, unit, others);
    Timestamp highest = kTimeMin;
    for (size_t n = 0; n < alone.size(); ++n) {
      const Timestamp exact = std::min(highest, others);
      ASSERT_EQ(seen(alone[n], rows.times[n], unit), seen(exact, rows.times[n], unit)) << n;
      highest = std::max(highest, rows.watermarks[n]);
    }
    for (const size_t batch : {size_t{2}, size_t{7}, size_t{64}, size_t{400}}) {
      const std::vector<Timestamp> met = watermarks_met(rows, batch, unit, others);
      ASSERT_EQ(met.size(), alone.size());
      for (size_t n = 0; n < met.size(); ++n) {
        ASSERT_EQ(seen(met[n], rows.times[n], unit), seen(alone[n], rows.times[n], unit)) << n;
      }
    }
  }
}

TEST(SplitTime, RowsInOrderAreNeverCut) {
  std::vector<Timestamp> times;
  for (Timestamp time = 0; time < 4096; ++time) times.push_back(time);
  SplitTime time(1);
  Timestamp own = kTimeMin;
  const SplitTime::Rows rows{times, times, nullptr, 4096};
  EXPECT_EQ(time.cut(rows, 0, own, kTimeMax), 4096U);
  EXPECT_EQ(own, 4095);
}

TEST(SplitTime, OnlyRowsThatCountAreLookedAt) {
  const std::vector<Timestamp> times = {10, 99, 5, 20};
  const std::vector<uint16_t> selection = {0, 2, 3};
  SplitTime time(1);
  Timestamp own = kTimeMin;
  const SplitTime::Rows rows{times, times, selection.data(), 3};
  EXPECT_EQ(time.cut(rows, 0, own, kTimeMax), 1U);
  EXPECT_EQ(own, 10);
  time.emit(own);
  EXPECT_EQ(time.cut(rows, 1, own, kTimeMax), 3U);
  EXPECT_EQ(own, 20);
}

TEST(SplitTime, TimesAtBothEndsOfTheAxisDoNotOverflow) {
  const std::vector<Timestamp> times = {kTimeMin + 1, kTimeMax - 1, 0};
  SplitTime time(1'000'000);
  Timestamp own = kTimeMin;
  const SplitTime::Rows rows{times, times, nullptr, 3};
  EXPECT_EQ(time.cut(rows, 0, own, kTimeMax), 2U);
  EXPECT_TRUE(time.matters(own));
}

}  // namespace
}  // namespace millrace::engine
