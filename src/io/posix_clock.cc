#include "io/posix_clock.h"

#include <time.h>

namespace millrace::io {
namespace {

int64_t read_ns(clockid_t clock) {
  timespec time{};
  clock_gettime(clock, &time);
  return time.tv_sec * kNsPerSecond + time.tv_nsec;
}

}  // namespace

int64_t PosixClock::wall_us() const {
  return read_ns(CLOCK_REALTIME) / kNsPerUs;
}

MonotonicTime PosixClock::now() const {
  return {read_ns(CLOCK_MONOTONIC)};
}

}  // namespace millrace::io
