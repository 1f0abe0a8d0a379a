#pragma once

#include <array>
#include <mutex>

#include "io/clock.h"

namespace millrace::io {

// PosixRandom: the kernel's generator, fetched a block at a time. Threading: synchronised inside.
class PosixRandom final : public Random {
 public:
  uint64_t next() override;

 private:
  std::mutex mutex_;
  std::array<uint64_t, 32> block_{};
  size_t used_ = 32;
};

}  // namespace millrace::io
