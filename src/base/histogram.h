#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace millrace {

// What a Histogram had counted at a moment. A plain value.
struct HistogramCounts {
  std::span<const int64_t> bounds;
  std::vector<uint64_t> counts;  // by bucket: not above its bound; one more: above all bounds
  int64_t sum = 0;               // of all values
};

// Histogram: how many values lie between fixed bounds, for those who watch a process. What it
// costs is two additions; LogHistogram answers finer questions, of one thread.
//
// Threading:  synchronised inside (relaxed atomics): a value may be counted and not yet summed.
// Ownership:  the bounds, which ascend, outlive it and what it tells: they are constants.
class Histogram {
 public:
  explicit Histogram(std::span<const int64_t> bounds);

  void add(int64_t value);
  HistogramCounts counts() const;

 private:
  const std::span<const int64_t> bounds_;
  const std::unique_ptr<std::atomic<uint64_t>[]> counts_;
  std::atomic<int64_t> sum_{0};
};

// 50 microseconds to 10 seconds, in nanoseconds.
inline constexpr int64_t kDurationBoundsNs[] = {
    50'000,      100'000,       250'000,       500'000,       1'000'000,     2'500'000,
    5'000'000,   10'000'000,    25'000'000,    50'000'000,    100'000'000,   250'000'000,
    500'000'000, 1'000'000'000, 2'500'000'000, 5'000'000'000, 10'000'000'000};
// 4 KiB to 64 MiB.
inline constexpr int64_t kSizeBoundsBytes[] = {4 << 10, 16 << 10, 64 << 10, 256 << 10,
                                               1 << 20, 4 << 20,  16 << 20, 64 << 20};

}  // namespace millrace
