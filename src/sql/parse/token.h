#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "sql/ast/span.h"

namespace millrace::sql {

enum class TokenKind : uint8_t {
  kWord,        // a keyword or a name without quotes
  kQuotedName,  // "name", `name`
  kInteger,
  kDecimal,
  kFloat,
  kString,
  kBytes,
  kSymbol,
  kEnd,   // of the text
  kFail,  // the text stops being tokens here: Tokens::failure says why
};

// Token: one word, name, literal or symbol. `raw` is the text itself; `value` what a quoted name, a
// string, a number or bytes stand for (empty for the others).
//
// Ownership:  borrows the text.
struct Token {
  TokenKind kind = TokenKind::kEnd;
  Span span;
  std::string_view raw;
  std::string value;
};

}  // namespace millrace::sql
