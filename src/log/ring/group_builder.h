#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/buffer.h"
#include "log/ring/entry.h"
#include "log/ring/ring_space.h"
#include "log/ring/submission.h"

namespace millrace::log {

// GroupBuilder: lays entries out as one group: headers with their chain of CRCs, bodies by
// reference.
//
// Threading:  confined to the log's writer.
// Order:      begin, add*, finish; the bodies live until the group is written.
class GroupBuilder {
 public:
  explicit GroupBuilder(uint64_t group_bytes_max);

  void begin(RingSpace::Place place, RingPoint before, commit::Lsn durable, uint32_t generation);
  bool empty() const { return next_lsn_ == first_lsn_; }
  uint64_t bytes() const { return bytes_; }
  bool fits(const EntryHeader& header) const {
    return bytes_ + header.entry_bytes() <= place_.bytes_max;
  }
  // Fills what the header says of its place. Returns the body's address.
  uint64_t add(EntryHeader header, std::span<const std::span<const std::byte>> body);
  // REQUIRES: not empty.
  GroupRecord finish();
  RingPoint end() const { return end_; }
  std::span<const std::span<const std::byte>> pieces() const { return pieces_; }
  uint64_t address() const { return place_.address; }
  commit::Lsn next_lsn() const { return next_lsn_; }

 private:
  void close_header(bool last);

  Buffer headers_;  // room for all headers of a group
  size_t headers_bytes_ = 0;
  std::vector<std::span<const std::byte>> pieces_;
  RingSpace::Place place_;
  RingPoint before_;
  RingPoint end_;
  commit::Lsn durable_;
  uint32_t generation_ = 0;
  commit::Lsn first_lsn_;
  commit::Lsn next_lsn_;
  uint64_t bytes_ = 0;
  EntryHeader open_;  // the last entry's header, not yet encoded
  std::byte* open_at_ = nullptr;
  uint32_t previous_crc_ = 0;
};

}  // namespace millrace::log
