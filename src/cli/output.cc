#include "cli/output.h"

#include <signal.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "cli/signal_pipe.h"

namespace millrace::cli {
namespace {

// errno of the first failure of stdout, which there is one of, too.
std::atomic<int> failure{0};

void note_failure(int number) {
  int none = 0;
  if (failure.compare_exchange_strong(none, number)) SignalPipe::notify(SIGPIPE);
}

}  // namespace

void write_out(std::string_view text) {
  if (failure != 0 || text.empty()) return;
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size()) note_failure(errno);
}

void flush_out() {
  if (failure == 0 && std::fflush(stdout) != 0) note_failure(errno);
}

void write_err(std::string_view text) {
  flush_out();
  std::fwrite(text.data(), 1, text.size(), stderr);
}

bool out_failed() {
  return failure != 0;
}

bool is_screen(int descriptor) {
  const char* kind = std::getenv("TERM");
  return isatty(descriptor) != 0 && kind != nullptr && std::string_view(kind) != "dumb";
}

size_t screen_columns() {
  winsize size = {};
  if (isatty(STDOUT_FILENO) == 0 || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0) return 0;
  return size.ws_col;
}

ExitCode conclude(const Result<void>& result) {
  if (result) return ExitCode::kOk;
  const bool stopped = result.error().code() == ErrorCode::kCancelled;
  return stopped && out_failed() ? exit_code(result.error()) : report(result.error());
}

ExitCode finish_output(ExitCode code) {
  flush_out();
  if (failure == 0) return code;
  if (failure == EPIPE) return ExitCode::kReaderGone;
  const bool full = failure == ENOSPC || failure == EDQUOT;
  return report(Error(full ? ErrorCode::kDiskFull : ErrorCode::kIoFailed,
                      std::string("cannot write the output: ") + std::strerror(failure))
                    .at("stdout"));
}

}  // namespace millrace::cli
