#pragma once

#include <functional>
#include <memory>

#include "base/error.h"

namespace millrace::cli {

// Interrupt: SIGINT and SIGTERM while it lives. The first calls `stop` (on a thread of its own),
// which finishes the epoch; the second ends the process at once.
//
// Threading: one at a time in a process.
class Interrupt {
 public:
  explicit Interrupt(std::function<void()> stop);
  ~Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;
  bool happened() const;

 private:
  struct Watcher;
  std::unique_ptr<Watcher> watcher_;
};

// Ends the process with exit code 6 after a failed sync of the log: it goes on from what is durable
// when it is started again.
void stop_process(const Error& error);

}  // namespace millrace::cli
