#include "io/network/posix_loop.h"

#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <climits>
#include <utility>

#include "base/assert.h"

namespace millrace::io {
namespace {

constexpr int kEventsMax = 64;

thread_local const PosixLoop* running_loop = nullptr;

}  // namespace

bool PosixLoop::current() const {
  return running_loop == this;
}

PosixLoop::PosixLoop(ThreadOptions options)
    : options_(std::move(options)),
      epoll_(epoll_create1(EPOLL_CLOEXEC)),
      event_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  MILLRACE_ASSERT(epoll_ && event_);
  epoll_event wanted{.events = EPOLLIN, .data = {.fd = event_.descriptor()}};
  MILLRACE_ASSERT(epoll_ctl(epoll_.descriptor(), EPOLL_CTL_ADD, event_.descriptor(), &wanted) == 0);
  thread_ = std::thread([this] { run(); });
}

PosixLoop::~PosixLoop() {
  MILLRACE_ASSERT(!current());
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    wake();
  }
  thread_.join();
  // A task that dies here may own what posts again; post drops it.
  const std::vector<Task> dropped = std::exchange(queue_, {});
  const std::vector<Timed> dropped_timed = std::exchange(timed_, {});
}

void PosixLoop::wake() {
  const uint64_t one = 1;
  (void)!::write(event_.descriptor(), &one, sizeof one);
}

void PosixLoop::post(Task task) {
  const std::lock_guard lock(mutex_);
  if (stopped_) return;
  queue_.push_back(std::move(task));
  if (std::exchange(sleeping_, false)) wake();
}

void PosixLoop::post_at(MonotonicTime when, Task task) {
  const std::lock_guard lock(mutex_);
  if (stopped_) return;
  timed_.push_back({when, next_sequence_++, std::move(task)});
  std::ranges::push_heap(timed_, later);
  if (std::exchange(sleeping_, false)) wake();
}

void PosixLoop::watch(const Socket& socket, SocketOwner& owner) {
  MILLRACE_ASSERT(current());
  owners_[socket.descriptor()] = &owner;
  epoll_event wanted{.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
                     .data = {.fd = socket.descriptor()}};
  MILLRACE_ASSERT(epoll_ctl(epoll_.descriptor(), EPOLL_CTL_ADD, socket.descriptor(), &wanted) == 0);
}

void PosixLoop::forget(const Socket& socket) {
  owners_.erase(socket.descriptor());
  epoll_ctl(epoll_.descriptor(), EPOLL_CTL_DEL, socket.descriptor(), nullptr);
}

bool PosixLoop::take(std::vector<Task>& tasks, int& timeout_ms) {
  const std::lock_guard lock(mutex_);
  if (stopped_) return false;
  timeout_ms = -1;
  if (!timed_.empty()) {
    const MonotonicTime time = now();
    while (!timed_.empty() && timed_.front().when <= time) {
      std::ranges::pop_heap(timed_, later);
      queue_.push_back(std::move(timed_.back().task));
      timed_.pop_back();
    }
    if (!timed_.empty()) {
      const int64_t left_ms = (timed_.front().when - time + kNsPerMs - 1) / kNsPerMs;
      timeout_ms = static_cast<int>(std::min<int64_t>(left_ms, INT_MAX));
    }
  }
  tasks.swap(queue_);
  if (!tasks.empty()) timeout_ms = 0;
  sleeping_ = tasks.empty();
  return true;
}

void PosixLoop::wait(int timeout_ms) {
  std::array<epoll_event, kEventsMax> events;
  const int count = epoll_wait(epoll_.descriptor(), events.data(), kEventsMax, timeout_ms);
  {
    const std::lock_guard lock(mutex_);
    sleeping_ = false;
  }
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = events[static_cast<size_t>(i)];
    if (event.data.fd == event_.descriptor()) {
      uint64_t posts = 0;
      (void)!::read(event_.descriptor(), &posts, sizeof posts);
      continue;
    }
    // An owner may have gone while the ones before it were told.
    const auto owner = owners_.find(event.data.fd);
    if (owner == owners_.end()) continue;
    const bool broken = (event.events & (EPOLLERR | EPOLLHUP)) != 0;
    owner->second->ready(broken || (event.events & (EPOLLIN | EPOLLRDHUP)) != 0,
                         broken || (event.events & EPOLLOUT) != 0);
  }
}

void PosixLoop::run() {
  pthread_setname_np(pthread_self(), options_.name.substr(0, 15).c_str());
  running_loop = this;
  std::vector<Task> tasks;
  int timeout_ms = 0;
  while (take(tasks, timeout_ms)) {
    for (Task& task : tasks) {
      if (stopped_.load(std::memory_order_relaxed)) break;
      task();
      task = nullptr;
    }
    tasks.clear();
    wait(timeout_ms);
  }
}

}  // namespace millrace::io
