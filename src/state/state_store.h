#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/memory_account.h"
#include "base/result.h"
#include "commit/delta.h"
#include "state/keyed_table.h"

namespace millrace::state {

// StateStore: all durable tables of one task, and their way to the commit and back.
//
// A staged value is the entry's hash (u64, little endian), its fixed part and its tail; deltas and
// snapshots are in the format of docs/formats/delta.md, sorted by (key group, state id, key).
//
// Threading:  confined to one task.
// Ownership:  owns the tables; `memory` outlives it.
// Order:      restore* in the order in which the deltas were committed, then the operators' open
//             calls `table`, then restored() once. From then on, at each barrier: collect_changes,
//             and next_delta until it is drained; no table changes in between.
// Failure:    kCorruptState: a delta is damaged or a value does not fit; kStateIncompatible: what
//             was restored belongs to no table of this job, or to one of another shape.
class StateStore {
 public:
  explicit StateStore(MemoryAccount* memory) : memory_(memory) {}
  StateStore(const StateStore&) = delete;
  StateStore& operator=(const StateStore&) = delete;

  // Keeps a recovered delta or slice of a snapshot until the tables it belongs to are made.
  void restore(Buffer delta) { recovered_.push_back(std::move(delta)); }
  // The table of `options.id`, made with what was restored for it. Valid as long as the store.
  Result<KeyedTable*> table(const TableOptions& options);
  // All tables are made: forgets the recovered deltas.
  Result<void> restored();

  // Takes what changed since the last barrier as staged.
  void collect_changes();
  bool drained() const { return next_change_ == changes_.size(); }
  // The next delta of about `bytes_max`, or an empty Buffer when all is handed out.
  Buffer next_delta(size_t bytes_max);

  // A fuzzy dump of all tables for a snapshot, slice by slice; starts over after the last one,
  // which is empty. Tables may change between slices.
  Buffer next_snapshot_slice(size_t bytes_max);

  MemoryAccount* memory() const { return memory_; }
  // Entries in all tables.
  size_t entries() const;

 private:
  struct PendingChange {
    KeyedTable* table;
    KeyedTable::Change change;
    // In the order of a delta: key group and state id, then the key's first bytes.
    uint64_t run = 0;
    uint64_t prefix = 0;
  };

  static Result<void> restore_entry(KeyedTable& table, const commit::DeltaEntry& entry);
  void sort_for_delta(std::vector<PendingChange>& changes) const;
  void append_entry(commit::DeltaBuilder& builder, const KeyedTable& table,
                    const KeyedTable::Change& change);
  void clear_dirty();

  MemoryAccount* const memory_;
  std::map<commit::StateId, std::unique_ptr<KeyedTable>> tables_;
  std::vector<Buffer> recovered_;
  std::vector<PendingChange> changes_;
  size_t next_change_ = 0;
  commit::StateId snapshot_table_;  // where the dump stands
  Slot snapshot_slot_ = 0;
  std::string scratch_;
};

}  // namespace millrace::state
