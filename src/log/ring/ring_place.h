#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "commit/ids.h"

namespace millrace::log {

// Where one fragment's body stands in the ring.
struct RingPiece {
  uint64_t address = 0;
  uint32_t bytes = 0;
  uint32_t crc = 0;
};

// RingRef: where an entry's body stands, as long as the ring has not been reused from `first_lsn`
// on. A plain value.
struct RingRef {
  commit::Lsn first_lsn;  // of its first fragment
  RingPiece piece;
  std::shared_ptr<const std::vector<RingPiece>> more;  // further fragments; null for one

  uint64_t bytes() const {
    uint64_t sum = piece.bytes;
    if (more != nullptr) {
      for (const RingPiece& next : *more) sum += next.bytes;
    }
    return sum;
  }
};

// A point between two entries, and what the next one must say to be the next one.
struct RingPoint {
  uint64_t address = 0;  // the end of the entry before
  uint32_t lap = 0;      // of the entry before
  uint32_t previous_header_crc = 0;
  commit::Lsn next_lsn{1};
};

}  // namespace millrace::log
