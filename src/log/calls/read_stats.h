#pragma once

#include <cstdint>

namespace millrace::log {

// Batches that readers were given. A plain value.
struct GivenBatches {
  uint64_t batches = 0;
  uint64_t bytes = 0;

  void add(uint64_t batch_bytes) {
    ++batches;
    bytes += batch_bytes;
  }
};

// What readers of partitions were given since the start, by where it came from. A plain value.
struct ReadStats {
  GivenBatches from_ring;
  GivenBatches from_files;
  GivenBatches from_ahead;  // of files, and in memory when the read came
  // Reads of one partition that came to its files: all of it was in memory; or one waited for them.
  uint64_t ahead_hits = 0;
  uint64_t ahead_misses = 0;
  uint64_t ahead_held_bytes = 0;  // now in memory
  uint64_t file_bytes_read = 0;   // of files, ahead or while a read waited
};

}  // namespace millrace::log
