#pragma once

#include "io/executor.h"

namespace millrace::io {

// PosixThreads: each executor is a thread that sleeps on a condition variable while it has nothing
// to do. Threading: synchronised inside (no state).
class PosixThreads final : public Threads {
 public:
  std::unique_ptr<Executor> start(ThreadOptions options) override;
  void wait(Notification& notification) override;
  int parallelism() const override;
};

// Makes the calling thread the one of `executor`: its name, its niceness.
void become_thread_of(const Executor& executor, const ThreadOptions& options);
// Whose thread the calling one is; null: of no executor.
const Executor* executor_of_thread();

}  // namespace millrace::io
