#include "cli/signal_pipe.h"

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>

namespace millrace::cli {
namespace {

// Where the handler writes; -1: no pipe lives.
std::atomic<int> written_end{-1};

void on_signal(int signal) {
  const int before = errno;
  SignalPipe::notify(signal);
  errno = before;
}

}  // namespace

SignalPipe::SignalPipe(std::initializer_list<int> signals) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return;
  fcntl(ends[1], F_SETFL, O_NONBLOCK);
  descriptor_ = ends[0];
  outer_ = written_end.exchange(ends[1]);
  struct sigaction action = {};
  action.sa_handler = on_signal;
  for (const int signal : signals) {
    before_.push_back({signal, {}});
    sigaction(signal, &action, &before_.back().second);
  }
}

SignalPipe::~SignalPipe() {
  if (descriptor_ < 0) return;
  for (const auto& [signal, action] : before_) sigaction(signal, &action, nullptr);
  close(written_end.exchange(outer_));
  // What nobody has read is for the one before.
  for (char signal = 0; read(descriptor_, &signal, 1) == 1;) {
    if (signal != 0) notify(signal);
  }
  close(descriptor_);
}

void SignalPipe::notify(int signal) {
  const int end = written_end;
  const char byte = static_cast<char>(signal);
  // A full pipe has woken its reader already.
  if (end >= 0) (void)!write(end, &byte, 1);
}

}  // namespace millrace::cli
