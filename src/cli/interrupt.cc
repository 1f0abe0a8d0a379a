#include "cli/interrupt.h"

#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>

#include "cli/exit_code.h"
#include "io/posix_threads.h"

namespace millrace::cli {
namespace {

// Written by the signal handler, read by the watcher; a pipe, because a handler may do little else.
int signal_pipe[2] = {-1, -1};

void on_signal(int) {
  const char byte = 1;
  // A full pipe has woken the watcher already.
  (void)!write(signal_pipe[1], &byte, 1);
}

}  // namespace

struct Interrupt::Watcher {
  std::function<void()> stop;
  std::atomic<bool> happened{false};
  io::PosixThreads threads;
  std::unique_ptr<io::Executor> executor;

  void watch() {
    for (char byte = 0; read(signal_pipe[0], &byte, 1) == 1 && byte == 1;) {
      if (happened.exchange(true)) _exit(static_cast<int>(ExitCode::kInterrupted));
      stop();
    }
  }
};

Interrupt::Interrupt(std::function<void()> stop) : watcher_(std::make_unique<Watcher>()) {
  watcher_->stop = std::move(stop);
  if (pipe(signal_pipe) != 0) return;
  watcher_->executor = watcher_->threads.start({.name = "interrupt"});
  watcher_->executor->post([watcher = watcher_.get()] { watcher->watch(); });
  struct sigaction action = {};
  action.sa_handler = on_signal;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

Interrupt::~Interrupt() {
  signal(SIGINT, SIG_DFL);
  signal(SIGTERM, SIG_DFL);
  const char byte = 0;
  (void)!write(signal_pipe[1], &byte, 1);
  watcher_->executor.reset();
  close(signal_pipe[0]);
  close(signal_pipe[1]);
}

bool Interrupt::happened() const {
  return watcher_->happened;
}

void stop_process(const Error& error) {
  report(error);
  _exit(static_cast<int>(ExitCode::kUnavailable));
}

}  // namespace millrace::cli
