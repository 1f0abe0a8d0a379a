#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "sql/ast/expression.h"

namespace millrace::sql {

// How tightly operators bind, PostgreSQL's order; the parser climbs it, the printer puts
// parentheses by it.
enum class Precedence : uint8_t {
  kLowest,
  kOr,
  kAnd,
  kNot,
  kIs,          // IS, ISNULL, NOTNULL
  kComparison,  // < > = <= >= <>, OVERLAPS
  kRange,       // BETWEEN, IN, LIKE, ILIKE, SIMILAR
  kOther,       // || -> ->> & | # << >> ~ @> ?, prefix ~
  kSum,
  kProduct,
  kPower,
  kAtTimeZone,
  kCollate,
  kSign,     // prefix + -
  kPostfix,  // ::, [ ], .field
  kPrimary,
};

constexpr Precedence above(Precedence precedence) {
  return static_cast<Precedence>(static_cast<uint8_t>(precedence) + 1);
}

// All binary operators associate to the left.
struct BinaryOperatorRow {
  BinaryOperator op;
  std::string_view symbol;
  Precedence precedence;
};

std::span<const BinaryOperatorRow> binary_operators();
// The row of an operator.
const BinaryOperatorRow& binary_operator(BinaryOperator op);
// By symbol, `!=` among them; null where there is none.
const BinaryOperatorRow* find_binary_operator(std::string_view symbol);
// = <> < <= > >=: what ANY and ALL go with.
bool is_comparison(BinaryOperator op);

}  // namespace millrace::sql
