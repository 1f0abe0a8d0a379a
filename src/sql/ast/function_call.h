#pragma once

#include <cstdint>
#include <vector>

#include "sql/ast/box.h"
#include "sql/ast/name.h"
#include "sql/ast/type_name.h"

namespace millrace::sql {

struct Expression;
struct Argument;   // sql/ast/expression.h
struct OrderItem;  // sql/ast/expression.h
struct Over;       // sql/ast/window.h

enum class NullTreatment : uint8_t { kDefault, kIgnoreNulls, kRespectNulls };

// Call: f(a, b), COUNT(*), SUM(DISTINCT x) FILTER (WHERE …), STRING_AGG(x, ',' ORDER BY y),
// PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY x), LAG(x) IGNORE NULLS OVER w, CURRENT_DATE.
struct Call {
  QualifiedName name;
  std::vector<Argument> arguments;
  bool star = false;  // COUNT(*)
  bool distinct = false;
  bool bare = false;  // CURRENT_DATE: without parentheses
  NullTreatment nulls = NullTreatment::kDefault;
  std::vector<OrderItem> order_by;
  std::vector<OrderItem> within_group;
  Box<Expression> filter;
  Box<Over> over;
  friend bool operator==(const Call&, const Call&) = default;
};

enum class JsonFunction : uint8_t {
  kValue,
  kQuery,
  kExists,
  kObject,
  kArray,
  kObjectAggregate,
  kArrayAggregate,
};

enum class JsonFallback : uint8_t {
  kDefault,  // nothing said
  kNull,
  kError,
  kEmptyArray,
  kEmptyObject,
  kTrue,
  kFalse,
  kUnknown,
  kExpression,  // DEFAULT x: `JsonCall::on_empty_value`, `on_error_value`
};

enum class JsonWrapper : uint8_t { kDefault, kWithout, kConditional, kUnconditional };
enum class JsonNulls : uint8_t { kDefault, kNull, kAbsent };

// JsonCall: JSON_VALUE, JSON_QUERY, JSON_EXISTS, JSON_OBJECT, JSON_ARRAY, JSON_OBJECTAGG and
// JSON_ARRAYAGG with a clause that only they have (RETURNING, ON EMPTY, KEY … VALUE …). Without one
// they are a Call.
struct JsonCall {
  JsonFunction function = JsonFunction::kValue;
  // Value, query, exists: document and path. Object: keys and values in turn. Array: the elements.
  std::vector<Expression> arguments;
  Box<TypeName> returning;
  JsonWrapper wrapper = JsonWrapper::kDefault;
  JsonFallback on_empty = JsonFallback::kDefault;
  Box<Expression> on_empty_value;
  JsonFallback on_error = JsonFallback::kDefault;
  Box<Expression> on_error_value;
  JsonNulls on_null = JsonNulls::kDefault;  // NULL ON NULL, ABSENT ON NULL
  friend bool operator==(const JsonCall&, const JsonCall&) = default;
};

}  // namespace millrace::sql
