#pragma once

#include <cstddef>
#include <deque>
#include <mutex>

#include "io/executor.h"

namespace millrace::broker {

// Traffic: what all connections hold together: requests without an answer, large ones of which a
// part has come, and answers that the peers have not taken. Who finds no room waits for his turn:
// first come, first served, so nobody starves.
//
// Threading:  synchronised inside.
// Ownership:  executors that wait outlive close().
class Traffic {
 public:
  explicit Traffic(size_t bytes_max) : bytes_max_(bytes_max) {}
  Traffic(const Traffic&) = delete;
  Traffic& operator=(const Traffic&) = delete;

  // False: there is no room, or somebody came before. More than there can ever be fits into half.
  bool try_take(size_t bytes);
  // Even if there is no room: what was begun is finished.
  void take(size_t bytes);
  void give_back(size_t bytes);
  // `granted` is posted once the bytes have been taken for it; who needs them no more gives them
  // back there.
  void wait(size_t bytes, io::Executor& executor, io::Task granted);
  // Nobody who waits is told any more.
  void close();

  size_t bytes() const;
  size_t bytes_max() const { return bytes_max_; }
  size_t waiting() const;

 private:
  struct Waiter {
    size_t bytes;
    io::Executor* executor;
    io::Task granted;
  };
  bool fits(size_t bytes) const;
  // REQUIRES: mutex_ is held.
  void grant();

  const size_t bytes_max_;
  mutable std::mutex mutex_;
  size_t bytes_ = 0;
  bool closed_ = false;
  std::deque<Waiter> waiters_;
};

}  // namespace millrace::broker
