#pragma once

#include <cstdint>
#include <vector>

#include "io/executor.h"

namespace millrace::io {

// TimedTasks: tasks that wait for their time.
//
// Threading:  confined to whoever holds the lock of its executor.
class TimedTasks {
 public:
  bool empty() const { return heap_.empty(); }
  // REQUIRES: not empty.
  MonotonicTime earliest() const { return heap_.front().when; }
  // Whether it is now the first to be due.
  bool push(MonotonicTime when, Task task);
  // Appends those that are due at `time`: by time, and the equal ones in the order of their push.
  void take_due(MonotonicTime time, std::vector<Task>& queue);

 private:
  struct Timed {
    MonotonicTime when;
    uint64_t sequence;
    Task task;
  };
  static bool later(const Timed& a, const Timed& b) {
    return a.when != b.when ? a.when > b.when : a.sequence > b.sequence;
  }

  std::vector<Timed> heap_;  // the earliest in front
  uint64_t next_sequence_ = 0;
};

}  // namespace millrace::io
