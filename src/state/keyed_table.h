#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "base/memory_account.h"
#include "commit/ids.h"
#include "state/slot_index.h"

namespace millrace::state {

// What identifies a table within its task and how its entries look.
struct TableOptions {
  commit::StateId id;
  // Fixed part of every value, in bytes, aligned to 16; zeroed in a new entry.
  uint32_t value_bytes = 0;
  // Behind the fixed part, for the owner's links and caches: zeroed when made or restored, never
  // staged.
  uint32_t transient_bytes = 0;
  // Whether entries may carry a variable tail besides.
  bool has_tail = false;
  // Not durable: rebuilt by its owner from other tables; never staged.
  bool derived = false;
};

// KeyedTable: key bytes -> a value of fixed size and, if wanted, a tail of any size. Built for
// batches: one call resolves the keys of a whole batch to slots; after that a value is a pointer
// away.
//
// A slot is an entry's stable number: it stays the same until the entry is erased, whatever else
// comes or goes, and is then reused. Values do not move. Entries keep their 64-bit hash
// (docs/formats/keys.md).
//
// Threading:  confined to one task.
// Ownership:  key, value and tail bytes are copied in. Pointers and views into an entry are valid
//             until it is erased; a tail's until it is replaced.
// Order:      whoever changes a value says `touch`; the table's owner (StateStore) stages what was
//             touched or erased since the last barrier, then calls clear_dirty.
// Failure:    none; memory is charged to the account.
class KeyedTable {
 public:
  KeyedTable(TableOptions options, MemoryAccount* memory);
  ~KeyedTable();
  KeyedTable(const KeyedTable&) = delete;
  KeyedTable& operator=(const KeyedTable&) = delete;

  const TableOptions& options() const { return options_; }
  size_t size() const { return size_; }

  // slots[i] = the entry of keys[i], made (zeroed and touched) if there was none. REQUIRES: equal
  // sizes; hashes[i] is the frozen hash of keys[i].
  void find_or_insert(std::span<const uint64_t> hashes, std::span<const std::string_view> keys,
                      std::span<Slot> slots);
  // The same without making any: kNoSlot where there is none.
  void find(std::span<const uint64_t> hashes, std::span<const std::string_view> keys,
            std::span<Slot> slots) const;
  // Asks the memory for what finding `hash` needs first, ahead of its use.
  void prefetch(uint64_t hash) const { index_.prefetch(hash); }
  // For one key; `inserted` tells whether the entry is new.
  Slot find_or_insert(uint64_t hash, std::string_view key, bool& inserted);
  Slot find(uint64_t hash, std::string_view key) const;

  std::byte* value(Slot slot) { return entry(slot) + kHeaderBytes; }
  const std::byte* value(Slot slot) const { return entry(slot) + kHeaderBytes; }
  template <class T>
  T& value_as(Slot slot) {
    return *reinterpret_cast<T*>(value(slot));
  }
  // The transient part of the value.
  template <class T>
  T& transient_as(Slot slot) {
    return *reinterpret_cast<T*>(value(slot) + transient_offset_);
  }
  std::string_view key(Slot slot) const;
  uint64_t hash(Slot slot) const { return header(slot).hash; }
  std::string_view tail(Slot slot) const;
  void set_tail(Slot slot, std::string_view bytes);

  void touch(Slot slot) {
    Header& head = header(slot);
    if ((head.flags & kDirty) == 0) [[unlikely]]
      mark_dirty(slot);
  }
  void erase(Slot slot);

  // Visits every live slot from `from` on, until `visit` returns false; returns where to go on, or
  // kNoSlot at the end. Entries made meanwhile may or may not be seen.
  template <class Visit>
  Slot scan(Slot from, Visit&& visit) const {
    for (Slot slot = from; slot < next_unused_; ++slot) {
      if ((header(slot).flags & (kLive | kErased)) != kLive) continue;
      if (!visit(slot)) return slot + 1;
    }
    return kNoSlot;
  }

  // Changed since clear_dirty: entries with `erased` are to be staged as deletions (none if they
  // were never staged). The views are valid until the next call that changes the table.
  struct Change {
    Slot slot;
    bool erased;
  };
  std::vector<Change> changes() const;
  size_t dirty() const { return dirty_.size(); }
  // What was touched counts as staged; slots of erased entries become free.
  void clear_dirty();
  // Restores one entry as staged earlier: not dirty.
  void restore(uint64_t hash, std::string_view key, std::string_view value_and_tail);
  // Fixed value followed by the tail: how an entry is staged.
  void append_staged_value(Slot slot, std::string& to) const;

 private:
  enum Flag : uint32_t { kLive = 1, kDirty = 2, kErased = 4, kStaged = 8 };
  struct Header {
    uint64_t hash;
    uint32_t key_bytes;
    uint32_t flags;
    union {
      char inline_key[16];  // up to 16 bytes
      char* heap_key;
    };
  };
  static constexpr size_t kHeaderBytes = sizeof(Header);
  static constexpr uint32_t kInlineKeyBytes = 16;
  static constexpr uint32_t kChunkShift = 12;

  struct Tail {
    char* bytes;
    uint64_t length;
  };

  std::byte* entry(Slot slot) {
    return chunks_[slot >> kChunkShift].get() + (slot & ((1U << kChunkShift) - 1)) * stride_;
  }
  const std::byte* entry(Slot slot) const { return const_cast<KeyedTable*>(this)->entry(slot); }
  Header& header(Slot slot) { return *reinterpret_cast<Header*>(entry(slot)); }
  const Header& header(Slot slot) const { return *reinterpret_cast<const Header*>(entry(slot)); }
  Tail& tail_of(Slot slot);
  bool key_equals(Slot slot, uint64_t hash, std::string_view key) const;
  Slot make_entry(uint64_t hash, std::string_view key);
  void mark_dirty(Slot slot);
  void free_entry(Slot slot);

  const TableOptions options_;
  MemoryAccount* const memory_;
  const size_t transient_offset_;
  const size_t tail_offset_;
  const size_t stride_;
  SlotIndex index_;
  std::vector<std::unique_ptr<std::byte[]>> chunks_;
  std::vector<Slot> free_;
  std::vector<Slot> dirty_;
  Slot next_unused_ = 0;
  size_t size_ = 0;
};

}  // namespace millrace::state
