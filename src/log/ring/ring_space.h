#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <optional>

#include "commit/ids.h"
#include "log/ring/ring_files.h"
#include "log/ring/ring_place.h"

namespace millrace::log {

// A group in the ring.
struct GroupRecord {
  commit::Lsn first;
  commit::Lsn last;
  uint64_t address = 0;
  uint64_t bytes = 0;  // whole blocks
  RingPoint before;
};

// RingSpace: which part of the ring is in use, and where the next group goes.
//
// Threading:  confined to the log's writer, but for oldest_lsn and live_bytes.
class RingSpace {
 public:
  RingSpace(const RingFiles& files, RingPoint end, std::deque<GroupRecord> live);

  struct Place {
    uint64_t address = 0;
    uint32_t lap = 0;
    uint64_t bytes_max = 0;  // what is free from there on, at most g
  };
  // Where a group of `bytes` goes (whole blocks, at most g); with less free than that, the largest
  // place there is. nullopt: no block is free.
  std::optional<Place> place(uint64_t bytes) const;
  uint64_t free_bytes() const;
  // From anywhere.
  uint64_t live_bytes() const { return live_bytes_.load(std::memory_order_relaxed); }
  // Of the groups from the one that holds `lsn` on.
  uint64_t bytes_from(commit::Lsn lsn) const;
  // From `address` to the next obstacle, at most g.
  uint64_t free_from(uint64_t address) const;

  void add(const GroupRecord& group, RingPoint end);
  // What lies before the group that holds `first_kept` is free.
  void release(commit::Lsn first_kept);
  // The point before the group that holds `lsn`, or the end.
  RingPoint point_before(commit::Lsn lsn) const;
  const RingPoint& end() const { return end_; }

  // Entries with a lower LSN may be overwritten at any moment.
  commit::Lsn oldest_lsn() const { return oldest_lsn_.load(std::memory_order_acquire); }

 private:
  void note_oldest();

  const RingFiles& files_;
  RingPoint end_;
  std::deque<GroupRecord> live_;
  std::atomic<uint64_t> live_bytes_{0};
  std::atomic<commit::Lsn> oldest_lsn_{commit::Lsn()};
};

}  // namespace millrace::log
