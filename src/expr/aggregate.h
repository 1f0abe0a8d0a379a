#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "data/batch.h"
#include "data/builder.h"
#include "expr/function.h"
#include "expr/vector.h"

namespace millrace::expr {

// Where the accumulators of one aggregate stand: `offset` bytes into each entry. For update,
//                                                entries are
// indexed by physical row, so that one array serves every aggregate and every FILTER of a batch.
struct Accumulators {
  std::byte* const* entries = nullptr;
  uint32_t offset = 0;
};

// What one update reads. `arguments` have any encoding and no errors (rows with errors are rejected
// before); `rows` are those that pass the FILTER; `signs` null: all +I.
struct AggregateInput {
  std::span<const data::ColumnPtr> arguments;
  Rows rows;
  const data::Sign* signs = nullptr;
};

// Aggregate: one aggregate function for given argument types, over accumulators of fixed size.
//
// An accumulator is plain bytes: copied, compared and stored as such; all zero means empty. Its
//                                layout is
// part of the stored state: it changes only with a new state fingerprint. Rows whose argument is
// NULL are skipped (COUNT(*) has no argument).
//
// Threading:  immutable: shared between tasks; accumulators are the caller's.
// Ownership:  accumulators hold no references.
// Failure:    update and combine have none; emit adds an error for a result that is out of range.
class Aggregate {
 public:
  virtual ~Aggregate() = default;
  // Adds rows; where a sign retracts, takes them out. REQUIRES: no retraction unless invertible.
  virtual void update(Accumulators accumulators, const AggregateInput& input) const = 0;
  // Adds `from` to `into`, or takes it out. REQUIRES: kDelete only if invertible; no overlap.
  virtual void combine(std::byte* into, const std::byte* from, data::Sign sign) const = 0;
  // Appends the result of `count` accumulators, entries in order (not by row). An error's row is
  // the number of its entry, and NULL is appended for it.
  virtual void emit(Accumulators accumulators, uint32_t count, data::ColumnBuilder& to,
                    RowErrors& errors) const = 0;
};

// How the result comes from the ordered multiset of a group's values (data::compare's order, NULLs
// left out), for aggregates that cannot take a row out of an accumulator.
enum class FromMultiset : uint8_t { kNone, kSmallest, kLargest };

struct AggregateTraits {
  // Bytes of an accumulator and their alignment (a power of two, at most 16). 0 bytes: there is
  // none, because values have no fixed size (MIN of a text): the operator keeps the multiset even
  // for append-only input, where it may keep just the one value that `from_multiset` names.
  uint32_t bytes = 0;
  uint32_t alignment = 1;
  // Rows can be taken out again: signs, and hopping windows by deduction.
  bool invertible = false;
  // For changing input where not invertible.
  FromMultiset from_multiset = FromMultiset::kNone;
  // DISTINCT changes nothing (MIN, MAX, BOOL_AND).
  bool ignores_duplicates = false;
};

struct AggregateOverload {
  std::vector<Parameter> parameters;  // COUNT(*) has none
  ResultType result;
  std::function<AggregateTraits(std::span<const data::Type>)> traits;
  // Null where traits say 0 bytes.
  std::function<std::shared_ptr<const Aggregate>(std::span<const data::Type>, const data::Type&)>
      make;
  bool null_if_empty = true;  // COUNT: 0 instead
};

// AggregateFunction: one name, all its overloads. Immutable once registered.
struct AggregateFunction {
  FunctionDoc doc;
  std::vector<AggregateOverload> overloads;
};

// BoundAggregate: an overload chosen for argument types. Immutable, shared.
struct BoundAggregate {
  std::string name;  // finds the function in the registry again: "SUM", "flink:AVG"
  std::vector<data::Type> arguments;  // what the arguments are cast to
  data::Type result;
  bool null_if_empty = true;
  AggregateTraits traits;
  std::shared_ptr<const Aggregate> aggregate;  // null where traits.bytes is 0
};
using BoundAggregatePtr = std::shared_ptr<const BoundAggregate>;

std::optional<BoundAggregate> resolve(const AggregateFunction& function,
                                      std::span<const ArgumentType> arguments);

}  // namespace millrace::expr
