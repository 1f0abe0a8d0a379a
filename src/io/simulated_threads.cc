#include "io/simulated_threads.h"

#include <algorithm>
#include <deque>

#include "base/assert.h"

namespace millrace::io {

class SimulatedExecutor final : public Executor {
 public:
  SimulatedExecutor(SimulatedThreads& threads, uint64_t id) : threads_(threads), id_(id) {}

  ~SimulatedExecutor() override {
    threads_.assert_thread();
    MILLRACE_ASSERT(threads_.running_ != this);
    stopped_ = true;
    std::erase(threads_.executors_, this);
    // A task that dies may own what posts again; post drops it.
    const std::deque<Task> dropped = std::exchange(queue_, {});
    std::vector<Task> dropped_timed;
    for (auto timer = threads_.timers_.begin(); timer != threads_.timers_.end();) {
      if (timer->second.executor != this) {
        ++timer;
        continue;
      }
      dropped_timed.push_back(std::move(timer->second.task));
      timer = threads_.timers_.erase(timer);
    }
  }

  void post(Task task) override {
    threads_.assert_thread();
    if (!stopped_) queue_.push_back(std::move(task));
  }
  void post_at(MonotonicTime when, Task task) override {
    threads_.assert_thread();
    if (!stopped_) threads_.timers_.emplace(when, SimulatedThreads::Timer{this, std::move(task)});
  }
  MonotonicTime now() const override { return threads_.clock_.now(); }
  bool current() const override { return threads_.running_ == this; }

  bool runnable() const { return !queue_.empty(); }
  Task take() {
    Task task = std::move(queue_.front());
    queue_.pop_front();
    return task;
  }
  uint64_t id() const { return id_; }

 private:
  SimulatedThreads& threads_;
  const uint64_t id_;
  std::deque<Task> queue_;
  bool stopped_ = false;
};

SimulatedThreads::SimulatedThreads(SimulatedClock& clock, SimulatedRandom& random, Trace& trace,
                                   SimulatedThreadsOptions options)
    : clock_(clock), random_(random), trace_(trace), options_(options) {}

SimulatedThreads::~SimulatedThreads() {
  MILLRACE_ASSERT(executors_.empty());
}

void SimulatedThreads::assert_thread() const {
  MILLRACE_ASSERT(std::this_thread::get_id() == thread_);
}

std::unique_ptr<Executor> SimulatedThreads::start(ThreadOptions options) {
  assert_thread();
  auto executor = std::make_unique<SimulatedExecutor>(*this, next_id_++);
  trace_.note(options.name, executor->id());
  executors_.push_back(executor.get());
  return executor;
}

void SimulatedThreads::queue_due() {
  while (!timers_.empty() && timers_.begin()->first <= clock_.now()) {
    auto first = timers_.extract(timers_.begin());
    first.mapped().executor->post(std::move(first.mapped().task));
  }
}

bool SimulatedThreads::run_one() {
  assert_thread();
  MILLRACE_ASSERT(running_ == nullptr);
  queue_due();
  const auto count = std::ranges::count_if(executors_, &SimulatedExecutor::runnable);
  if (count == 0) return false;
  auto pick = static_cast<int64_t>(count == 1 ? 0 : random_.below(static_cast<uint64_t>(count)));
  SimulatedExecutor* const chosen = *std::ranges::find_if(
      executors_, [&](const auto* executor) { return executor->runnable() && pick-- == 0; });
  trace_.note("task", chosen->id(), static_cast<uint64_t>(clock_.now().ns));
  running_ = chosen;
  {
    Task task = chosen->take();
    task();
  }
  running_ = nullptr;
  if (options_.task_ns_max > 0) {
    clock_.advance(
        static_cast<int64_t>(random_.below(static_cast<uint64_t>(options_.task_ns_max) + 1)));
  }
  return true;
}

void SimulatedThreads::wait(Notification& notification) {
  const MonotonicTime limit = clock_.now() + options_.wait_ns_max;
  while (!notification.is_set()) {
    if (run_one()) continue;
    if (timers_.empty()) {
      assertion_failed("deadlock: nothing can run and nobody will set the notification", __FILE__,
                       __LINE__);
    }
    clock_.advance_to(timers_.begin()->first);
    if (clock_.now() > limit) {
      assertion_failed("hang: timers run, but the notification is not set", __FILE__, __LINE__);
    }
  }
}

void SimulatedThreads::run_until_idle() {
  while (run_one()) {
  }
}

void SimulatedThreads::run_for(int64_t duration_ns) {
  const MonotonicTime end = clock_.now() + duration_ns;
  while (true) {
    if (clock_.now() <= end && run_one()) continue;
    if (timers_.empty() || timers_.begin()->first > end || clock_.now() > end) break;
    clock_.advance_to(timers_.begin()->first);
  }
  clock_.advance_to(end);
}

}  // namespace millrace::io
