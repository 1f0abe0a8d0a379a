#pragma once

#include <functional>
#include <memory>

#include "base/error.h"
#include "io/clock.h"

namespace millrace::cli {

// Interrupt: SIGINT, SIGTERM and SIGHUP while it lives. The first calls `stop` (on a thread of its
// own), which finishes the epoch; another one, half a second later or more, calls `abandon` and
// ends the process at once. A failure of stdout calls `stop` as well.
//
// Threading: one at a time in a process.
class Interrupt {
 public:
  Interrupt(io::Clock& clock, std::function<void()> stop, std::function<void()> abandon = {});
  ~Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;
  // Whether a signal came.
  bool happened() const;

 private:
  struct Watcher;
  std::unique_ptr<Watcher> watcher_;
};

// Ends the process with exit code 6 after a failed sync of the log: it goes on from what is durable
// when it is started again.
void stop_process(const Error& error);

}  // namespace millrace::cli
