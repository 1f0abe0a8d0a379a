#pragma once

#include <cstdint>

#include "io/executor.h"
#include "log/ring/ring_files.h"
#include "log/ring/ring_space.h"

namespace millrace::log {

// Pace: when the ring is emptied, and how fast records are moved. A sync of the ring waits for
// whatever else the disk is writing just then, so files are written in small steps; and what has
// time, as merging has, rests between them, unless much waits in the ring.
//
// Threading:  from anywhere.
class Pace {
 public:
  // Of what one step writes, about.
  static constexpr uint64_t kStepBytes = 256 << 10;

  Pace(const RingFiles& files, const RingSpace& space, uint64_t unsettled_bytes_max)
      : files_(files), space_(space), unsettled_bytes_max_(unsettled_bytes_max) {}

  // With so much in the ring it is time to empty it.
  uint64_t enough_bytes() const;
  // When the next step of what has time begins, after one from `begun` until `now`.
  io::MonotonicTime next_step(io::MonotonicTime begun, io::MonotonicTime now) const;

 private:
  const RingFiles& files_;
  const RingSpace& space_;
  const uint64_t unsettled_bytes_max_;
};

}  // namespace millrace::log
