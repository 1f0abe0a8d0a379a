#pragma once

#include <cstdint>

namespace millrace::log {

// What compaction did since the start.
struct CompactionStats {
  uint64_t passes = 0;
  uint64_t passes_failed = 0;
  uint64_t bytes_read = 0;
  uint64_t bytes_written = 0;
};

}  // namespace millrace::log
