#pragma once

#include "io/clock.h"

namespace millrace::io {

// PosixClock: CLOCK_REALTIME and CLOCK_MONOTONIC. Threading: synchronised inside (no state).
class PosixClock final : public Clock {
 public:
  int64_t wall_us() const override;
  MonotonicTime now() const override;
};

}  // namespace millrace::io
