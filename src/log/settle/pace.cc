#include "log/settle/pace.h"

#include <algorithm>

namespace millrace::log {
namespace {

constexpr uint64_t kPassBytesMax = 64 << 20;
constexpr int64_t kRest = 2;  // as many times as long as the step

}  // namespace

uint64_t Pace::enough_bytes() const {
  return std::min({files_.capacity() / 2, unsettled_bytes_max_ / 2, kPassBytesMax});
}

io::MonotonicTime Pace::next_step(io::MonotonicTime begun, io::MonotonicTime now) const {
  const bool hurried = space_.live_bytes() > enough_bytes();
  return hurried ? now : now + kRest * (now - begun);
}

}  // namespace millrace::log
