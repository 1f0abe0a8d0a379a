#include <array>
#include <optional>

#include "sql/parse/grammar.h"

namespace millrace::sql {
namespace {

constexpr auto kQueryWords = std::to_array<std::string_view>({"SELECT", "VALUES", "WITH", "TABLE"});

struct SetWords {
  SetOperator op;
  bool tight;  // INTERSECT binds before the others
};

std::optional<SetWords> set_operator_here(const TokenCursor& tokens) {
  if (tokens.at("UNION")) return SetWords{SetOperator::kUnion, false};
  if (tokens.at("EXCEPT")) return SetWords{SetOperator::kExcept, false};
  if (tokens.at("INTERSECT")) return SetWords{SetOperator::kIntersect, true};
  return std::nullopt;
}

bool has_tail(const Query& query) {
  return query.with || !query.order_by.empty() || query.limit || query.offset || query.with_ties;
}

Result<Values> parse_values(TokenCursor& tokens) {
  Values values;
  tokens.take();
  do {
    ValuesRow row;
    row.span = tokens.here();
    if (tokens.at("(")) {
      tokens.take();
      row.expressions = MILLRACE_TRY(parse_expressions(tokens));
      MILLRACE_TRY(tokens.expect(")", "after the value"));
    } else if (tokens.at_words("ROW", "(")) {
      tokens.take();
      tokens.take();
      row.expressions = MILLRACE_TRY(parse_expressions(tokens));
      MILLRACE_TRY(tokens.expect(")", "after the value"));
    } else {
      return tokens.unexpected("a row in parentheses");
    }
    row.span = tokens.since(row.span);
    values.rows.push_back(std::move(row));
  } while (tokens.accept(","));
  return values;
}

// One operand of UNION and its kin.
Result<Query> parse_query_primary(TokenCursor& tokens) {
  if (tokens.at("(")) return parse_query_in_parentheses(tokens);
  Query query;
  const Span begin = tokens.here();
  if (tokens.at("SELECT")) {
    query.body = MILLRACE_TRY(parse_select(tokens));
  } else if (tokens.at("VALUES")) {
    query.body = MILLRACE_TRY(parse_values(tokens));
  } else if (tokens.at("TABLE") && at_name(tokens, 1)) {
    tokens.take();
    query.body = WholeTable{MILLRACE_TRY(parse_qualified_name(tokens, "a table's name"))};
  } else {
    return tokens.unexpected("a query", {}, kQueryWords);
  }
  query.span = tokens.since(begin);
  return query;
}

// What follows `left` in a chain of set operators that bind at least as tightly as `tight` says.
Result<Query> parse_set_operations(TokenCursor& tokens, Query left, bool tight, Span begin) {
  for (bool first = true;; first = false) {
    const std::optional<SetWords> words = set_operator_here(tokens);
    if (!words || (tight && !words->tight)) return left;
    if (!first) {  // another operator before this one: printed in parentheses
      MILLRACE_TRY(tokens.grow());
    }
    SetOperation node{.op = words->op, .all = tokens.at("ALL", 1)};
    const auto same_here = [&] {
      const std::optional<SetWords> next = set_operator_here(tokens);
      return next && next->op == node.op && tokens.at("ALL", 1) == node.all;
    };
    node.branches.push_back(std::move(left));
    while (same_here()) {
      tokens.take();
      if (!tokens.accept("ALL")) tokens.accept("DISTINCT");
      const Branch branch_height(tokens);
      const Span right = tokens.here();
      Query branch = MILLRACE_TRY(parse_query_primary(tokens));
      if (!words->tight && tokens.at("INTERSECT")) {
        branch = MILLRACE_TRY(parse_set_operations(tokens, std::move(branch), true, right));
        MILLRACE_TRY(tokens.grow());
      }
      node.branches.push_back(std::move(branch));
    }
    left = Query{.body = std::move(node), .span = tokens.since(begin)};
    MILLRACE_TRY(tokens.grow());
  }
}

Result<void> parse_limit(TokenCursor& tokens, Query& query) {
  if (query.limit) return tokens.refuse(tokens.here(), "the query has a limit already");
  tokens.take();
  if (tokens.accept("ALL")) return {};
  query.limit = MILLRACE_TRY(parse_expression(tokens));
  return {};
}

// FETCH FIRST|NEXT [n] ROW|ROWS ONLY|WITH TIES
Result<void> parse_fetch_clause(TokenCursor& tokens, Query& query) {
  if (query.limit) return tokens.refuse(tokens.here(), "the query has a limit already");
  const Level level(tokens);
  tokens.take();
  if (!tokens.accept("FIRST")) {
    MILLRACE_TRY(tokens.expect("NEXT"));
  }
  if ((tokens.at("ROW") || tokens.at("ROWS")) && (tokens.at("ONLY", 1) || tokens.at("WITH", 1))) {
    query.limit = Expression{Literal{LiteralKind::kInteger, "1"}, {}};
  } else {
    query.limit = MILLRACE_TRY(parse_operators(tokens, Precedence::kSign));
  }
  if (!tokens.accept("ROWS")) {
    MILLRACE_TRY(tokens.expect("ROW"));
  }
  if (tokens.accept("ONLY")) return {};
  MILLRACE_TRY(tokens.expect("WITH"));
  MILLRACE_TRY(tokens.expect("TIES"));
  query.with_ties = true;
  return {};
}

Result<void> parse_offset(TokenCursor& tokens, Query& query) {
  if (query.offset) return tokens.refuse(tokens.here(), "the query has an offset already");
  tokens.take();
  query.offset = MILLRACE_TRY(parse_expression(tokens));
  if (!tokens.accept("ROWS")) tokens.accept("ROW");
  return {};
}

// EMIT behind ORDER BY or LIMIT belongs to the only SELECT.
Result<void> parse_late_emit(TokenCursor& tokens, Query& query) {
  auto* select = std::get_if<Select>(&query.body);
  if (select == nullptr || select->emit) {
    return tokens.refuse(tokens.here(), select == nullptr
                                            ? "EMIT belongs to one SELECT, before UNION and its kin"
                                            : "the SELECT has an EMIT already");
  }
  select->emit = MILLRACE_TRY(parse_emit(tokens));
  return {};
}

Result<void> parse_tail(TokenCursor& tokens, Query& query) {
  if (tokens.at("ORDER")) query.order_by = MILLRACE_TRY(parse_order_by(tokens));
  while (true) {
    if (tokens.at("LIMIT")) {
      MILLRACE_TRY(parse_limit(tokens, query));
    } else if (tokens.at("OFFSET")) {
      MILLRACE_TRY(parse_offset(tokens, query));
    } else if (tokens.at("FETCH")) {
      MILLRACE_TRY(parse_fetch_clause(tokens, query));
    } else if (tokens.at("EMIT") && !tokens.at("CHANGES", 1)) {
      MILLRACE_TRY(parse_late_emit(tokens, query));
    } else {
      tokens.note("the next clause");
      return {};
    }
  }
}

// Puts WITH and the tail on a query that may have some of its own from parentheses.
Result<Query> finish_query(TokenCursor& tokens, std::optional<With> with, Query body, Span begin) {
  Query outer;
  if (has_tail(body)) {
    MILLRACE_TRY(parse_tail(tokens, outer));
    outer.with = std::move(with);
    if (!has_tail(outer)) return body;
    outer.body = NestedQuery{std::move(body)};
    MILLRACE_TRY(tokens.grow());
  } else {
    outer = std::move(body);
    MILLRACE_TRY(parse_tail(tokens, outer));
    outer.with = std::move(with);
  }
  outer.span = tokens.since(begin);
  return outer;
}

Result<CommonTable> parse_common_table(TokenCursor& tokens) {
  CommonTable table;
  table.name = MILLRACE_TRY(parse_name(tokens, "a name for the query"));
  if (tokens.at("(")) table.columns = MILLRACE_TRY(parse_name_list(tokens, "a column's name"));
  MILLRACE_TRY(tokens.expect("AS"));
  if (tokens.accept("NOT")) {
    MILLRACE_TRY(tokens.expect("MATERIALIZED"));
    table.materialization = Materialization::kNotMaterialized;
  } else if (tokens.accept("MATERIALIZED")) {
    table.materialization = Materialization::kMaterialized;
  }
  table.query = MILLRACE_TRY(parse_query_in_parentheses(tokens));
  return table;
}

}  // namespace

bool at_query(const TokenCursor& tokens) {
  if (tokens.at("TABLE")) return at_name(tokens, 1);
  return tokens.at_any(kQueryWords);
}

bool at_query_tail(const TokenCursor& tokens) {
  constexpr auto kWords =
      std::to_array<std::string_view>({"ORDER", "LIMIT", "OFFSET", "FETCH", "EMIT"});
  return set_operator_here(tokens) || tokens.at_any(kWords);
}

Result<With> parse_with(TokenCursor& tokens) {
  With with;
  const Span begin = tokens.take().span;
  if (tokens.at("RECURSIVE") && at_name(tokens, 1)) {
    tokens.take();
    with.recursive = true;
  }
  do {
    with.tables.push_back(MILLRACE_TRY(parse_common_table(tokens)));
  } while (tokens.accept(","));
  with.span = tokens.since(begin);
  return with;
}

Result<Query> parse_query(TokenCursor& tokens) {
  const Level level(tokens);
  MILLRACE_TRY(level.check());
  const Span begin = tokens.here();
  std::optional<With> with;
  if (tokens.at("WITH")) with = MILLRACE_TRY(parse_with(tokens));
  const Span first_begin = tokens.here();
  Query first = MILLRACE_TRY(parse_query_primary(tokens));
  Query body = MILLRACE_TRY(parse_set_operations(tokens, std::move(first), false, first_begin));
  return finish_query(tokens, std::move(with), std::move(body), begin);
}

Result<Query> parse_query_after(TokenCursor& tokens, Query first, Span begin) {
  Query body = MILLRACE_TRY(parse_set_operations(tokens, std::move(first), false, begin));
  return finish_query(tokens, std::nullopt, std::move(body), begin);
}

Result<Query> parse_query_in_parentheses(TokenCursor& tokens) {
  MILLRACE_TRY(tokens.expect("(", "around the query"));
  Query query = MILLRACE_TRY(parse_query(tokens));
  MILLRACE_TRY(tokens.expect(")", "after the query"));
  return query;
}

}  // namespace millrace::sql
