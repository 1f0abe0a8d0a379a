#include "cli/interrupt.h"

#include <unistd.h>

#include <atomic>
#include <cstdlib>

#include "cli/exit_code.h"
#include "cli/signal_pipe.h"
#include "io/posix_threads.h"

namespace millrace::cli {
namespace {

// One press may come twice: from the terminal, and from a program around this one.
constexpr int64_t kOnePressNs = 500 * io::kNsPerMs;

}  // namespace

struct Interrupt::Watcher {
  io::Clock& clock;
  std::function<void()> stop;
  std::function<void()> abandon;
  std::atomic<bool> happened{false};
  std::atomic<bool> ends_all{false};
  SignalPipe signals{SIGINT, SIGTERM, SIGHUP};
  io::PosixThreads threads;
  std::unique_ptr<io::Executor> executor;

  void watch() {
    io::MonotonicTime first;
    for (char signal = 0; read(signals.descriptor(), &signal, 1) == 1 && signal != 0;) {
      if (signal == SIGPIPE) {
        stop();
        continue;
      }
      if (signal != SIGINT) ends_all = true;
      if (!happened.exchange(true)) {
        first = clock.now();
        stop();
      } else if (clock.now() - first >= kOnePressNs) {
        if (abandon) abandon();
        _exit(static_cast<int>(ExitCode::kInterrupted));
      }
    }
  }
};

Interrupt::Interrupt(io::Clock& clock, std::function<void()> stop, std::function<void()> abandon)
    : watcher_(std::make_unique<Watcher>(clock, std::move(stop), std::move(abandon))) {
  watcher_->executor = watcher_->threads.start({.name = "interrupt"});
  watcher_->executor->post([watcher = watcher_.get()] { watcher->watch(); });
}

Interrupt::~Interrupt() {
  finish();
}

void Interrupt::finish() {
  if (watcher_->executor == nullptr) return;
  SignalPipe::notify(0);
  watcher_->executor.reset();
}

bool Interrupt::happened() const {
  return watcher_->happened;
}

bool Interrupt::ends_all() const {
  return watcher_->ends_all;
}

void stop_process(const Error& error) {
  report(error);
  _exit(static_cast<int>(ExitCode::kUnavailable));
}

}  // namespace millrace::cli
