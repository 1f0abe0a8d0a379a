#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <span>

#include "io/fault_plan.h"
#include "io/simulated_random.h"

namespace millrace::io {

// SimulatedContent: the bytes of one simulated file, what the medium holds and what was written
// since. Pages of zeroes take no memory, so a sparse file may be of any size.
//
// Threading: confined to its file system's lock.
class SimulatedContent {
 public:
  uint64_t bytes() const { return bytes_; }
  size_t read(uint64_t offset, std::span<std::byte> to) const;
  void write(uint64_t offset, std::span<const std::byte> from);
  void truncate(uint64_t bytes);
  void sync();
  // The pages stay readable, but no later sync writes them unless they are written anew.
  void fail_sync();
  // Forgets pages that a failed sync has left clean in the cache.
  void drop_cache();
  void crash(CrashMode mode, SimulatedRandom& random);
  // REQUIRES: offset < bytes(), bit < 8.
  void flip_bit(uint64_t offset, int bit);
  // From now on writes only grow the file; what they wrote reads as zeroes.
  void discard_writes() { discards_ = true; }
  // Memory that the pages take.
  uint64_t held_bytes() const { return (synced_.size() + unsynced_.size()) * kPageBytes; }

 private:
  static constexpr size_t kPageBytes = 4096;
  using Page = std::array<std::byte, kPageBytes>;
  struct Unsynced {
    std::unique_ptr<Page> page;  // null: zeroes
    bool lost = false;           // by a failed sync
  };
  const Page* visible(uint64_t index) const;
  const Page* on_medium(uint64_t index) const;
  void write_page(uint64_t index, size_t at, std::span<const std::byte> from);
  void tear(SimulatedRandom& random);
  void cut_medium(uint64_t bytes);

  std::map<uint64_t, std::unique_ptr<Page>> synced_;
  std::map<uint64_t, Unsynced> unsynced_;
  uint64_t bytes_ = 0;
  uint64_t synced_bytes_ = 0;
  // An unsynced truncation hides the medium's pages from this one on.
  uint64_t hidden_from_page_ = std::numeric_limits<uint64_t>::max();
  bool discards_ = false;
};

}  // namespace millrace::io
