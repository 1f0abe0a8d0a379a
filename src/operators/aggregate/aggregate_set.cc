#include "operators/aggregate/aggregate_set.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/assert.h"
#include "data/bitmap.h"
#include "operators/rows/order_encoding.h"

namespace millrace::operators {
namespace {

using expr::FromMultiset;
using state::kNoSlot;
using state::Slot;

uint32_t align(uint32_t offset, uint32_t alignment) {
  return (offset + alignment - 1) / alignment * alignment;
}

Error cannot_keep(const expr::BoundAggregate& function) {
  return Error(ErrorCode::kNotSupported,
               function.name + " cannot be kept up to date over rows that change")
      .remedy("Aggregate append-only rows, or leave this function out.");
}

// Key group and shard stay those of the group.
uint64_t value_hash(uint64_t group_hash, uint32_t call) {
  return group_hash ^ (uint64_t{call} * 0x9e3779b9);
}

// TRUE rows of a BOOLEAN column, a byte per physical row.
void fill_passes(const data::ColumnPtr& filter, std::vector<uint8_t>& passes) {
  const data::ColumnPtr flat = data::flatten(filter);
  const data::Column& column = *flat;
  passes.resize(column.rows());
  const auto* values = column.data<uint64_t>();
  const uint64_t* validity = column.validity_words();
  for (uint32_t row = 0; row < column.rows(); ++row) {
    passes[row] = data::get_bit(values, row) && (!validity || data::get_bit(validity, row)) ? 1 : 0;
  }
}

}  // namespace

Result<AggregateSet> AggregateSet::make(const data::Schema& input, std::vector<AggregateCall> calls,
                                        bool changing_input) {
  AggregateSet set(changing_input);
  MILLRACE_TRY(set.lay_out(input, std::move(calls)));
  return set;
}

Result<void> AggregateSet::lay_out(const data::Schema& input, std::vector<AggregateCall> calls) {
  uint32_t offset = sizeof(GroupHead);
  for (AggregateCall& each : calls) {
    Call call{.call = std::move(each), .keeping = Keeping::kAccumulator};
    const expr::BoundAggregate& function = *call.call.function;
    const expr::AggregateTraits& traits = function.traits;
    const bool is_distinct = call.call.distinct && !traits.ignores_duplicates;
    if (traits.bytes == 0 || (changing_input_ && !traits.invertible)) {
      if (traits.from_multiset == FromMultiset::kNone || is_distinct) return cannot_keep(function);
      call.keeping = Keeping::kExtreme;
      call.extreme = extremes_++;
      call.keeps_one = !changing_input_;
    } else {
      if (is_distinct) {
        call.keeping = Keeping::kDistinct;
        has_distinct_ = true;
        std::vector<data::Type> types;
        for (const uint32_t column : call.call.arguments) types.push_back(input.field(column).type);
        call.codec.emplace(std::move(types));
      }
      call.offset = align(offset, traits.alignment);
      offset = call.offset + traits.bytes;
    }
    calls_.push_back(std::move(call));
  }
  entry_bytes_ = align(offset, 16);
  return {};
}

Result<void> AggregateSet::open(engine::OpenContext& context, uint64_t first_table) {
  const uint64_t first = context.state_id + first_table;
  if (has_distinct_) {
    values_ = MILLRACE_TRY(state::MultisetTable::open(*context.state, commit::StateId(first)));
  }
  if (extremes_ > 0) {
    ordered_ =
        MILLRACE_TRY(state::OrderedMultisetTable::open(*context.state, commit::StateId(first + 1)));
  }
  return {};
}

std::vector<data::Type> AggregateSet::result_types() const {
  std::vector<data::Type> types;
  for (const Call& call : calls_) types.push_back(call.call.function->result);
  return types;
}

void AggregateSet::prepare(const data::Batch& batch) {
  for (Call& call : calls_) {
    call.arguments.clear();
    call.rows.clear();
    for (const uint32_t column : call.call.arguments) {
      call.arguments.push_back(batch.column(column));
    }
    if (call.call.filter) fill_passes(batch.column(*call.call.filter), call.passes);
    if (call.keeping == Keeping::kDistinct) {
      call.codec->encode(call.arguments, batch.selection(), batch.size(), call.values);
    }
  }
}

bool AggregateSet::passes(const Call& call, uint32_t row) const {
  return !call.call.filter || call.passes[row] != 0;
}

void AggregateSet::add(const data::Batch& batch, const GroupRows& groups,
                       expr::RowErrors& refused) {
  prepare(batch);
  taken_.clear();
  const bool has_values = values_ != nullptr || ordered_ != nullptr;
  for (uint32_t n = 0; n < batch.size(); ++n) {
    const uint32_t row = batch.row(n);
    auto& head = *reinterpret_cast<GroupHead*>(groups.entries[row]);
    const int64_t rows = head.rows + data::weight(batch.sign(row));
    if (rows < 0 || (has_values && !add_values(batch, groups, n, row))) {
      refused.add(row, ErrorCode::kOverRetraction, "no such row was added to its group before");
      continue;
    }
    head.rows = rows;
    taken_.push_back(static_cast<uint16_t>(row));
  }
  for (Call& call : calls_) {
    if (call.keeping == Keeping::kExtreme) continue;
    if (call.keeping == Keeping::kAccumulator) select(call);
    const bool is_all = call.rows.size() == batch.rows();
    const expr::AggregateInput input{.arguments = call.arguments,
                                     .rows = {batch.rows(), static_cast<uint32_t>(call.rows.size()),
                                              is_all ? nullptr : call.rows.data()},
                                     .signs = batch.signs()};
    if (input.rows.count == 0) continue;
    call.call.function->aggregate->update({groups.entries, call.offset}, input);
  }
}

void AggregateSet::select(Call& call) const {
  if (!call.call.filter) {
    call.rows = taken_;
    return;
  }
  call.rows.resize(taken_.size());
  size_t count = 0;
  for (const uint16_t row : taken_) {
    call.rows[count] = row;
    count += call.passes[row];
  }
  call.rows.resize(count);
}

bool AggregateSet::add_values(const data::Batch& batch, const GroupRows& groups, uint32_t n,
                              uint32_t row) {
  const int64_t weight = data::weight(batch.sign(row));
  for (size_t at = 0; at < calls_.size(); ++at) {
    if (add_value(calls_[at], groups, n, row, weight)) continue;
    for (size_t undone = 0; undone < at; ++undone) {
      add_value(calls_[undone], groups, n, row, -weight);
    }
    return false;
  }
  return true;
}

bool AggregateSet::add_value(Call& call, const GroupRows& groups, uint32_t n, uint32_t row,
                             int64_t weight) {
  if (call.keeping == Keeping::kAccumulator || !passes(call, row)) return true;
  const Slot slot = groups.slots[row];
  const auto number = static_cast<uint32_t>(&call - calls_.data());
  const uint64_t hash = value_hash(groups.table.hash(slot), number);
  if (call.keeping == Keeping::kExtreme) {
    if (call.arguments[0]->is_null(row)) return true;
    return add_extreme(call, hash, value_key(call, groups.table, slot), row, weight);
  }
  if (call.values.has_null(n)) return true;
  const auto added =
      values_->add(hash, value_key(call, groups.table, slot), call.values[n], weight);
  if (added.after < 0) return false;
  if ((added.before == 0) == (added.after == 0)) return true;
  // What was undone was the last row that went in.
  if (!call.rows.empty() && call.rows.back() == row) {
    call.rows.pop_back();
  } else {
    call.rows.push_back(static_cast<uint16_t>(row));
  }
  return true;
}

bool AggregateSet::add_extreme(const Call& call, uint64_t hash, std::string_view key, uint32_t row,
                               int64_t weight) {
  element_.clear();
  append_ordered(element_, *call.arguments[0], row);
  if (!call.keeps_one) return ordered_->add(hash, key, element_, weight).after >= 0;
  const Slot known = extreme_of(call, key);
  if (known != kNoSlot) {
    const int order = element_.compare(ordered_->bytes(known));
    const bool is_smallest = call.call.function->traits.from_multiset == FromMultiset::kSmallest;
    if (is_smallest ? order >= 0 : order <= 0) return true;
    ordered_->erase_key(key);
  }
  ordered_->add(hash, key, element_, weight);
  return true;
}

std::string_view AggregateSet::value_key(const Call& call, const state::KeyedTable& table,
                                         Slot slot) const {
  const auto number = static_cast<uint16_t>(&call - calls_.data());
  const std::string_view key = table.key(slot);
  key_.resize(sizeof(number));
  std::memcpy(key_.data(), &number, sizeof(number));
  key_.append(key);
  return key_;
}

Slot AggregateSet::extreme_of(const Call& call, std::string_view key) const {
  const bool is_smallest = call.call.function->traits.from_multiset == FromMultiset::kSmallest;
  return is_smallest ? ordered_->first(key) : ordered_->last(key);
}

void AggregateSet::erase(const state::KeyedTable& table, Slot slot) {
  for (const Call& call : calls_) {
    if (call.keeping == Keeping::kAccumulator) continue;
    const std::string_view key = value_key(call, table, slot);
    if (call.keeping == Keeping::kExtreme) {
      ordered_->erase_key(key);
      continue;
    }
    const auto number = static_cast<uint32_t>(&call - calls_.data());
    const uint64_t hash = value_hash(table.hash(slot), number);
    for (Slot value = values_->first(hash, key); value != kNoSlot;) {
      const Slot next = values_->next(value);
      values_->add(hash, key, values_->bytes(value), -values_->count(value));
      value = next;
    }
  }
}

void AggregateSet::load_extremes(const state::KeyedTable& table, Slot slot, std::string* to) const {
  if (extremes_ == 0) return;
  for (const Call& call : calls_) {
    if (call.keeping != Keeping::kExtreme) continue;
    const Slot found = extreme_of(call, value_key(call, table, slot));
    to[call.extreme].assign(found == kNoSlot ? std::string_view() : ordered_->bytes(found));
  }
}

void AggregateSet::combine(std::byte* into, std::string* into_extremes,
                           const GroupImage& from) const {
  reinterpret_cast<GroupHead*>(into)->rows += from.head().rows;
  for (const Call& call : calls_) {
    if (call.keeping == Keeping::kAccumulator) {
      call.call.function->aggregate->combine(into + call.offset, from.entry + call.offset,
                                             data::Sign::kInsert);
      continue;
    }
    MILLRACE_ASSERT(call.keeping == Keeping::kExtreme);
    std::string& known = into_extremes[call.extreme];
    const std::string& other = from.extremes[call.extreme];
    const bool is_smallest = call.call.function->traits.from_multiset == FromMultiset::kSmallest;
    if (other.empty() || (!known.empty() && (known < other) == is_smallest)) continue;
    known = other;
  }
}

bool AggregateSet::same(const GroupImage& a, const GroupImage& b) const {
  return std::memcmp(a.entry + sizeof(GroupHead), b.entry + sizeof(GroupHead),
                     entry_bytes_ - sizeof(GroupHead)) == 0 &&
         std::equal(a.extremes, a.extremes + extremes_, b.extremes);
}

std::vector<data::ColumnPtr> AggregateSet::results(std::span<const GroupImage> images,
                                                   expr::RowErrors& errors) const {
  const auto count = static_cast<uint32_t>(images.size());
  std::vector<std::byte*> entries;
  entries.reserve(count);
  for (const GroupImage& image : images) entries.push_back(const_cast<std::byte*>(image.entry));
  std::vector<data::ColumnPtr> columns;
  for (const Call& call : calls_) {
    const expr::BoundAggregate& function = *call.call.function;
    data::ColumnBuilder builder(function.result, count);
    if (call.keeping != Keeping::kExtreme) {
      expr::RowErrors failed;
      function.aggregate->emit({entries.data(), call.offset}, count, builder, failed);
      errors.merge(failed);
    } else {
      for (const GroupImage& image : images) {
        const std::string& extreme = image.extremes[call.extreme];
        if (extreme.empty()) {
          builder.append_null();
        } else {
          append_from_ordered(extreme, builder);
        }
      }
    }
    columns.push_back(builder.finish());
  }
  return columns;
}

}  // namespace millrace::operators
