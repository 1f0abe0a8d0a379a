#include "operators/window/slice_table.h"

#include <cstring>
#include <set>
#include <utility>

#include "base/endian.h"
#include "data/builder.h"
#include "state/state_store.h"

namespace millrace::operators {
namespace {

using state::Slot;

constexpr uint64_t kKeyGroupMask = ~(~uint64_t{0} / data::kKeyGroups);
constexpr size_t kStartBytes = sizeof(int64_t);

// An entry of a slice: in the key group of its key.
uint64_t slice_hash(uint64_t key_hash, int64_t start) {
  const uint64_t mixed = data::join_hashes(data::hash_word(static_cast<uint64_t>(start)), key_hash);
  return (key_hash & kKeyGroupMask) | (mixed & ~kKeyGroupMask);
}

std::vector<data::Type> types_with_start(const data::Schema& input,
                                         const std::vector<uint32_t>& keys) {
  std::vector<data::Type> types = {data::TypeKind::kBigint};
  for (const uint32_t key : keys) types.push_back(input.field(key).type);
  return types;
}

data::ColumnPtr column_of(const data::Batch& batch, std::span<const int64_t> starts) {
  bool is_one = true;
  const int64_t first = starts[batch.row(0)];
  batch.for_each_row([&](uint32_t row) { is_one &= starts[row] == first; });
  if (is_one) return data::Column::constant(data::TypeKind::kBigint, first, batch.rows());
  data::ColumnBuilder builder(data::TypeKind::kBigint, batch.rows());
  builder.append_all(starts.first(batch.rows()));
  return builder.finish();
}

}  // namespace

SliceTable::SliceTable(const data::Schema& input, const std::vector<uint32_t>& keys)
    : hasher_({keys.begin(), keys.end()}),
      codec_(types_with_start(input, keys), data::RowCodec::Layout::kKey) {}

Result<void> SliceTable::open(engine::OpenContext& context, uint32_t entry_bytes,
                              uint32_t touched_bytes) {
  listing_offset_ = touched_bytes;
  table_ = MILLRACE_TRY(context.state->table(
      {.id = commit::StateId(context.state_id),
       .value_bytes = entry_bytes,
       .transient_bytes = touched_bytes + static_cast<uint32_t>(sizeof(Listing))}));
  table_->scan(0, [&](Slot slot) {
    listing(slot).is_listed = 1;
    slices_[start_of(slot)].push_back(slot);
    return true;
  });
  return {};
}

SliceTable::Listing& SliceTable::listing(Slot slot) const {
  return *reinterpret_cast<Listing*>(&table_->transient_as<std::byte>(slot) + listing_offset_);
}

int64_t SliceTable::start_of(Slot slot) const {
  return load_le<int64_t>(table_->key(slot).data());
}

std::string_view SliceTable::key_of(Slot slot) const {
  return table_->key(slot).substr(kStartBytes);
}

std::span<const Slot> SliceTable::resolve(const data::Batch& batch,
                                          std::span<const int64_t> starts) {
  key_hashes_.resize(batch.size());
  hashes_.resize(batch.size());
  slots_.resize(batch.size());
  if (batch.empty()) return slots_;
  hasher_.hash(batch, key_hashes_);
  for (uint32_t n = 0; n < batch.size(); ++n) {
    hashes_[n] = slice_hash(key_hashes_[n], starts[batch.row(n)]);
  }
  std::vector<data::ColumnPtr> columns = {column_of(batch, starts)};
  for (const size_t key : hasher_.columns()) columns.push_back(batch.column(key));
  codec_.encode(columns, batch.selection(), batch.size(), encoded_);
  const size_t known = table_->size();
  table_->find_or_insert(hashes_, encoded_.views(), slots_);
  if (table_->size() != known) list_new();
  return slots_;
}

void SliceTable::list_new() {
  for (size_t n = 0; n < slots_.size(); ++n) {
    if (std::exchange(listing(slots_[n]).is_listed, 1) != 0) continue;
    table_->value_as<GroupHead>(slots_[n]).owner = key_hashes_[n];
    slices_[start_of(slots_[n])].push_back(slots_[n]);
  }
}

void SliceTable::erase(std::span<const Slot> slots) {
  std::set<int64_t> starts;
  for (const Slot slot : slots) {
    listing(slot).is_listed = 0;
    starts.insert(start_of(slot));
  }
  for (const int64_t start : starts) {
    const auto slice = slices_.find(start);
    std::erase_if(slice->second, [this](Slot slot) { return listing(slot).is_listed == 0; });
    if (slice->second.empty()) slices_.erase(slice);
  }
  for (const Slot slot : slots) table_->erase(slot);
}

Slot SliceTable::find(int64_t start, Slot like) const {
  if (start == start_of(like)) return like;
  scratch_.resize(kStartBytes);
  store_le(scratch_.data(), start);
  scratch_.append(key_of(like));
  return table_->find(slice_hash(table_->value_as<GroupHead>(like).owner, start), scratch_);
}

Result<std::vector<data::ColumnPtr>> SliceTable::keys_of(std::span<const Slot> slots) const {
  std::vector<std::string_view> rows;
  rows.reserve(slots.size());
  for (const Slot slot : slots) rows.push_back(table_->key(slot));
  std::vector<data::ColumnPtr> columns = MILLRACE_TRY(codec_.decode(rows));
  columns.erase(columns.begin());
  return columns;
}

}  // namespace millrace::operators
