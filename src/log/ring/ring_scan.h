#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/buffer.h"
#include "base/result.h"
#include "log/ring/entry.h"
#include "log/ring/ring_files.h"

namespace millrace::log {

// One entry of the chain, as recovery finds it.
struct ScannedEntry {
  EntryHeader header;
  RingPoint before;      // the point that this entry follows
  uint64_t address = 0;  // of its header
  uint64_t body_address = 0;
  bool body_good = false;
  Buffer body;                       // empty for stages
  std::span<const std::byte> whole;  // header, body and padding; until the next call
};

// A group that is somewhere behind the end of the chain.
struct LaterGroup {
  uint64_t address = 0;
  EntryHeader header;  // of its first entry

  // From here on a scan gives its entries.
  RingPoint point() const { return {address, header.lap, header.previous_header_crc, header.lsn}; }
};

// RingScan: follows the chain of headers from a point on, and at its end looks for what was once
// known to be durable.
//
// Threading:  confined to one thread; nobody writes meanwhile.
// Failure:    only what the files say; a broken chain is an end, not an Error.
class RingScan {
 public:
  // Headers of a lower `generation` do not count.
  RingScan(const RingFiles& files, RingPoint from, uint32_t generation = 0)
      : files_(files), point_(from), generation_(generation) {}

  // nullopt: no entry follows.
  Result<std::optional<ScannedEntry>> next();
  // Behind the last entry that next() gave.
  const RingPoint& point() const { return point_; }
  uint32_t generation() const { return generation_; }
  // What stands in the ring and may follow the chain: the first entry of each such group, by LSN.
  // Reads the ring.
  Result<std::vector<LaterGroup>> later();
  // The highest durable LSN in any of them; 0: none. Reads the ring.
  Result<commit::Lsn> witnessed();

 private:
  struct Candidate {
    uint64_t address;
    uint32_t lap;
  };
  Result<std::optional<ScannedEntry>> try_at(Candidate candidate);
  // At least `bytes` bytes from `address` on, or fewer at the end of the file.
  Result<std::span<const std::byte>> window(uint64_t address, uint64_t bytes);

  const RingFiles& files_;
  RingPoint point_;
  uint32_t generation_;
  bool group_ended_ = true;
  Buffer window_;
  uint64_t window_at_ = 0;
  uint64_t window_bytes_ = 0;
};

}  // namespace millrace::log
