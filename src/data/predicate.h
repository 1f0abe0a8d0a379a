#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "data/batch.h"
#include "data/schema.h"
#include "data/value.h"

namespace millrace::data {

enum class Comparison : uint8_t {
  kEqual,
  kNotEqual,
  kLess,
  kLessOrEqual,
  kGreater,
  kGreaterOrEqual,
  kIsNull,     // no constant
  kIsNotNull,  // no constant
};
std::string_view to_string(Comparison comparison);

// SimplePredicate: `column comparison constant` as a value, for skipping what cannot match. A list
// of them means all (AND). Whoever is asked to skip may ignore it: the engine filters again.
// `constant` is one of the column's type and not NULL.
struct SimplePredicate {
  size_t column = 0;  // of the schema that it is about
  Comparison comparison = Comparison::kEqual;
  Value constant;

  // "delay > 15".
  std::string to_string(const Schema& schema) const;
};

// What is known of a column's values in some block of rows.
struct ColumnStatistics {
  std::optional<Value> min;  // unknown, or there is no value that is not NULL
  std::optional<Value> max;
  std::optional<uint64_t> nulls;  // how many rows are NULL
  uint64_t rows = 0;
};

// -1, 0, 1: the SQL order of two values of `type`, neither NULL. NaN is equal to itself and above
// all other numbers; texts compare by their bytes; ARRAY and ROW element by element, NULL last.
int compare(const Value& a, const Value& b, const Type& type);

// Whether `value`, of the column's type, satisfies the predicate (FALSE where SQL says UNKNOWN).
bool matches(const SimplePredicate& predicate, const Value& value, const Type& type);
// FALSE only if no row of the block can match.
bool may_match(const SimplePredicate& predicate, const ColumnStatistics& statistics,
               const Type& type);

}  // namespace millrace::data
