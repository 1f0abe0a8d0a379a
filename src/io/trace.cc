#include "io/trace.h"

#include <array>
#include <bit>
#include <span>

#include "base/hash.h"

namespace millrace::io {

void Trace::note(std::string_view what, uint64_t first, uint64_t second) {
  const std::lock_guard lock(mutex_);
  const std::array<uint64_t, 4> words = {hash_, first, second,
                                         hash64(std::as_bytes(std::span(what)))};
  hash_ = hash64(std::as_bytes(std::span(words)));
}

uint64_t Trace::hash() const {
  const std::lock_guard lock(mutex_);
  return hash_;
}

}  // namespace millrace::io
