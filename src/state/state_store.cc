#include "state/state_store.h"

#include <fmt/core.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <unordered_map>

#include "base/assert.h"
#include "base/endian.h"

namespace millrace::state {
namespace {

constexpr size_t kHashBytes = 8;
constexpr size_t kEntryOverheadBytes = 16;

commit::KeyGroup key_group(uint64_t hash) {
  return commit::KeyGroup(
      static_cast<uint16_t>(hash >> (64 - std::countr_zero(commit::kKeyGroups))));
}

// The first bytes as a number that orders as they do.
uint64_t prefix_of(std::string_view key) {
  char bytes[sizeof(uint64_t)] = {};
  std::memcpy(bytes, key.data(), std::min(key.size(), sizeof(bytes)));
  return load_be<uint64_t>(bytes);
}

Error does_not_fit(const commit::DeltaEntry& entry, const TableOptions& options) {
  return Error(
             ErrorCode::kStateIncompatible,
             fmt::format("the stored state {:016x} has values of {} bytes where the query keeps {}",
                         entry.state.value(), entry.value.size(), kHashBytes + options.value_bytes))
      .remedy("Run the query that wrote it, or give the job another name.");
}

}  // namespace

Result<KeyedTable*> StateStore::table(const TableOptions& options) {
  std::unique_ptr<KeyedTable>& table = tables_[options.id];
  MILLRACE_ASSERT(table == nullptr);
  table = std::make_unique<KeyedTable>(options, memory_);
  // Newest entry of each key: a deletion carries no hash, so it must be resolved before the table
  // is.
  std::unordered_map<std::string_view, commit::DeltaEntry> newest;
  for (const Buffer& delta : recovered_) {
    const auto reader = MILLRACE_TRY(commit::DeltaReader::open(delta));
    MILLRACE_TRY(reader.for_each({}, [&](const commit::DeltaEntry& entry) -> Result<void> {
      if (entry.state == options.id) newest[entry.key] = entry;
      return {};
    }));
  }
  for (const auto& [key, entry] : newest) {
    if (!entry.deleted) MILLRACE_TRY(restore_entry(*table, entry));
  }
  return table.get();
}

Result<void> StateStore::restore_entry(KeyedTable& table, const commit::DeltaEntry& entry) {
  const TableOptions& options = table.options();
  const size_t fixed = kHashBytes + options.value_bytes;
  const bool fits = options.has_tail ? entry.value.size() >= fixed : entry.value.size() == fixed;
  if (!fits) return does_not_fit(entry, options);
  table.restore(load_le<uint64_t>(entry.value.data()), entry.key, entry.value.substr(kHashBytes));
  return {};
}

Result<void> StateStore::restored() {
  for (const Buffer& delta : recovered_) {
    const auto reader = MILLRACE_TRY(commit::DeltaReader::open(delta));
    MILLRACE_TRY(reader.for_each({}, [&](const commit::DeltaEntry& entry) -> Result<void> {
      if (tables_.contains(entry.state)) return {};
      return Error(ErrorCode::kStateIncompatible,
                   fmt::format("the stored state {:016x} belongs to no part of the query",
                               entry.state.value()))
          .remedy("Run the query that wrote it, or give the job another name.");
    }));
  }
  recovered_.clear();
  return {};
}

void StateStore::collect_changes() {
  MILLRACE_ASSERT(drained());
  changes_.clear();
  next_change_ = 0;
  for (auto& [id, table] : tables_) {
    for (const KeyedTable::Change& change : table->changes()) {
      changes_.push_back({table.get(), change});
    }
  }
  sort_for_delta(changes_);
  if (drained()) clear_dirty();
}

void StateStore::sort_for_delta(std::vector<PendingChange>& changes) const {
  std::unordered_map<const KeyedTable*, uint64_t> ordinals;
  for (const auto& [id, table] : tables_) ordinals.emplace(table.get(), ordinals.size());
  const KeyedTable* last = nullptr;
  uint64_t ordinal = 0;
  for (PendingChange& change : changes) {
    if (change.table != last) ordinal = ordinals.at(last = change.table);
    const Slot slot = change.change.slot;
    change.run = uint64_t{key_group(last->hash(slot)).value()} << 48 | ordinal;
    change.prefix = prefix_of(last->key(slot));
  }
  std::ranges::sort(changes, [](const PendingChange& a, const PendingChange& b) {
    if (a.run != b.run) return a.run < b.run;
    if (a.prefix != b.prefix) return a.prefix < b.prefix;
    return a.table->key(a.change.slot) < b.table->key(b.change.slot);
  });
}

Buffer StateStore::next_delta(size_t bytes_max) {
  if (drained()) return Buffer();
  commit::DeltaBuilder builder;
  for (; !drained() && builder.bytes() < bytes_max; ++next_change_) {
    append_entry(builder, *changes_[next_change_].table, changes_[next_change_].change);
  }
  if (drained()) clear_dirty();
  return builder.finish();
}

Buffer StateStore::next_snapshot_slice(size_t bytes_max) {
  std::vector<PendingChange> slice;
  size_t bytes = 0;
  for (auto at = tables_.lower_bound(snapshot_table_); at != tables_.end(); ++at) {
    snapshot_table_ = at->first;
    KeyedTable& table = *at->second;
    snapshot_slot_ = table.scan(snapshot_slot_, [&](Slot slot) {
      slice.push_back({&table, {slot, false}});
      bytes += kEntryOverheadBytes + table.key(slot).size() + table.options().value_bytes +
               table.tail(slot).size();
      return bytes < bytes_max;
    });
    if (snapshot_slot_ != kNoSlot) break;
    snapshot_table_ = at->first.next();
    snapshot_slot_ = 0;
  }
  if (slice.empty()) {
    snapshot_table_ = commit::StateId();
    return Buffer();
  }
  sort_for_delta(slice);
  commit::DeltaBuilder builder;
  for (const PendingChange& entry : slice) append_entry(builder, *entry.table, entry.change);
  return builder.finish();
}

void StateStore::append_entry(commit::DeltaBuilder& builder, const KeyedTable& table,
                              const KeyedTable::Change& change) {
  const uint64_t hash = table.hash(change.slot);
  const commit::StateId id = table.options().id;
  if (change.erased) {
    builder.remove(key_group(hash), id, table.key(change.slot));
    return;
  }
  scratch_.resize(kHashBytes);
  store_le(scratch_.data(), hash);
  table.append_staged_value(change.slot, scratch_);
  builder.put(key_group(hash), id, table.key(change.slot), scratch_);
}

void StateStore::clear_dirty() {
  for (auto& [id, table] : tables_) table->clear_dirty();
}

size_t StateStore::entries() const {
  size_t entries = 0;
  for (const auto& [id, table] : tables_) entries += table->size();
  return entries;
}

}  // namespace millrace::state
