#include "io/posix_threads.h"

#include <pthread.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <thread>
#include <vector>

#include "base/assert.h"
#include "io/posix_clock.h"

namespace millrace::io {
namespace {

thread_local const Executor* running_executor = nullptr;

class PosixExecutor final : public Executor {
 public:
  explicit PosixExecutor(ThreadOptions options)
      : options_(std::move(options)), thread_([this] { run(); }) {}

  ~PosixExecutor() override {
    MILLRACE_ASSERT(!current());
    {
      const std::lock_guard lock(mutex_);
      stopped_.store(true, std::memory_order_relaxed);
      changed_.notify_one();
    }
    thread_.join();
    // A task that dies here may own what posts again; post drops it.
    const std::vector<Task> dropped = std::exchange(queue_, {});
    const std::vector<Timed> dropped_timed = std::exchange(timed_, {});
  }

  void post(Task task) override {
    const std::lock_guard lock(mutex_);
    if (stopped_.load(std::memory_order_relaxed)) return;
    queue_.push_back(std::move(task));
    if (queue_.size() == 1) changed_.notify_one();
  }

  void post_at(MonotonicTime when, Task task) override {
    const std::lock_guard lock(mutex_);
    if (stopped_.load(std::memory_order_relaxed)) return;
    timed_.push_back({when, next_sequence_++, std::move(task)});
    std::ranges::push_heap(timed_, later);
    if (timed_.front().sequence + 1 == next_sequence_) changed_.notify_one();
  }

  MonotonicTime now() const override { return clock_.now(); }
  bool current() const override { return running_executor == this; }

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
  void prepare_thread() const;
  // Both with mutex_ held.
  void sleep(std::unique_lock<std::mutex>& lock);
  void queue_due();

  const ThreadOptions options_;
  const PosixClock clock_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::atomic<bool> stopped_{false};
  std::vector<Task> queue_;
  std::vector<Timed> timed_;  // a heap, the earliest in front
  uint64_t next_sequence_ = 0;
  std::thread thread_;  // last: it uses all of the above
};

void PosixExecutor::prepare_thread() const {
  pthread_setname_np(pthread_self(), options_.name.substr(0, 15).c_str());
  if (options_.nice == 0) return;
  // On Linux the niceness belongs to the thread. Refused (a negative one without the right): it
  // stays.
  const auto thread = static_cast<id_t>(syscall(SYS_gettid));
  setpriority(PRIO_PROCESS, thread, getpriority(PRIO_PROCESS, thread) + options_.nice);
}

void PosixExecutor::queue_due() {
  if (timed_.empty()) return;
  const MonotonicTime time = now();
  while (!timed_.empty() && timed_.front().when <= time) {
    std::ranges::pop_heap(timed_, later);
    queue_.push_back(std::move(timed_.back().task));
    timed_.pop_back();
  }
}

void PosixExecutor::sleep(std::unique_lock<std::mutex>& lock) {
  if (timed_.empty()) {
    changed_.wait(lock);
  } else {
    const std::chrono::nanoseconds until(timed_.front().when.ns);
    changed_.wait_until(lock, std::chrono::steady_clock::time_point(until));
  }
}

void PosixExecutor::run() {
  prepare_thread();
  running_executor = this;
  std::vector<Task> batch;
  std::unique_lock lock(mutex_);
  while (true) {
    queue_due();
    if (stopped_.load(std::memory_order_relaxed)) return;
    if (queue_.empty()) {
      sleep(lock);
      continue;
    }
    batch.swap(queue_);
    lock.unlock();
    for (Task& task : batch) {
      if (stopped_.load(std::memory_order_relaxed)) break;
      task();
      task = nullptr;
    }
    batch.clear();
    lock.lock();
  }
}

}  // namespace

std::unique_ptr<Executor> PosixThreads::start(ThreadOptions options) {
  return std::make_unique<PosixExecutor>(std::move(options));
}

void PosixThreads::wait(Notification& notification) {
  MILLRACE_ASSERT(running_executor == nullptr);
  notification.block();
}

int PosixThreads::parallelism() const {
  return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

}  // namespace millrace::io
