#include "sql/parse/grammar.h"

namespace millrace::sql {
namespace {

bool take(TokenCursor& tokens, std::string_view word) {
  if (!tokens.at(word)) return false;
  tokens.take();
  return true;
}

// The number of tokens of `*` or `t.*`, 0 where none stands there.
size_t star_length(const TokenCursor& tokens) {
  size_t ahead = 0;
  while (at_name(tokens, ahead) && tokens.at(".", ahead + 1)) ahead += 2;
  return tokens.at("*", ahead) ? ahead + 1 : 0;
}

Result<SelectItem> parse_star(TokenCursor& tokens) {
  Star star;
  const Span begin = tokens.here();
  while (!tokens.at("*")) {
    star.qualifier.parts.push_back(MILLRACE_TRY(parse_name(tokens, "a table's name")));
    star.qualifier.span = tokens.since(begin);
    MILLRACE_TRY(tokens.expect("."));
  }
  tokens.take();
  star.span = tokens.since(begin);
  return star;
}

Result<SelectItem> parse_item(TokenCursor& tokens) {
  if (star_length(tokens) > 0) return parse_star(tokens);
  ComputedItem item;
  item.expression = MILLRACE_TRY(parse_expression(tokens));
  if (take(tokens, "AS")) {
    item.alias = MILLRACE_TRY(parse_label(tokens, "a name for the column"));
  } else if (at_bare_alias(tokens)) {
    item.alias = MILLRACE_TRY(parse_label(tokens, "a name for the column"));
    tokens.took_bare_alias();
  }
  return item;
}

Result<void> parse_distinct(TokenCursor& tokens, Select& select) {
  if (!tokens.accept("DISTINCT")) {
    tokens.accept("ALL");
    return {};
  }
  select.distinct = true;
  if (!tokens.accept("ON")) return {};
  MILLRACE_TRY(tokens.expect("("));
  select.distinct_on = MILLRACE_TRY(parse_expressions(tokens));
  return tokens.expect(")", "after the expression");
}

Result<GroupingElement> parse_grouping_element(TokenCursor& tokens);

Result<std::vector<GroupingElement>> parse_grouping_elements(TokenCursor& tokens) {
  std::vector<GroupingElement> elements;
  do {
    elements.push_back(MILLRACE_TRY(parse_grouping_element(tokens)));
  } while (tokens.accept(","));
  return elements;
}

// The list behind ROLLUP, CUBE or GROUPING SETS.
Result<void> parse_grouping_list(TokenCursor& tokens, GroupingElement& element) {
  const Level level(tokens);
  MILLRACE_TRY(level.check());
  MILLRACE_TRY(tokens.expect("("));
  element.elements = MILLRACE_TRY(parse_grouping_elements(tokens));
  return tokens.expect(")", "after the grouping");
}

// x, or (x, y), which is a set of columns; () is the empty one.
Result<void> parse_grouping_set(TokenCursor& tokens, GroupingElement& element) {
  if (tokens.at_words("(", ")")) {
    tokens.take();
    tokens.take();
    element.kind = GroupingKind::kSet;
    return {};
  }
  Expression expression = MILLRACE_TRY(parse_expression(tokens));
  auto* row = std::get_if<RowConstructor>(&expression.node);
  const bool written_row = row == nullptr || tokens.source().of(expression.span).front() != '(';
  if (written_row) {
    element.expressions.push_back(std::move(expression));
    return {};
  }
  element.kind = GroupingKind::kSet;
  element.expressions = std::move(row->elements);
  return {};
}

Result<GroupingElement> parse_grouping_element(TokenCursor& tokens) {
  GroupingElement element;
  const Span begin = tokens.here();
  if (tokens.at_words("ROLLUP", "(")) {
    element.kind = GroupingKind::kRollup;
    tokens.take();
    MILLRACE_TRY(parse_grouping_list(tokens, element));
  } else if (tokens.at_words("CUBE", "(")) {
    element.kind = GroupingKind::kCube;
    tokens.take();
    MILLRACE_TRY(parse_grouping_list(tokens, element));
  } else if (tokens.at_words("GROUPING", "SETS")) {
    element.kind = GroupingKind::kGroupingSets;
    tokens.take();
    tokens.take();
    MILLRACE_TRY(parse_grouping_list(tokens, element));
  } else {
    MILLRACE_TRY(parse_grouping_set(tokens, element));
  }
  element.span = tokens.since(begin);
  return element;
}

// What stands behind the list of columns.
Result<void> parse_clauses(TokenCursor& tokens, Select& select) {
  if (take(tokens, "FROM")) {
    do {
      select.from.push_back(MILLRACE_TRY(parse_table_ref(tokens)));
    } while (tokens.accept(","));
  }
  if (take(tokens, "WHERE")) select.where = MILLRACE_TRY(parse_expression(tokens));
  if (take(tokens, "GROUP")) {
    MILLRACE_TRY(tokens.expect("BY"));
    select.group_by = MILLRACE_TRY(parse_grouping_elements(tokens));
  }
  if (take(tokens, "HAVING")) select.having = MILLRACE_TRY(parse_expression(tokens));
  select.windows = MILLRACE_TRY(parse_named_windows(tokens));
  if (take(tokens, "QUALIFY")) select.qualify = MILLRACE_TRY(parse_expression(tokens));
  if (select.windows.empty()) select.windows = MILLRACE_TRY(parse_named_windows(tokens));
  if (tokens.at("EMIT") && !tokens.at("CHANGES", 1)) select.emit = MILLRACE_TRY(parse_emit(tokens));
  return {};
}

}  // namespace

Result<Select> parse_select(TokenCursor& tokens) {
  Select select;
  tokens.take();
  MILLRACE_TRY(parse_distinct(tokens, select));
  do {
    select.items.push_back(MILLRACE_TRY(parse_item(tokens)));
  } while (tokens.accept(","));
  MILLRACE_TRY(parse_clauses(tokens, select));
  return select;
}

}  // namespace millrace::sql
