#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "io/executor.h"
#include "io/network/socket.h"
#include "io/posix_clock.h"

namespace millrace::io {

// What waits for a socket. Confined to its loop.
class SocketOwner {
 public:
  virtual ~SocketOwner() = default;
  // It may be possible now to read, or to write; try.
  virtual void ready(bool readable, bool writable) = 0;
};

// PosixLoop: an executor whose thread waits for sockets while it has no task.
//
// Threading:  as Executor; watch and forget from its own tasks.
class PosixLoop final : public Executor {
 public:
  explicit PosixLoop(ThreadOptions options);
  ~PosixLoop() override;

  void post(Task task) override;
  void post_at(MonotonicTime when, Task task) override;
  MonotonicTime now() const override { return clock_.now(); }
  bool current() const override;

  // `owner` is told whenever the socket becomes ready, once each time (edge-triggered), until it is
  // forgotten.
  void watch(const Socket& socket, SocketOwner& owner);
  void forget(const Socket& socket);

 private:
  struct Timed {
    MonotonicTime when;
    uint64_t sequence;
    Task task;
  };
  static bool later(const Timed& a, const Timed& b) {
    return a.when != b.when ? a.when > b.when : a.sequence > b.sequence;
  }
  void run();
  // Takes what is to be run now; false: the loop was stopped. `timeout_ms`: how long it may sleep.
  bool take(std::vector<Task>& tasks, int& timeout_ms);
  void wait(int timeout_ms);
  void wake();

  const ThreadOptions options_;
  const PosixClock clock_;
  const Socket epoll_;
  const Socket event_;
  std::mutex mutex_;
  std::atomic<bool> stopped_{false};
  bool sleeping_ = false;  // or about to: a post must wake it
  std::vector<Task> queue_;
  std::vector<Timed> timed_;  // a heap, the earliest in front
  uint64_t next_sequence_ = 0;
  std::unordered_map<int, SocketOwner*> owners_;  // the loop's own
  std::thread thread_;                            // last: it uses all of the above
};

}  // namespace millrace::io
