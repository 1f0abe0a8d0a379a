#include "engine/epochs/event_time_spans.h"

#include <gtest/gtest.h>

namespace millrace::engine {
namespace {

TEST(EventTimeSpans, LatencyRunsFromEachRowsTimeToTheCommit) {
  EventTimeSpans spans;
  spans.add({1'000'000, 1'099'999, 100'000});
  LogHistogram latency;
  spans.tell(1'150'000, latency);
  EXPECT_EQ(latency.count(), 100'000U);
  EXPECT_NEAR(static_cast<double>(latency.quantile(0.5)), 100'000, 1'600);
  EXPECT_EQ(latency.most(), 150'000);
}

TEST(EventTimeSpans, WhatLiesWithinAMillisecondIsOneSpan) {
  EventTimeSpans spans;
  for (int64_t n = 0; n < 10'000; ++n) spans.add({n, n, 1});
  EXPECT_LE(spans.spans().size(), 10U);
  LogHistogram latency;
  spans.tell(10'000, latency);
  EXPECT_EQ(latency.count(), 10'000U);
}

TEST(EventTimeSpans, ScatteredTimesStayBounded) {
  EventTimeSpans spans;
  for (int64_t n = 0; n < 50'000; ++n) spans.add({n % 7 * 1'000'000, n % 7 * 1'000'000, 2});
  EXPECT_EQ(spans.spans().size(), EventTimeSpans::kSpansMax);
  LogHistogram latency;
  spans.tell(6'000'000, latency);
  EXPECT_EQ(latency.count(), 100'000U);
  EXPECT_EQ(latency.most(), 6'000'000);
}

TEST(EventTimeSpans, TimesBeyondAllClocksAreCountedAtTheEnds) {
  EventTimeSpans spans;
  spans.add({kTimeMin, kTimeMin, 1});
  spans.add({kTimeMax, kTimeMax, 1});
  spans.add({});
  LogHistogram latency;
  spans.tell(0, latency);
  EXPECT_EQ(latency.count(), 2U);
  EXPECT_EQ(latency.quantile(0.5), 0);
  EXPECT_EQ(latency.most(), LogHistogram::kMost);
}

}  // namespace
}  // namespace millrace::engine
