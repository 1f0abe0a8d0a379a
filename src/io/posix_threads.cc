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
#include "io/posters.h"
#include "io/timed_tasks.h"

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
    posters_.wait_until_gone();
    // A task that dies here may own what posts again; post drops it.
    const std::vector<Task> dropped = std::exchange(queue_, {});
    const TimedTasks dropped_timed = std::exchange(timed_, {});
  }

  void post(Task task) override {
    const Posters::Inside inside(posters_);
    {
      const std::lock_guard lock(mutex_);
      if (stopped_.load(std::memory_order_relaxed)) return;
      queue_.push_back(std::move(task));
      if (!std::exchange(sleeping_, false)) return;
    }
    changed_.notify_one();
  }

  void post_at(MonotonicTime when, Task task) override {
    const Posters::Inside inside(posters_);
    {
      const std::lock_guard lock(mutex_);
      if (stopped_.load(std::memory_order_relaxed)) return;
      if (!timed_.push(when, std::move(task))) return;
      if (!std::exchange(sleeping_, false)) return;
    }
    changed_.notify_one();
  }

  MonotonicTime now() const override { return clock_.now(); }
  bool current() const override { return running_executor == this; }

 private:
  void run();
  void sleep(std::unique_lock<std::mutex>& lock);

  const ThreadOptions options_;
  const PosixClock clock_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::atomic<bool> stopped_{false};
  std::vector<Task> queue_;
  TimedTasks timed_;
  bool sleeping_ = false;  // and not yet woken
  Posters posters_;
  std::thread thread_;  // last: it uses all of the above
};

void PosixExecutor::sleep(std::unique_lock<std::mutex>& lock) {
  sleeping_ = true;
  if (timed_.empty()) {
    changed_.wait(lock);
  } else {
    const std::chrono::nanoseconds until(timed_.earliest().ns);
    changed_.wait_until(lock, std::chrono::steady_clock::time_point(until));
  }
  sleeping_ = false;
}

void PosixExecutor::run() {
  become_thread_of(*this, options_);
  std::vector<Task> batch;
  std::unique_lock lock(mutex_);
  while (true) {
    if (!timed_.empty()) timed_.take_due(now(), queue_);
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

void become_thread_of(const Executor& executor, const ThreadOptions& options) {
  running_executor = &executor;
  pthread_setname_np(pthread_self(), options.name.substr(0, 15).c_str());
  if (options.nice == 0) return;
  // On Linux the niceness belongs to the thread. Refused (a negative one without the right): it
  // stays.
  const auto thread = static_cast<id_t>(syscall(SYS_gettid));
  setpriority(PRIO_PROCESS, thread, getpriority(PRIO_PROCESS, thread) + options.nice);
}

const Executor* executor_of_thread() {
  return running_executor;
}

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
