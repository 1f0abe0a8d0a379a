#pragma once

#include <cstddef>
#include <cstdint>

#include "base/memory_account.h"
#include "base/zeroed_pages.h"

namespace millrace::state {

// Number of an entry in a table.
using Slot = uint32_t;
inline constexpr Slot kNoSlot = UINT32_MAX;

// SlotIndex: 64-bit hash -> candidate slots: an open-addressing hash index of 8 bytes a bucket
// (slot and 32 bits of the hash), linear probing. It knows no keys: the caller compares them.
//
// Growing is incremental: the old buckets stay readable and a few of them move at every insertion,
// so that no single call costs more than a bounded amount. The bits that choose the bucket are not
// those that choose the shard (the hash's top 12).
//
// Threading:  confined to one task.
class SlotIndex {
 public:
  explicit SlotIndex(MemoryAccount* memory);
  ~SlotIndex();
  SlotIndex(const SlotIndex&) = delete;
  SlotIndex& operator=(const SlotIndex&) = delete;

  // The slot for which `matches(slot)` among those stored under `hash`, or kNoSlot.
  template <class Matches>
  Slot find(uint64_t hash, Matches&& matches) const {
    const Slot found = find_in(current_, hash, matches);
    if (found != kNoSlot || previous_.count == 0) return found;
    return find_in(previous_, hash, matches);
  }
  // Asks the memory for the bucket of `hash` ahead of its use.
  void prefetch(uint64_t hash) const {
    __builtin_prefetch(&current_.buckets[static_cast<uint32_t>(hash) & (current_.count - 1)]);
  }
  void insert(uint64_t hash, Slot slot);
  // REQUIRES: (hash, slot) is stored.
  void erase(uint64_t hash, Slot slot);

 private:
  // `slot_plus_one` 0 is an empty bucket, so that fresh zero pages are an empty table: a large one
  // costs nothing until it is touched.
  struct Bucket {
    uint32_t slot_plus_one;
    uint32_t tag;  // the hash's low 32 bits: where it belongs, and a quick comparison
  };
  static constexpr uint32_t kTombstone = UINT32_MAX;
  struct Buckets {
    ZeroedPages pages;
    Bucket* buckets = nullptr;  // in `pages`
    size_t count = 0;           // a power of two, or 0
    size_t used = 0;            // live ones and tombstones
    size_t live = 0;
  };

  template <class Matches>
  static Slot find_in(const Buckets& in, uint64_t hash, Matches& matches) {
    const auto tag = static_cast<uint32_t>(hash);
    const size_t mask = in.count - 1;
    for (size_t at = tag & mask;; at = (at + 1) & mask) {
      const Bucket& bucket = in.buckets[at];
      if (bucket.slot_plus_one == 0) return kNoSlot;
      if (bucket.tag == tag && bucket.slot_plus_one != kTombstone &&
          matches(Slot{bucket.slot_plus_one - 1})) {
        return bucket.slot_plus_one - 1;
      }
    }
  }
  static bool erase_in(Buckets& in, uint32_t tag, Slot slot);
  static void put(Buckets& in, uint32_t tag, uint32_t slot_plus_one);
  Buckets make(size_t count);
  void release(Buckets& buckets);
  void grow();
  void migrate(size_t steps);

  MemoryAccount* const memory_;
  Buckets current_;
  Buckets previous_;       // being emptied into current_; count 0 when no growth is under way
  size_t migrate_at_ = 0;  // buckets of previous_ below this have moved
};

}  // namespace millrace::state
