#include "io/network/posix_loop.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <utility>

#include "base/assert.h"
#include "io/posix_threads.h"

namespace millrace::io {
namespace {

// Of answers that lead to new ones at once, before tasks and events have their turn.
constexpr int kRoundsMax = 4;

}  // namespace

PosixLoop::PosixLoop(ThreadOptions options, Resolver& resolver)
    : options_(std::move(options)),
      resolver_(resolver),
      epoll_(epoll_create1(EPOLL_CLOEXEC)),
      event_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  MILLRACE_ASSERT(epoll_ && event_);
  // Edge-triggered, so that it need not be read.
  epoll_event wanted{.events = EPOLLIN | EPOLLET, .data = {.ptr = nullptr}};
  MILLRACE_ASSERT(epoll_ctl(epoll_.descriptor(), EPOLL_CTL_ADD, event_.descriptor(), &wanted) == 0);
  thread_ = std::thread([this] { run(); });
}

PosixLoop::~PosixLoop() {
  MILLRACE_ASSERT(!current());
  {
    const std::lock_guard lock(mutex_);
    stopped_.store(true, std::memory_order_relaxed);
    wake();
  }
  thread_.join();
  posters_.wait_until_gone();
  over_ = true;
  resolver_.forget(*this);
  // What dies with its owner may own other streams, which forget themselves.
  while (!owners_.empty()) {
    SocketOwner& owner = **owners_.begin();
    owners_.erase(owners_.begin());
    owner.deferred_ = false;
    owner.abandon();
  }
  // A task that dies here may own what posts again; post drops it.
  const std::vector<Task> dropped = std::exchange(queue_, {});
  const TimedTasks dropped_timed = std::exchange(timed_, {});
}

bool PosixLoop::current() const {
  return executor_of_thread() == this;
}

void PosixLoop::wake() {
  const uint64_t one = 1;
  MILLRACE_ASSERT(::write(event_.descriptor(), &one, sizeof one) == sizeof one);
}

void PosixLoop::post(Task task) {
  const Posters::Inside inside(posters_);
  {
    const std::lock_guard lock(mutex_);
    if (stopped()) return;
    queue_.push_back(std::move(task));
  }
  if (sleeping_.exchange(false)) wake();
}

void PosixLoop::post_at(MonotonicTime when, Task task) {
  const Posters::Inside inside(posters_);
  {
    const std::lock_guard lock(mutex_);
    if (stopped() || !timed_.push(when, std::move(task))) return;
  }
  if (sleeping_.exchange(false)) wake();
}

void PosixLoop::watch(const Socket& socket, SocketOwner& owner) {
  MILLRACE_ASSERT(current());
  owners_.insert(&owner);
  epoll_event wanted{.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data = {.ptr = &owner}};
  MILLRACE_ASSERT(epoll_ctl(epoll_.descriptor(), EPOLL_CTL_ADD, socket.descriptor(), &wanted) == 0);
}

void PosixLoop::forget(const Socket& socket, SocketOwner& owner) {
  MILLRACE_ASSERT(may_touch());
  if (owners_.erase(&owner) == 0) return;
  epoll_ctl(epoll_.descriptor(), EPOLL_CTL_DEL, socket.descriptor(), nullptr);
  // It may stand among the events that are being told.
  for (int index = 0; index < event_count_; ++index) {
    auto& event = events_[static_cast<size_t>(index)];
    if (event.data.ptr == &owner) event.data.ptr = nullptr;
  }
  if (!std::exchange(owner.deferred_, false)) return;
  for (auto* const list : {&deferred_, &resuming_}) {
    for (SocketOwner*& next : *list) {
      if (next == &owner) next = nullptr;
    }
  }
}

void PosixLoop::defer(SocketOwner& owner) {
  MILLRACE_ASSERT(current());
  if (!std::exchange(owner.deferred_, true)) deferred_.push_back(&owner);
}

bool PosixLoop::take(std::vector<Task>& tasks) {
  const std::lock_guard lock(mutex_);
  if (!timed_.empty()) timed_.take_due(now(), queue_);
  tasks.swap(queue_);
  return !stopped();
}

void PosixLoop::run_deferred() {
  resuming_.swap(deferred_);
  for (size_t index = 0; index < resuming_.size() && !stopped(); ++index) {
    SocketOwner* const owner = std::exchange(resuming_[index], nullptr);
    if (owner == nullptr) continue;
    owner->deferred_ = false;
    owner->resume();
  }
  resuming_.clear();
}

int PosixLoop::poll(int64_t timeout_ns) {
  const timespec timeout{.tv_sec = timeout_ns / kNsPerSecond, .tv_nsec = timeout_ns % kNsPerSecond};
  const int count = epoll_pwait2(epoll_.descriptor(), events_.data(), kEventsMax,
                                 timeout_ns < 0 ? nullptr : &timeout, nullptr);
  if (count >= 0 || errno != ENOSYS) return count;
  // Before Linux 5.11, which waits for whole milliseconds.
  const int64_t timeout_ms = std::min<int64_t>((timeout_ns + kNsPerMs - 1) / kNsPerMs, INT_MAX);
  return epoll_wait(epoll_.descriptor(), events_.data(), kEventsMax,
                    timeout_ns < 0 ? -1 : static_cast<int>(timeout_ms));
}

int PosixLoop::wait() {
  int64_t timeout_ns = 0;
  if (deferred_.empty()) {
    const std::lock_guard lock(mutex_);
    if (queue_.empty() && !stopped()) {
      timeout_ns = timed_.empty() ? -1 : std::max<int64_t>(timed_.earliest() - now(), 0);
      sleeping_.store(timeout_ns != 0);
    }
  }
  const int count = poll(timeout_ns);
  sleeping_.store(false);
  MILLRACE_ASSERT(count >= 0 || errno == EINTR);
  return std::max(count, 0);
}

void PosixLoop::tell_owners(int count) {
  event_count_ = count;
  for (int index = 0; index < count && !stopped(); ++index) {
    const epoll_event& event = events_[static_cast<size_t>(index)];
    if (event.data.ptr == nullptr) continue;
    const bool broken = (event.events & (EPOLLERR | EPOLLHUP)) != 0;
    const bool ended = broken || (event.events & EPOLLRDHUP) != 0;
    static_cast<SocketOwner*>(event.data.ptr)
        ->ready({.readable = ended || (event.events & EPOLLIN) != 0,
                 .writable = broken || (event.events & EPOLLOUT) != 0,
                 .ended = ended});
  }
  event_count_ = 0;
}

void PosixLoop::run() {
  become_thread_of(*this, options_);
  std::vector<Task> tasks;
  while (take(tasks)) {
    for (Task& task : tasks) {
      if (stopped()) break;
      task();
      task = nullptr;
    }
    tasks.clear();
    for (int round = 0; round < kRoundsMax && !deferred_.empty(); ++round) run_deferred();
    tell_owners(wait());
  }
}

}  // namespace millrace::io
