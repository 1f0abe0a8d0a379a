#pragma once

#include <signal.h>

#include <initializer_list>
#include <utility>
#include <vector>

namespace millrace::cli {

// SignalPipe: signals of the process as bytes that can be read and polled for, while it lives; then
// they do again what they did before. Of several, the newest gets the signals; none is lost between
// two of them while an older one lives.
//
// Threading: made and destroyed by one thread, the newest first; notify from anywhere.
class SignalPipe {
 public:
  explicit SignalPipe(std::initializer_list<int> signals);
  ~SignalPipe();
  SignalPipe(const SignalPipe&) = delete;
  SignalPipe& operator=(const SignalPipe&) = delete;

  // A number of a signal each; 0: somebody said so with notify.
  int descriptor() const { return descriptor_; }
  // As if this signal had come; nothing where no pipe lives.
  static void notify(int signal);

 private:
  int descriptor_ = -1;
  int outer_ = -1;  // the written end of the one before
  std::vector<std::pair<int, struct sigaction>> before_;
};

}  // namespace millrace::cli
