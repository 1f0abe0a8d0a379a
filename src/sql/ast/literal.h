#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "sql/ast/interval.h"
#include "sql/ast/type_name.h"

namespace millrace::sql {

enum class LiteralKind : uint8_t {
  kNull,
  kTrue,
  kFalse,
  kInteger,  // 42: digits, or 0x2A
  kDecimal,  // 1.50, .5, 2.
  kFloat,    // 1e3, 1.5E-7
  kString,   // 'it''s', E'a\n', U&'\00e9', $tag$text$tag$: the text behind the quotes
  kBytes,    // X'00ff': the hexadecimal digits in lower case, an even number of them
};

// A number keeps its text, without sign (a sign is a Unary) and without '_'.
struct Literal {
  LiteralKind kind = LiteralKind::kNull;
  std::string text;
  friend bool operator==(const Literal&, const Literal&) = default;
};

// DATE '2024-02-29', TIMESTAMP '…', TIMESTAMPTZ '…', JSON '…': a type's name before a string.
struct TypedLiteral {
  TypeName type;
  std::string text;
  friend bool operator==(const TypedLiteral&, const TypedLiteral&) = default;
};

// INTERVAL '1-2' YEAR TO MONTH; INTERVAL '10' SECOND(3); INTERVAL '1 day 2 hours' (without a unit,
// in PostgreSQL's words). `negative`: INTERVAL -'1' DAY.
struct IntervalLiteral {
  bool negative = false;
  std::string text;
  std::optional<IntervalQualifier> qualifier;
  friend bool operator==(const IntervalLiteral&, const IntervalLiteral&) = default;
};

}  // namespace millrace::sql
