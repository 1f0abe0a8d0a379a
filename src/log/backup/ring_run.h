#pragma once

#include <cstdint>

namespace millrace::log {

// Bytes that follow each other in one file of the ring.
struct RingRun {
  uint64_t address = 0;
  uint64_t bytes = 0;
};

}  // namespace millrace::log
