#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "data/builder.h"
#include "data/row_codec.h"
#include "engine/operator.h"
#include "expr/vector.h"
#include "operators/aggregate/aggregate_call.h"
#include "state/keyed_table.h"
#include "state/multiset_table.h"
#include "state/ordered_multiset_table.h"

namespace millrace::operators {

// How an entry of a group begins; accumulators follow.
struct GroupHead {
  int64_t rows = 0;
  uint64_t owner = 0;  // whatever the owner of the entry keeps here
};

// A group as it is or was: its entry, and its value per call that has no accumulator (as
// append_ordered writes it; empty: none).
struct GroupImage {
  const std::byte* entry = nullptr;
  const std::string* extremes = nullptr;
  const GroupHead& head() const { return *reinterpret_cast<const GroupHead*>(entry); }
};

// Where the rows of a batch belong, by physical row.
struct GroupRows {
  const state::KeyedTable& table;
  const state::Slot* slots;
  std::byte* const* entries;
};

// AggregateSet: the calls of one aggregation, over entries of fixed size that their owner keeps in
// a table: the head, then an accumulator per call. Calls with DISTINCT keep a multiset per group
// besides; MIN and MAX of changing input (and of values without a fixed size) keep an ordered one
// in place of an accumulator.
//
// Threading:  confined to one task.
// Order:      make, open, then add and the rest in any order.
// Failure:    make: kNotSupported.
class AggregateSet {
 public:
  static Result<AggregateSet> make(const data::Schema& input, std::vector<AggregateCall> calls,
                                   bool changing_input);
  // Tables first_table and first_table + 1 of the operator are its own.
  Result<void> open(engine::OpenContext& context, uint64_t first_table);

  std::vector<data::Type> result_types() const;
  // Bytes of an entry; a multiple of 16.
  uint32_t entry_bytes() const { return entry_bytes_; }
  // Calls whose value is an extreme of an ordered multiset.
  uint32_t extremes() const { return extremes_; }
  bool has_distinct() const { return has_distinct_; }

  // Adds the rows of `batch` that count. Rows that retract what is not there change nothing and are
  // added to `refused`.
  void add(const data::Batch& batch, const GroupRows& groups, expr::RowErrors& refused);
  // Drops what is kept of a group besides its entry.
  void erase(const state::KeyedTable& table, state::Slot slot);

  // The group's current extremes, extremes() of them.
  void load_extremes(const state::KeyedTable& table, state::Slot slot, std::string* to) const;
  // Adds one image to another. REQUIRES: !has_distinct().
  void combine(std::byte* into, std::string* into_extremes, const GroupImage& from) const;
  bool same(const GroupImage& a, const GroupImage& b) const;
  // A column per call, a row per image; an error's row is the number of its image.
  std::vector<data::ColumnPtr> results(std::span<const GroupImage> images,
                                       expr::RowErrors& errors) const;

 private:
  enum class Keeping : uint8_t {
    kAccumulator,
    kDistinct,  // an accumulator over the values of a multiset
    kExtreme,   // an ordered multiset; no accumulator
  };
  struct Call {
    AggregateCall call;
    Keeping keeping;
    uint32_t offset = 0;                     // of the accumulator in the entry
    uint32_t extreme = 0;                    // number among the extremes
    bool keeps_one = false;                  // of the ordered multiset only the extreme is kept
    std::vector<data::ColumnPtr> arguments;  // of the batch at hand
    std::vector<uint16_t> rows;              // those that it takes in
    std::vector<uint8_t> passes;             // by physical row: the FILTER
    data::EncodedRows values;                // kDistinct: by the n-th row that counts
    std::optional<data::RowCodec> codec;
  };

  explicit AggregateSet(bool changing_input) : changing_input_(changing_input) {}
  Result<void> lay_out(const data::Schema& input, std::vector<AggregateCall> calls);
  void prepare(const data::Batch& batch);
  bool passes(const Call& call, uint32_t row) const;
  void select(Call& call) const;
  // Of one row all that multisets keep, or nothing at all. `n`: its number among those that count.
  bool add_values(const data::Batch& batch, const GroupRows& groups, uint32_t n, uint32_t row);
  bool add_value(Call& call, const GroupRows& groups, uint32_t n, uint32_t row, int64_t weight);
  bool add_extreme(const Call& call, uint64_t hash, std::string_view key, uint32_t row,
                   int64_t weight);
  // A group's key in the multisets of a call.
  std::string_view value_key(const Call& call, const state::KeyedTable& table,
                             state::Slot slot) const;
  state::Slot extreme_of(const Call& call, std::string_view key) const;

  bool changing_input_;
  bool has_distinct_ = false;
  uint32_t extremes_ = 0;
  uint32_t entry_bytes_ = 0;
  std::vector<Call> calls_;
  std::unique_ptr<state::MultisetTable> values_;
  std::unique_ptr<state::OrderedMultisetTable> ordered_;
  mutable std::string key_;
  std::string element_;
  std::vector<uint16_t> taken_;
};

}  // namespace millrace::operators
