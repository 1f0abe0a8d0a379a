#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "base/result.h"
#include "io/clock.h"

namespace millrace::io {

using Task = std::move_only_function<void()>;

// What an asynchronous call runs when it is done, on the caller's executor, exactly once.
template <class T>
using Completion = std::move_only_function<void(T)>;

// Says "try again"; may run spuriously, on any thread; cheap.
using Wake = std::move_only_function<void()>;

// Executor: runs tasks one after another, in the order in which they were posted. The only
// primitive of concurrency: in production each has a thread, under simulation one thread and one
// seed run them all.
//
// Threading:  post and post_at from any thread; the tasks of one executor never overlap.
// Order:      posted tasks run first in, first out; timed ones not before their time, the earliest
//             first.
// Failure:    none; a task must not throw. After the executor is stopped, tasks are dropped.
class Executor {
 public:
  virtual ~Executor() = default;
  virtual void post(Task task) = 0;
  virtual void post_at(MonotonicTime when, Task task) = 0;
  virtual MonotonicTime now() const = 0;
  // Whether the caller is a task of this executor.
  virtual bool current() const = 0;
};

// Notification: set once, waited for with Threads::wait. Threading: synchronised inside.
class Notification {
 public:
  void set();
  bool is_set() const;
  // Blocks the calling thread; only Threads calls it.
  void block();

 private:
  std::atomic<bool> set_{false};
  std::mutex mutex_;
  std::condition_variable changed_;
};

struct ThreadOptions {
  std::string name;  // at most 15 characters
  int nice = 0;      // added to the process's own niceness
};

// Threads: the one place where threads are made.
//
// Threading:  start and wait from any thread that is not itself one of the executors'.
// Ownership:  the caller owns the executor; destroying it finishes the task that runs, drops the
//             rest and joins the thread. Threads outlives every executor it started.
class Threads {
 public:
  virtual ~Threads() = default;
  virtual std::unique_ptr<Executor> start(ThreadOptions options) = 0;
  // Returns when `notification` is set. POSIX blocks; simulation runs tasks until it is.
  virtual void wait(Notification& notification) = 0;
  // How many tasks can run at once (cores; 1 under simulation).
  virtual int parallelism() const = 0;
};

}  // namespace millrace::io
