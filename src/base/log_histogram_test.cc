#include "base/log_histogram.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

namespace millrace {
namespace {

TEST(LogHistogram, NothingHasNoQuantiles) {
  const LogHistogram empty;
  EXPECT_EQ(empty.count(), 0U);
  EXPECT_EQ(empty.quantile(0.99), 0);
  EXPECT_EQ(empty.most(), 0);
}

TEST(LogHistogram, SmallValuesAreExact) {
  LogHistogram histogram;
  for (int64_t value = 1; value <= 100; ++value) histogram.add(value);
  EXPECT_EQ(histogram.quantile(0), 1);
  EXPECT_EQ(histogram.quantile(0.5), 50);
  EXPECT_EQ(histogram.quantile(0.99), 99);
  EXPECT_EQ(histogram.quantile(1), 100);
}

TEST(LogHistogram, AnyQuantileIsAtMostASixtyFourthAboveTheTruth) {
  std::mt19937_64 random(7);
  std::vector<int64_t> values;
  LogHistogram histogram;
  for (int n = 0; n < 20'000; ++n) {
    const double exponent = std::uniform_real_distribution<double>(0, 41)(random);
    values.push_back(static_cast<int64_t>(std::exp2(exponent)));
    histogram.add(values.back());
  }
  std::ranges::sort(values);
  for (const double share : {0.001, 0.1, 0.5, 0.9, 0.99, 0.999, 1.0}) {
    const auto rank = static_cast<size_t>(std::ceil(share * static_cast<double>(values.size())));
    const int64_t truth = values[rank - 1];
    EXPECT_GE(histogram.quantile(share), truth);
    EXPECT_LE(histogram.quantile(share), truth + truth / 64) << share;
  }
  EXPECT_EQ(histogram.most(), values.back());
}

TEST(LogHistogram, ValuesOutOfRangeCountAtItsEnds) {
  LogHistogram histogram;
  histogram.add(-5);
  histogram.add(INT64_MAX);
  EXPECT_EQ(histogram.count(), 2U);
  EXPECT_EQ(histogram.quantile(0.5), 0);
  EXPECT_EQ(histogram.most(), LogHistogram::kMost);
}

TEST(LogHistogram, EvenlySpreadValuesAreAsIfTheyCameSingly) {
  LogHistogram singly;
  for (int64_t value = 1'000; value < 101'000; ++value) singly.add(value);
  LogHistogram evenly;
  evenly.add_evenly(1'000, 100'999, 100'000);
  ASSERT_EQ(evenly.count(), singly.count());
  for (const double share : {0.001, 0.25, 0.5, 0.9, 0.999, 1.0}) {
    EXPECT_EQ(evenly.quantile(share), singly.quantile(share)) << share;
  }
}

TEST(LogHistogram, FewValuesOverManyBucketsAreAllCounted) {
  LogHistogram histogram;
  histogram.add_evenly(0, 1'000'000, 3);
  EXPECT_EQ(histogram.count(), 3U);
  EXPECT_EQ(histogram.quantile(1), 1'000'000);
  EXPECT_GE(histogram.quantile(0.3), 300'000);
}

TEST(LogHistogram, SinceAnEarlierMomentOnlyWhatCameLaterCounts) {
  LogHistogram histogram;
  histogram.add(70'000'000, 5);
  histogram.add(3, 2);
  const LogHistogram warm = histogram;
  EXPECT_EQ(histogram.since(warm).count(), 0U);
  EXPECT_EQ(histogram.since(warm).most(), 0);
  histogram.add(3);
  histogram.add(2'000, 9);
  const LogHistogram later = histogram.since(warm);
  EXPECT_EQ(later.count(), 10U);
  EXPECT_EQ(later.quantile(0.1), 3);
  EXPECT_GE(later.most(), 2'000);
  EXPECT_LE(later.most(), 2'000 + 2'000 / 64);
  EXPECT_EQ(histogram.since({}).most(), 70'000'000);
}

}  // namespace
}  // namespace millrace
