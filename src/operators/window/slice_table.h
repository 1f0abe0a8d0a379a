#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "data/key_encoding.h"
#include "data/row_codec.h"
#include "engine/operator.h"
#include "operators/aggregate/aggregate_set.h"
#include "state/keyed_table.h"

namespace millrace::operators {

// SliceTable: an entry per slice and key, and the entries of each slice. An entry's key is the
// slice's start (as a BIGINT in a key) and the group's key; its head keeps the hash of the latter.
//
// Threading:  confined to one task.
// Ownership:  slots are valid until their slice is dropped.
class SliceTable {
 public:
  // `keys`: columns of `input`.
  SliceTable(const data::Schema& input, const std::vector<uint32_t>& keys);
  // The operator's first table; `touched_bytes` behind each entry are the owner's.
  Result<void> open(engine::OpenContext& context, uint32_t entry_bytes, uint32_t touched_bytes);

  state::KeyedTable& table() { return *table_; }
  const state::KeyedTable& table() const { return *table_; }

  // The entries of the rows of `batch` that count, made where there was none. `starts`: the slice
  // of each physical row.
  std::span<const state::Slot> resolve(const data::Batch& batch, std::span<const int64_t> starts);
  // The entry of the same key as `like` in the slice that begins at `start`, or kNoSlot.
  state::Slot find(int64_t start, state::Slot like) const;

  // Slices that have entries, in order of time.
  const std::map<int64_t, std::vector<state::Slot>>& slices() const { return slices_; }
  int64_t start_of(state::Slot slot) const;
  // The group's key in bytes, without the slice.
  std::string_view key_of(state::Slot slot) const;
  // Erases up to `entries_max` entries of the slice; whether all are gone, and it with them.
  template <class OnErase>
  bool drop(int64_t start, size_t entries_max, OnErase&& on_erase) {
    auto slice = slices_.find(start);
    for (; entries_max > 0 && !slice->second.empty(); --entries_max) {
      on_erase(slice->second.back());
      table_->erase(slice->second.back());
      slice->second.pop_back();
    }
    if (!slice->second.empty()) return false;
    slices_.erase(slice);
    return true;
  }
  // Erases these entries, each once.
  void erase(std::span<const state::Slot> slots);
  // A column per key column, of the keys of these entries.
  Result<std::vector<data::ColumnPtr>> keys_of(std::span<const state::Slot> slots) const;

 private:
  struct Listing {
    uint64_t is_listed;
  };
  void list_new();
  Listing& listing(state::Slot slot) const;

  data::KeyHasher hasher_;
  data::RowCodec codec_;                // the slice's start, then the key
  state::KeyedTable* table_ = nullptr;  // owned by the store
  uint32_t listing_offset_ = 0;
  std::map<int64_t, std::vector<state::Slot>> slices_;

  std::vector<uint64_t> key_hashes_;
  std::vector<uint64_t> hashes_;
  data::EncodedRows encoded_;
  std::vector<state::Slot> slots_;
  mutable std::string scratch_;
};

}  // namespace millrace::operators
