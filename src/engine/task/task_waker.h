#pragma once

#include <atomic>
#include <functional>
#include <memory>

#include "io/executor.h"

namespace millrace::engine {

class Task;

// TaskWaker: how anybody reaches a task: it outlives the task, and what it is told for one that is
// gone is dropped. Of many wake-ups before a turn one counts.
//
// Threading:  wake, wake_at, post, make_wake from any thread; attach and detach on the worker.
// Ownership:  shared; the worker outlives it.
class TaskWaker : public std::enable_shared_from_this<TaskWaker> {
 public:
  explicit TaskWaker(io::Executor& worker) : worker_(worker) {}
  TaskWaker(const TaskWaker&) = delete;
  TaskWaker& operator=(const TaskWaker&) = delete;

  // Gives the task a turn. What the caller wrote before is seen by that turn.
  void wake() {
    if (!notified_.exchange(true, std::memory_order_acq_rel)) post_turn();
  }
  void wake_at(io::MonotonicTime when);
  // Runs `message` with the task on its worker, then gives it a turn.
  void post(std::move_only_function<void(Task&)> message);
  io::Wake make_wake();

  void attach(Task* task) { task_ = task; }
  void detach() { task_ = nullptr; }
  io::Executor& worker() { return worker_; }

 private:
  void post_turn();

  io::Executor& worker_;
  std::atomic<bool> notified_{false};  // a turn is posted that has not begun
  Task* task_ = nullptr;               // of the worker's thread only
};

}  // namespace millrace::engine
