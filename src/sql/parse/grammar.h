#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "sql/ast/statement.h"
#include "sql/parse/token_cursor.h"
#include "sql/text/operator_table.h"

// The constructs of the grammar that more than one file of the parser needs. Each reads its
// construct from the current token on and leaves the cursor behind it; where it fails, the cursor's
// place means nothing any more. `what` says in errors what was expected: "a table name".

namespace millrace::sql {

// --- parse_name.cc
bool at_name(const TokenCursor& tokens, size_t ahead = 0);
// A name that can be an alias without AS.
bool at_bare_alias(const TokenCursor& tokens, size_t ahead = 0);
Result<Identifier> parse_name(TokenCursor& tokens, std::string_view what);
// After AS or `.`, where a reserved word can be a name.
Result<Identifier> parse_label(TokenCursor& tokens, std::string_view what);
Result<QualifiedName> parse_qualified_name(TokenCursor& tokens, std::string_view what);
// (a, b)
Result<std::vector<Identifier>> parse_name_list(TokenCursor& tokens, std::string_view what);
// a, b
Result<std::vector<QualifiedName>> parse_qualified_names(TokenCursor& tokens,
                                                         std::string_view what);
Result<std::string> parse_string(TokenCursor& tokens, std::string_view what);
Result<uint64_t> parse_count(TokenCursor& tokens, std::string_view what);
// ('k' = 'v', …)
Result<Options> parse_options(TokenCursor& tokens);
// A name or a string.
Result<Identifier> parse_job_name(TokenCursor& tokens);
// IF NOT EXISTS, IF EXISTS
Result<bool> parse_if_not_exists(TokenCursor& tokens);
Result<bool> parse_if_exists(TokenCursor& tokens);
// COMMENT '…'
Result<std::optional<std::string>> parse_comment(TokenCursor& tokens);

// --- parse_type.cc
Result<TypeName> parse_type_name(TokenCursor& tokens);
// TIME, TIMESTAMP, DOUBLE or CHARACTER with the words behind it, and the numbers in parentheses.
Result<NamedType> parse_named_type(TokenCursor& tokens);
// DAY TO SECOND(3); nullopt where no unit stands there.
Result<std::optional<IntervalQualifier>> parse_interval_qualifier(TokenCursor& tokens);

// --- parse_expression.cc
Result<Expression> parse_expression(TokenCursor& tokens);
// Without operators that bind less tightly than `least`.
Result<Expression> parse_operators(TokenCursor& tokens, Precedence least);
Result<std::vector<Expression>> parse_expressions(TokenCursor& tokens);
// a DESC NULLS LAST
Result<OrderItem> parse_order_item(TokenCursor& tokens);
Result<std::vector<OrderItem>> parse_order_items(TokenCursor& tokens);

// --- parse_primary.cc
Result<Expression> parse_primary(TokenCursor& tokens);
// What stands in parentheses: a query, or expressions (at least one).
struct Parenthesised {
  Box<Query> query;
  std::vector<Expression> expressions;
};
Result<Parenthesised> parse_parenthesised(TokenCursor& tokens);

// --- parse_call.cc
// At `(`, behind the name.
Result<Expression> parse_call(TokenCursor& tokens, QualifiedName name);
// FILTER (WHERE …), WITHIN GROUP (ORDER BY …), IGNORE NULLS, OVER …
Result<void> parse_call_tail(TokenCursor& tokens, Call& call);
// CAST, EXTRACT, TRIM, SUBSTRING, JSON_VALUE … at `name (`; nullopt where it is none of these.
Result<std::optional<Expression>> parse_special_call(TokenCursor& tokens);
// --- parse_json_call.cc
// At JSON_… `(`; nullopt where the word is none of these.
Result<std::optional<Expression>> parse_json_call(TokenCursor& tokens);

// --- parse_window.cc
Result<Over> parse_over(TokenCursor& tokens);
Result<std::vector<NamedWindow>> parse_named_windows(TokenCursor& tokens);
// [PARTITION BY …] [ORDER BY …]
Result<std::vector<Expression>> parse_partition_by(TokenCursor& tokens);
Result<std::vector<OrderItem>> parse_order_by(TokenCursor& tokens);

// --- parse_table_function.cc
// At the function's name, `(` behind it.
Result<TableRef> parse_table_function(TokenCursor& tokens);

// --- parse_table.cc
// One entry of FROM with its joins.
Result<TableRef> parse_table_ref(TokenCursor& tokens);
// [AS] t [(a, b)]
Result<std::optional<TableAlias>> parse_table_alias(TokenCursor& tokens);
// --- parse_match.cc
Result<TableRef> parse_match_recognize(TokenCursor& tokens, TableRef input);

// --- parse_query.cc
// SELECT, WITH, VALUES, TABLE t.
bool at_query(const TokenCursor& tokens);
// UNION, ORDER, LIMIT, …: what goes on a query.
bool at_query_tail(const TokenCursor& tokens);
Result<Query> parse_query(TokenCursor& tokens);
// What follows the first operand of a query.
Result<Query> parse_query_after(TokenCursor& tokens, Query first, Span begin);
// (query)
Result<Query> parse_query_in_parentheses(TokenCursor& tokens);
Result<With> parse_with(TokenCursor& tokens);
// --- parse_select.cc
Result<Select> parse_select(TokenCursor& tokens);
// --- parse_emit.cc
Result<Emit> parse_emit(TokenCursor& tokens);

// --- statements, each at its first word
Result<StatementNode> parse_create(TokenCursor& tokens);
Result<StatementNode> parse_create_table(TokenCursor& tokens, bool temporary);  // at TABLE
Result<StatementNode> parse_drop(TokenCursor& tokens);
Result<StatementNode> parse_alter(TokenCursor& tokens);
Result<ObjectKind> parse_object_kind(TokenCursor& tokens);
Result<Insert> parse_insert(TokenCursor& tokens);
Result<StatementSet> parse_statement_set(TokenCursor& tokens);
bool at_statement_set(const TokenCursor& tokens);
Result<StatementNode> parse_update(TokenCursor& tokens);
Result<StatementNode> parse_delete(TokenCursor& tokens);
Result<StatementNode> parse_copy(TokenCursor& tokens);
Result<StatementNode> parse_grant(TokenCursor& tokens);
Result<StatementNode> parse_explain(TokenCursor& tokens);
Result<StatementNode> parse_describe(TokenCursor& tokens);
Result<StatementNode> parse_show(TokenCursor& tokens);
Result<StatementNode> parse_control_job(TokenCursor& tokens);
Result<StatementNode> parse_tap(TokenCursor& tokens);
Result<StatementNode> parse_replay(TokenCursor& tokens);
Result<StatementNode> parse_set(TokenCursor& tokens);
Result<StatementNode> parse_reset(TokenCursor& tokens);
Result<StatementNode> parse_use(TokenCursor& tokens);
Result<StatementNode> parse_transaction(TokenCursor& tokens);
Result<StatementNode> parse_declare(TokenCursor& tokens);
Result<StatementNode> parse_fetch(TokenCursor& tokens);
Result<StatementNode> parse_close(TokenCursor& tokens);
Result<Statement> parse_statement(TokenCursor& tokens);

}  // namespace millrace::sql
