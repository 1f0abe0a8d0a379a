#pragma once

#include <optional>
#include <vector>

#include "base/error.h"
#include "sql/parse/token.h"
#include "sql/text/source_text.h"

namespace millrace::sql {

// A text as tokens. The last one is kEnd, or kFail where the text could not be read on; `failure`
// then says why: kUnterminatedToken (a quote, comment or hint is never closed) or kSyntaxError.
struct Tokens {
  std::vector<Token> tokens;
  std::optional<Error> failure;
};

// Comments (-- to the end of the line, /* nested */) vanish, but for the hint /*+ OPTIONS( … ) */,
// whose brackets become the symbols `/*+` and `*/`.
Tokens lex(const SourceText& source);

}  // namespace millrace::sql
