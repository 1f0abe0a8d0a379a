#include "base/histogram.h"

#include <algorithm>

namespace millrace {

Histogram::Histogram(std::span<const int64_t> bounds)
    : bounds_(bounds), counts_(std::make_unique<std::atomic<uint64_t>[]>(bounds.size() + 1)) {}

void Histogram::add(int64_t value) {
  const auto bucket =
      static_cast<size_t>(std::ranges::lower_bound(bounds_, value) - bounds_.begin());
  counts_[bucket].fetch_add(1, std::memory_order_relaxed);
  sum_.fetch_add(value, std::memory_order_relaxed);
}

HistogramCounts Histogram::counts() const {
  HistogramCounts counts{.bounds = bounds_, .counts = {}, .sum = 0};
  for (size_t bucket = 0; bucket <= bounds_.size(); ++bucket) {
    counts.counts.push_back(counts_[bucket].load(std::memory_order_relaxed));
  }
  counts.sum = sum_.load(std::memory_order_relaxed);
  return counts;
}

}  // namespace millrace
