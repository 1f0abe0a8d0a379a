#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace millrace {

// LogHistogram: how often values occurred, in buckets that grow with the value: what it answers is
// at most 1/64 above the truth. Values below 0 count as 0, those above kMost as kMost.
//
// Threading:  a value; confined to one thread at a time.
class LogHistogram {
 public:
  // In microseconds 50 days.
  static constexpr int64_t kMost = (int64_t{1} << 42) - 1;

  void add(int64_t value, uint64_t count = 1) { add_evenly(value, value, count); }
  // `count` values that lie evenly from `least` to `most`.
  void add_evenly(int64_t least, int64_t most, uint64_t count);

  uint64_t count() const { return count_; }
  // The least value that `share` (0 to 1) of all values do not exceed; 0: there are none.
  int64_t quantile(double share) const;
  int64_t most() const { return most_; }

  // What has come since this histogram was `earlier`.
  LogHistogram since(const LogHistogram& earlier) const;

 private:
  std::vector<uint64_t> counts_;  // by bucket, as far as values have come
  uint64_t count_ = 0;
  int64_t most_ = 0;
};

}  // namespace millrace
