#pragma once

#include <atomic>

#include "io/clock.h"

namespace millrace::io {

// SimulatedClock: stands still until somebody moves it: the simulated threads, a slow file, a test.
// Threading: synchronised inside.
class SimulatedClock final : public Clock {
 public:
  explicit SimulatedClock(int64_t wall_us) : wall_offset_us_(wall_us) {}

  int64_t wall_us() const override { return wall_offset_us_ + now_ns_ / kNsPerUs; }
  MonotonicTime now() const override { return {now_ns_}; }

  // Moves both clocks. REQUIRES: duration_ns >= 0.
  void advance(int64_t duration_ns);
  // Moves both clocks to `time`, if it lies ahead.
  void advance_to(MonotonicTime time);
  // Makes the wall's clock jump, also back; the stopwatch does not notice.
  void jump_wall(int64_t us) { wall_offset_us_ += us; }

 private:
  std::atomic<int64_t> now_ns_{0};
  std::atomic<int64_t> wall_offset_us_;
};

}  // namespace millrace::io
