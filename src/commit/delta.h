#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/buffer.h"
#include "base/result.h"
#include "commit/ids.h"

namespace millrace::commit {

// State delta: PUT and DEL entries with absolute values, sorted by (key group, state id, key
// bytes), with a CRC per key group; the same format for deltas, snapshots and recovered state.
// docs/formats/delta.md.

struct DeltaEntry {
  KeyGroup group;
  StateId state;
  std::string_view key;
  std::string_view value;  // empty for a DEL
  bool deleted = false;
};

// (group, state, key): the order of entries; unsigned bytes, the shorter key first.
std::strong_ordering compare_keys(const DeltaEntry& left, const DeltaEntry& right);

// DeltaBuilder: writes one delta.
//
// Threading:  confined to one task.
// Order:      put and remove in strictly ascending order of entries (asserted), then finish; then
//             it is empty and may be used again.
class DeltaBuilder {
 public:
  void put(KeyGroup group, StateId state, std::string_view key, std::string_view value);
  void remove(KeyGroup group, StateId state, std::string_view key);
  void add(const DeltaEntry& entry);

  bool empty() const { return entries_ == 0; }
  uint32_t entries() const { return entries_; }
  // About what finish() would return; cut slices by it.
  size_t bytes() const;
  Buffer finish();

 private:
  struct Group {
    KeyGroup group;
    uint32_t entries = 0;
    size_t offset = 0;  // of its first byte in body_
  };
  void begin_entry(KeyGroup group, StateId state, std::string_view key);
  void append_key(std::string_view key);

  std::string body_;
  std::vector<Group> groups_;
  size_t run_count_at_ = 0;  // where the current run's entry count stands in body_
  StateId run_state_;
  size_t last_key_at_ = 0;  // in body_
  size_t last_key_bytes_ = 0;
  uint32_t entries_ = 0;
};

// DeltaReader: a delta, checked as it is read. Views point into the buffer.
//
// Threading:  confined to one task; the buffer may be shared.
// Failure:    kCorruptState: not a delta, cut short, or a key group does not match its CRC.
class DeltaReader {
 public:
  struct Group {
    KeyGroup group;
    uint32_t entries = 0;
    uint32_t offset = 0;  // in the whole delta
    uint32_t bytes = 0;
    uint32_t crc = 0;
  };

  // Checks header and directory; a key group is checked when it is opened.
  static Result<DeltaReader> open(Buffer delta);

  std::span<const Group> groups() const { return groups_; }
  uint32_t entries() const { return entries_; }

  // Cursor: the entries of one key group, in order.
  class Cursor {
   public:
    // False at the end.
    Result<bool> next(DeltaEntry& entry);

   private:
    friend class DeltaReader;
    KeyGroup group_;
    StateId state_;
    std::span<const std::byte> rest_;
    uint32_t left_in_run_ = 0;
    uint32_t left_ = 0;
  };
  Result<Cursor> open_group(const Group& group) const;

  // All entries of the key groups in `range`, in order.
  Result<void> for_each(KeyGroupRange range,
                        const std::function<Result<void>(const DeltaEntry&)>& visit) const;

 private:
  Buffer delta_;
  std::vector<Group> groups_;
  uint32_t entries_ = 0;
};

// Deltas of about `slice_bytes`, ascending, that hold for every key of `oldest_first` its newest
// entry. DEL entries are kept.
Result<std::vector<Buffer>> merge_deltas(std::span<const Buffer> oldest_first, size_t slice_bytes);

}  // namespace millrace::commit
