#include "io/posix_random.h"

#include <sys/random.h>

#include <span>

#include "base/assert.h"

namespace millrace::io {

uint64_t PosixRandom::next() {
  const std::lock_guard lock(mutex_);
  if (used_ == block_.size()) {
    // Up to 256 bytes come whole and uninterrupted once the kernel's pool is ready; the first call
    // at boot may be interrupted by a signal.
    ssize_t got = -1;
    while (got < 0) got = getrandom(block_.data(), sizeof(block_), 0);
    MILLRACE_ASSERT(got == sizeof(block_));
    used_ = 0;
  }
  return block_[used_++];
}

}  // namespace millrace::io
