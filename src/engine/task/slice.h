#pragma once

#include <cstdint>

#include "io/clock.h"

namespace millrace::engine {

// Slice: a task's turn on its worker: over after so much time or so many batches, whichever comes
// first (under simulation time stands still within a turn).
//
// Threading:  confined to one task.
class Slice {
 public:
  Slice(const io::Clock& clock, int64_t slice_ns, uint32_t batches_max)
      : clock_(clock), slice_ns_(slice_ns), batches_max_(batches_max) {}

  void begin() {
    now_ = clock_.now();
    end_ = now_ + slice_ns_;
    batches_ = 0;
    over_ = false;
  }
  // Another batch has been dealt with.
  void spend() {
    now_ = clock_.now();
    if (++batches_ >= batches_max_ || now_ >= end_) over_ = true;
  }
  bool over() const { return over_; }
  // As of the last batch.
  io::MonotonicTime now() const { return now_; }

 private:
  const io::Clock& clock_;
  const int64_t slice_ns_;
  const uint32_t batches_max_;
  io::MonotonicTime now_;
  io::MonotonicTime end_;
  uint32_t batches_ = 0;
  bool over_ = false;
};

}  // namespace millrace::engine
