#include <array>

#include "sql/parse/grammar.h"

namespace millrace::sql {
namespace {

Result<bool> parse_ordinality(TokenCursor& tokens) {
  return tokens.accept_words("WITH", "ORDINALITY");
}

// t [/*+ OPTIONS( … ) */] [FOR SYSTEM_TIME AS OF x]
Result<TableRef> parse_named_table(TokenCursor& tokens) {
  const Span begin = tokens.here();
  NamedTable table;
  table.name = MILLRACE_TRY(parse_qualified_name(tokens, "a table's name"));
  if (tokens.at("/*+")) {
    tokens.take();
    MILLRACE_TRY(tokens.expect("OPTIONS"));
    table.options = MILLRACE_TRY(parse_options(tokens));
    MILLRACE_TRY(tokens.expect("*/", "after the hint"));
  }
  if (tokens.at_words("FOR", "SYSTEM_TIME")) {
    tokens.take();
    tokens.take();
    MILLRACE_TRY(tokens.expect("AS"));
    MILLRACE_TRY(tokens.expect("OF"));
    table.as_of = MILLRACE_TRY(parse_expression(tokens));
  }
  return TableRef{.node = std::move(table), .span = tokens.since(begin)};
}

Result<TableRef> parse_unnest(TokenCursor& tokens) {
  const Span begin = tokens.take().span;
  UnnestTable unnest;
  MILLRACE_TRY(tokens.expect("("));
  unnest.collections = MILLRACE_TRY(parse_expressions(tokens));
  MILLRACE_TRY(tokens.expect(")", "after the collection"));
  unnest.with_ordinality = MILLRACE_TRY(parse_ordinality(tokens));
  return TableRef{.node = std::move(unnest), .span = tokens.since(begin)};
}

// f( … ), TABLE(f( … ))
Result<TableRef> parse_function_ref(TokenCursor& tokens) {
  const Span begin = tokens.here();
  const bool wrapped = tokens.accept("TABLE");
  if (wrapped) {
    MILLRACE_TRY(tokens.expect("("));
  }
  TableRef ref;
  if (tokens.at_words("UNNEST", "(")) {
    ref = MILLRACE_TRY(parse_unnest(tokens));
  } else {
    ref = MILLRACE_TRY(parse_table_function(tokens));
  }
  if (wrapped) {
    MILLRACE_TRY(tokens.expect(")", "after the table function"));
  }
  const bool ordinality = MILLRACE_TRY(parse_ordinality(tokens));
  ref.span = tokens.since(begin);
  if (!ordinality) return ref;
  if (auto* function = std::get_if<FunctionTable>(&ref.node)) {
    function->with_ordinality = true;
  } else if (auto* unnest = std::get_if<UnnestTable>(&ref.node)) {
    unnest->with_ordinality = true;
  } else {
    return tokens.refuse(ref.span, "a window has no WITH ORDINALITY");
  }
  return ref;
}

bool is_bare_query(const TableRef& ref) {
  return std::holds_alternative<DerivedTable>(ref.node) && !ref.alias && !ref.lateral;
}

// At `(`: a query, or joins.
Result<TableRef> parse_table_in_parentheses(TokenCursor& tokens) {
  const Level level(tokens);
  MILLRACE_TRY(level.check());
  const Span begin = tokens.take().span;
  const Span inner = tokens.here();
  TableRef ref;
  if (at_query(tokens)) {
    ref.node = DerivedTable{MILLRACE_TRY(parse_query(tokens))};
    MILLRACE_TRY(tokens.expect(")", "after the query"));
  } else {
    ref = MILLRACE_TRY(parse_table_ref(tokens));
    if (is_bare_query(ref) && at_query_tail(tokens)) {
      Query first = std::move(*std::get<DerivedTable>(ref.node).query);
      ref.node = DerivedTable{MILLRACE_TRY(parse_query_after(tokens, std::move(first), inner))};
    }
    MILLRACE_TRY(tokens.expect(")", "after the table"));
  }
  ref.span = tokens.since(begin);
  return ref;
}

Result<TableRef> parse_table_head(TokenCursor& tokens) {
  if (tokens.at("(")) return parse_table_in_parentheses(tokens);
  if (tokens.at_words("UNNEST", "(")) return parse_function_ref(tokens);
  if (tokens.at_words("TABLE", "(")) return parse_function_ref(tokens);
  if (!at_name(tokens)) return tokens.unexpected("a table or a query in parentheses");
  size_t behind = 1;
  while (tokens.at(".", behind)) behind += 2;
  if (tokens.at("(", behind)) return parse_function_ref(tokens);
  return parse_named_table(tokens);
}

// One table with its alias and pattern, without joins.
Result<TableRef> parse_table_factor(TokenCursor& tokens) {
  const Span begin = tokens.here();
  const bool lateral = tokens.accept("LATERAL");
  TableRef ref = MILLRACE_TRY(parse_table_head(tokens));
  ref.lateral = ref.lateral || lateral;
  const Span alias_place = tokens.here();
  std::optional<TableAlias> alias = MILLRACE_TRY(parse_table_alias(tokens));
  if (alias && ref.alias) return tokens.refuse(alias_place, "the table has an alias already");
  if (alias) ref.alias = std::move(alias);
  ref.span = tokens.since(begin);
  while (tokens.at_words("MATCH_RECOGNIZE", "(")) {
    ref = MILLRACE_TRY(parse_match_recognize(tokens, std::move(ref)));
    ref.alias = MILLRACE_TRY(parse_table_alias(tokens));
    ref.span = tokens.since(begin);
    MILLRACE_TRY(tokens.grow());
  }
  return ref;
}

bool at_join(const TokenCursor& tokens) {
  constexpr auto kWords = std::to_array<std::string_view>(
      {"JOIN", "INNER", "LEFT", "RIGHT", "FULL", "CROSS", "NATURAL"});
  return tokens.at_any(kWords) ||
         (tokens.at("ASOF") &&
          (tokens.at("JOIN", 1) || tokens.at("LEFT", 1) || tokens.at("INNER", 1) ||
           tokens.at("RIGHT", 1) || tokens.at("FULL", 1)));
}

// [NATURAL] [ASOF] [LEFT [OUTER] | …] [ASOF] JOIN
Result<Join> parse_join_words(TokenCursor& tokens) {
  Join join;
  const Span begin = tokens.here();
  join.natural = tokens.accept("NATURAL");
  join.asof = tokens.accept("ASOF");
  if (tokens.accept("CROSS")) {
    join.type = JoinType::kCross;
  } else if (tokens.accept("LEFT")) {
    join.type = JoinType::kLeft;
  } else if (tokens.accept("RIGHT")) {
    join.type = JoinType::kRight;
  } else if (tokens.accept("FULL")) {
    join.type = JoinType::kFull;
  } else {
    tokens.accept("INNER");
  }
  if (join.type != JoinType::kInner && join.type != JoinType::kCross) tokens.accept("OUTER");
  if (tokens.at("ASOF") && !join.asof) {
    tokens.take();
    join.asof = true;
  }
  MILLRACE_TRY(tokens.expect("JOIN"));
  join.span = tokens.since(begin);
  if (join.type == JoinType::kCross && (join.natural || join.asof)) {
    return tokens.refuse(join.span, "a CROSS JOIN is neither NATURAL nor ASOF");
  }
  return join;
}

Result<TableRef> parse_joins(TokenCursor& tokens, TableRef first, Span begin);

Result<Join> parse_join(TokenCursor& tokens) {
  Join join = MILLRACE_TRY(parse_join_words(tokens));
  const Span right = tokens.here();
  join.right = MILLRACE_TRY(parse_table_factor(tokens));
  if (join.type == JoinType::kCross || join.natural) return join;
  if (at_join(tokens)) {  // a JOIN b JOIN c ON … ON …
    const Level level(tokens);
    MILLRACE_TRY(level.check());
    join.right = MILLRACE_TRY(parse_joins(tokens, std::move(join.right), right));
  }
  if (tokens.accept("USING")) {
    join.using_columns = MILLRACE_TRY(parse_name_list(tokens, "a column's name"));
    return join;
  }
  MILLRACE_TRY(tokens.expect("ON", "after the joined table"));
  join.on = MILLRACE_TRY(parse_expression(tokens));
  return join;
}

Result<TableRef> parse_joins(TokenCursor& tokens, TableRef first, Span begin) {
  if (!at_join(tokens)) return first;
  JoinTable table;
  table.first = std::move(first);
  while (at_join(tokens)) {
    table.joins.push_back(MILLRACE_TRY(parse_join(tokens)));
  }
  return TableRef{.node = std::move(table), .span = tokens.since(begin)};
}

}  // namespace

Result<std::optional<TableAlias>> parse_table_alias(TokenCursor& tokens) {
  TableAlias alias;
  if (tokens.accept("AS")) {
    alias.name = MILLRACE_TRY(parse_name(tokens, "an alias"));
  } else if (at_bare_alias(tokens)) {
    alias.name = MILLRACE_TRY(parse_name(tokens, "an alias"));
    tokens.took_bare_alias();
  } else {
    return std::nullopt;
  }
  if (tokens.at("(")) alias.columns = MILLRACE_TRY(parse_name_list(tokens, "a column's name"));
  return std::optional(std::move(alias));
}

Result<TableRef> parse_table_ref(TokenCursor& tokens) {
  const Span begin = tokens.here();
  TableRef first = MILLRACE_TRY(parse_table_factor(tokens));
  return parse_joins(tokens, std::move(first), begin);
}

}  // namespace millrace::sql
