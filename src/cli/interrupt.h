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
// Threading: as SignalPipe.
class Interrupt {
 public:
  Interrupt(io::Clock& clock, std::function<void()> stop, std::function<void()> abandon = {});
  ~Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;
  // Listens no longer: what happened is final, and later signals are for the SignalPipe before.
  void finish();
  // Whether a signal came.
  bool happened() const;
  // Whether it was one that ends the process, not what it does.
  bool ends_all() const;

 private:
  struct Watcher;
  std::unique_ptr<Watcher> watcher_;
};

// Ends the process with exit code 6 after a failed sync of the log: it goes on from what is durable
// when it is started again.
void stop_process(const Error& error);

}  // namespace millrace::cli
