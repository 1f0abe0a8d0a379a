#pragma once

#include <cstdint>
#include <mutex>
#include <utility>
#include <vector>

#include "io/executor.h"

namespace millrace::connectors {

// Backlog: bytes that are committed and not yet taken by the forwarder: what makes sinks wait for a
// slow target.
//
// Threading:  synchronised inside; shared by the sinks and the forwarder.
class Backlog {
 public:
  explicit Backlog(int64_t bytes_max) : bytes_max_(bytes_max) {}

  void add(int64_t bytes) {
    const std::lock_guard lock(mutex_);
    bytes_ += bytes;
  }
  // May run ahead of `add`: what is committed is seen before sinks are told so.
  void take(int64_t bytes) {
    std::vector<io::Wake> waiting;
    {
      const std::lock_guard lock(mutex_);
      bytes_ -= bytes;
      if (bytes_ <= bytes_max_) waiting.swap(waiting_);
    }
    for (io::Wake& wake : waiting) wake();
  }
  // Whether a sink has to wait; `wake` then runs when it no longer has to.
  bool full(const std::function<io::Wake()>& make_wake) {
    const std::lock_guard lock(mutex_);
    if (bytes_ <= bytes_max_) return false;
    waiting_.push_back(make_wake());
    return true;
  }

 private:
  const int64_t bytes_max_;
  std::mutex mutex_;
  int64_t bytes_ = 0;              // guarded by mutex_
  std::vector<io::Wake> waiting_;  // guarded by mutex_
};

}  // namespace millrace::connectors
