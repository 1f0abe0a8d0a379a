#include "io/simulated_clock.h"

#include "base/assert.h"

namespace millrace::io {

void SimulatedClock::advance(int64_t duration_ns) {
  MILLRACE_ASSERT(duration_ns >= 0);
  now_ns_ += duration_ns;
}

void SimulatedClock::advance_to(MonotonicTime time) {
  if (time > now()) now_ns_ = time.ns;
}

}  // namespace millrace::io
