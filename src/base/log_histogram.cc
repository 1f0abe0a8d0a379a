#include "base/log_histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "base/assert.h"

namespace millrace {
namespace {

// Buckets of each power of two; below twice as many every value has its own.
constexpr int kPartBits = 6;
constexpr uint64_t kParts = 1U << kPartBits;

size_t bucket_of(int64_t value) {
  const auto bits = static_cast<uint64_t>(value);
  const int shift = std::max(0, static_cast<int>(std::bit_width(bits)) - kPartBits - 1);
  return static_cast<size_t>(shift) * kParts + (bits >> shift);
}

// The highest value of a bucket.
int64_t top_of(size_t bucket) {
  if (bucket < 2 * kParts) return static_cast<int64_t>(bucket);
  const size_t shift = bucket / kParts - 1;
  const uint64_t part = bucket - shift * kParts;
  return static_cast<int64_t>(((part + 1) << shift) - 1);
}

}  // namespace

void LogHistogram::add_evenly(int64_t least, int64_t most, uint64_t count) {
  if (count == 0) return;
  least = std::clamp<int64_t>(least, 0, kMost);
  most = std::clamp<int64_t>(most, least, kMost);
  const size_t last = bucket_of(most);
  if (counts_.size() <= last) counts_.resize(last + 1);
  const double per_value = static_cast<double>(count) / static_cast<double>(most - least + 1);
  uint64_t placed = 0;
  for (size_t bucket = bucket_of(least); bucket < last; ++bucket) {
    const auto until = static_cast<double>(top_of(bucket) - least + 1);
    const auto due = std::min(count, static_cast<uint64_t>(per_value * until));
    counts_[bucket] += due - placed;
    placed = due;
  }
  counts_[last] += count - placed;
  count_ += count;
  most_ = std::max(most_, most);
}

int64_t LogHistogram::quantile(double share) const {
  if (count_ == 0) return 0;
  const double wanted = std::ceil(std::clamp(share, 0.0, 1.0) * static_cast<double>(count_));
  const uint64_t rank = std::clamp<uint64_t>(static_cast<uint64_t>(wanted), 1, count_);
  uint64_t passed = 0;
  for (size_t bucket = 0; bucket < counts_.size(); ++bucket) {
    passed += counts_[bucket];
    if (passed >= rank) return std::min(top_of(bucket), most_);
  }
  return most_;
}

LogHistogram LogHistogram::since(const LogHistogram& earlier) const {
  MILLRACE_ASSERT(earlier.counts_.size() <= counts_.size() && earlier.count_ <= count_);
  LogHistogram rest = *this;
  rest.count_ -= earlier.count_;
  for (size_t bucket = 0; bucket < earlier.counts_.size(); ++bucket) {
    rest.counts_[bucket] -= earlier.counts_[bucket];
  }
  while (!rest.counts_.empty() && rest.counts_.back() == 0) rest.counts_.pop_back();
  rest.most_ = rest.counts_.empty() ? 0 : std::min(top_of(rest.counts_.size() - 1), most_);
  return rest;
}

}  // namespace millrace
