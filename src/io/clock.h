#pragma once

#include <cstdint>
#include <random>

namespace millrace::io {

// Nanoseconds since an arbitrary start: for durations and deadlines.
struct MonotonicTime {
  int64_t ns = 0;
  friend constexpr auto operator<=>(MonotonicTime, MonotonicTime) = default;
};

constexpr MonotonicTime operator+(MonotonicTime time, int64_t duration_ns) {
  return {time.ns + duration_ns};
}
constexpr int64_t operator-(MonotonicTime later, MonotonicTime earlier) {
  return later.ns - earlier.ns;
}

inline constexpr int64_t kNsPerUs = 1'000;
inline constexpr int64_t kNsPerMs = 1'000'000;
inline constexpr int64_t kNsPerSecond = 1'000'000'000;

// Clock: the time of the wall and of the stopwatch. Threading: synchronised inside.
class Clock {
 public:
  virtual ~Clock() = default;
  // Microseconds since 1970-01-01 00:00:00 UTC; may jump.
  virtual int64_t wall_us() const = 0;
  // Never goes back.
  virtual MonotonicTime now() const = 0;
};

// Random: bits that nobody can guess (POSIX) or that a seed repeats (simulation); a
// UniformRandomBitGenerator. Threading: synchronised inside.
class Random {
 public:
  using result_type = uint64_t;
  virtual ~Random() = default;
  virtual uint64_t next() = 0;
  uint64_t operator()() { return next(); }
  static constexpr uint64_t min() { return 0; }
  static constexpr uint64_t max() { return ~uint64_t{0}; }
};

}  // namespace millrace::io
