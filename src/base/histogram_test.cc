#include "base/histogram.h"

#include <gtest/gtest.h>

#include <vector>

namespace millrace {
namespace {

constexpr int64_t kBounds[] = {10, 100};

TEST(Histogram, AValueIsCountedUpToTheBoundThatItDoesNotExceed) {
  Histogram histogram(kBounds);
  for (const int64_t value : {-1, 10, 11, 100, 101, 5000}) histogram.add(value);
  const HistogramCounts counts = histogram.counts();
  EXPECT_EQ(counts.counts, (std::vector<uint64_t>{2, 2, 2}));
  EXPECT_EQ(counts.sum, 5221);
  EXPECT_EQ(counts.bounds.size(), 2U);
}

}  // namespace
}  // namespace millrace
