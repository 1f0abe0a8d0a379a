#pragma once

#include <sys/epoll.h>

#include <array>
#include <atomic>
#include <mutex>
#include <thread>
#include <unordered_set>
#include <vector>

#include "io/network/network.h"
#include "io/network/resolver.h"
#include "io/network/socket.h"
#include "io/posix_clock.h"
#include "io/posters.h"
#include "io/timed_tasks.h"

namespace millrace::io {

class PosixLoop;

// What a socket is ready for. All may be spurious.
struct Readiness {
  bool readable = false;
  bool writable = false;
  bool ended = false;  // the peer sends no more, or the connection is broken
};

// SocketOwner: what waits for a socket, or wants to go on later. Confined to its loop.
class SocketOwner {
 public:
  virtual ~SocketOwner() = default;
  // Try.
  virtual void ready(Readiness readiness) = 0;
  // What was asked for with PosixLoop::defer. May destroy the owner.
  virtual void resume() = 0;
  // The loop ends and has forgotten the owner: drop what waits for it. May destroy the owner. On
  // the thread that destroys the loop.
  virtual void abandon() = 0;

 private:
  friend class PosixLoop;
  bool deferred_ = false;
};

// PosixLoop: an executor whose thread waits for sockets while it has no task.
//
// Threading:  as Executor; watch, forget, defer from its own tasks, or once it is over.
// Ownership:  the resolver outlives it.
class PosixLoop final : public Loop {
 public:
  PosixLoop(ThreadOptions options, Resolver& resolver);
  ~PosixLoop() override;

  void post(Task task) override;
  void post_at(MonotonicTime when, Task task) override;
  MonotonicTime now() const override { return clock_.now(); }
  bool current() const override;
  Resolver& resolver() { return resolver_; }

  // `owner` is told whenever the socket becomes ready, once each time (edge-triggered), until it is
  // forgotten.
  void watch(const Socket& socket, SocketOwner& owner);
  // Before the socket is closed, and before the owner dies.
  void forget(const Socket& socket, SocketOwner& owner);
  // Runs owner.resume() once, after the present task or event, unless the owner is forgotten.
  void defer(SocketOwner& owner);

 private:
  static constexpr int kEventsMax = 256;
  void run();
  void wake();
  // Appends what is due to `tasks`; false: the loop is stopped.
  bool take(std::vector<Task>& tasks);
  void run_deferred();
  // Waits for events as long as there is nothing else to do; returns how many came.
  int wait();
  int poll(int64_t timeout_ns);
  void tell_owners(int count);
  bool may_touch() const { return over_ || current(); }
  bool stopped() const { return stopped_.load(std::memory_order_relaxed); }

  const ThreadOptions options_;
  const PosixClock clock_;
  Resolver& resolver_;
  const Socket epoll_;
  const Socket event_;
  std::mutex mutex_;  // over the four below
  std::atomic<bool> stopped_{false};
  std::atomic<bool> sleeping_{false};  // or about to: who posts must wake it
  std::vector<Task> queue_;
  TimedTasks timed_;
  Posters posters_;
  // The loop's own.
  bool over_ = false;  // its thread has ended
  std::unordered_set<SocketOwner*> owners_;
  std::vector<SocketOwner*> deferred_;
  std::vector<SocketOwner*> resuming_;
  std::array<epoll_event, kEventsMax> events_{};
  int event_count_ = 0;  // of events_, while owners are told of them
  std::thread thread_;   // last: it uses all of the above
};

}  // namespace millrace::io
