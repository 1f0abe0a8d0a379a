#include "cli/progress_line.h"

#include <fmt/core.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cli/output.h"
#include "cli/rows/text_width.h"

namespace millrace::cli {
namespace {

constexpr std::string_view kClearLine = "\r\x1b[K";
constexpr int64_t kFirstNs = 500 * io::kNsPerMs;
constexpr int64_t kEveryNs = 200 * io::kNsPerMs;

}  // namespace

ProgressLine::ProgressLine(io::Clock& clock, bool wanted)
    : clock_(clock), wanted_(wanted && is_screen(STDERR_FILENO)), next_(clock.now() + kFirstNs) {}

bool ProgressLine::due() {
  if (!wanted_) return false;
  const io::MonotonicTime now = clock_.now();
  if (now < next_) return false;
  next_ = now + kEveryNs;
  return true;
}

void ProgressLine::show(const std::string& text) {
  // What is longer than the terminal is wide could not be written over.
  winsize size = {};
  const bool known = ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  write_err(
      fmt::format("{}{}", kClearLine, known ? cut_to_width(text, size.ws_col - size_t{1}) : text));
  shown_ = true;
}

void ProgressLine::clear() {
  if (!shown_) return;
  write_err(kClearLine);
  shown_ = false;
}

}  // namespace millrace::cli
