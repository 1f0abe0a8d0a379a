#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "sql/ast/statement.h"
#include "sql/ast/type_name.h"

namespace millrace::sql {

// The bound of what the parser accepts: how many constructs may stand inside each other, in the
// text or in the tree (where a chain of operators, a + b + c + …, counts one for each). Chains of
// AND and OR, joins, set operations and lists are flat. So a recursive walk over a tree that comes
// from here goes through at most this many expressions, queries, types and patterns.
inline constexpr int kNestingMax = 400;

// All statements of a script, each ended by `;` (the last one may do without). `file_name` names
// the text in errors; it may be empty. Nothing is looked up: what cannot be planned is the binder's
// to refuse.
//
// Failure: kSyntaxError, kUnterminatedToken, kTooDeep; the first error, with line and column, the
// line with a caret, what was expected, and the nearest keyword.
Result<std::vector<Statement>> parse_script(std::string_view text, std::string_view file_name);

// A text that holds one query, one expression, one type and nothing else (no `;`).
Result<Query> parse_query(std::string_view text, std::string_view file_name);
Result<Expression> parse_expression(std::string_view text, std::string_view file_name);
Result<TypeName> parse_type(std::string_view text, std::string_view file_name);

// The offset just behind the `;` that ends the first statement; nullopt where it has not ended yet,
// or is inside a quote, a comment or BEGIN … END of a statement set: what a shell asks whether to
// read on.
std::optional<size_t> find_statement_end(std::string_view text);

}  // namespace millrace::sql
