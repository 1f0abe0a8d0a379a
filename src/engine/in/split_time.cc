#include "engine/in/split_time.h"

#include <algorithm>

namespace millrace::engine {

Timestamp SplitTime::floor(Timestamp time) const {
  if (granularity_us_ <= 1 || time == kTimeMin || time == kTimeMax) return time;
  const Timestamp above = time % granularity_us_;
  const Timestamp rest = above < 0 ? above + granularity_us_ : above;
  return time < kTimeMin + rest ? kTimeMin : time - rest;
}

uint32_t SplitTime::cut(const Rows& rows, uint32_t from, Timestamp& own, Timestamp others) const {
  const auto row = [&](uint32_t n) { return rows.selection != nullptr ? rows.selection[n] : n; };
  Timestamp highest = own;
  for (uint32_t n = from; n < rows.count; ++n) {
    highest = std::max(highest, rows.watermarks[row(n)]);
  }
  const Timestamp emitted = floor(emitted_);
  // Nothing that happens here is seen downstream.
  if (floor(std::min(highest, others)) <= emitted) {
    own = highest;
    return rows.count;
  }
  Timestamp passed = floor(std::min(own, others));
  if (passed <= emitted) passed = kTimeMin;
  for (uint32_t n = from; n < rows.count; ++n) {
    if (rows.times[row(n)] < passed) return n;
    const Timestamp candidate = rows.watermarks[row(n)];
    if (candidate <= own) continue;
    own = candidate;
    const Timestamp now_passed = floor(std::min(own, others));
    if (now_passed > emitted) passed = now_passed;
  }
  return rows.count;
}

}  // namespace millrace::engine
