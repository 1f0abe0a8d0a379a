#include <array>
#include <optional>

#include "sql/parse/grammar.h"
#include "sql/text/keyword.h"

namespace millrace::sql {
namespace {

// Functions that SQL calls without parentheses.
constexpr auto kBareCalls = std::to_array<std::string_view>(
    {"CURRENT_CATALOG", "CURRENT_DATE", "CURRENT_ROLE", "CURRENT_SCHEMA", "CURRENT_TIME",
     "CURRENT_TIMESTAMP", "CURRENT_USER", "LOCALTIME", "LOCALTIMESTAMP", "SESSION_USER"});
// Reserved words that are functions before a parenthesis.
constexpr auto kReservedCalls = std::to_array<std::string_view>({"LEFT", "RIGHT"});

Expression literal(TokenCursor& tokens, LiteralKind kind) {
  Token token = tokens.take();
  return {Literal{kind, std::move(token.value)}, token.span};
}

Result<Expression> parse_case(TokenCursor& tokens) {
  const Span begin = tokens.take().span;
  Case node;
  if (!tokens.at("WHEN")) node.operand = MILLRACE_TRY(parse_expression(tokens));
  do {
    MILLRACE_TRY(tokens.expect("WHEN"));
    CaseBranch branch;
    branch.when = MILLRACE_TRY(parse_expression(tokens));
    MILLRACE_TRY(tokens.expect("THEN", "after the condition of WHEN"));
    branch.then = MILLRACE_TRY(parse_expression(tokens));
    node.branches.push_back(std::move(branch));
  } while (tokens.at("WHEN"));
  tokens.accept("WHEN");
  if (tokens.accept("ELSE")) node.otherwise = MILLRACE_TRY(parse_expression(tokens));
  MILLRACE_TRY(tokens.expect("END", "in CASE"));
  return Expression{std::move(node), tokens.since(begin)};
}

Result<Expression> parse_query_word(TokenCursor& tokens) {
  const Span begin = tokens.here();
  const bool exists = tokens.at("EXISTS");
  tokens.take();
  Box<Query> query = MILLRACE_TRY(parse_query_in_parentheses(tokens));
  Expression expression;
  if (exists) {
    expression.node = Exists{std::move(query)};
  } else {
    expression.node = ArraySubquery{std::move(query)};
  }
  expression.span = tokens.since(begin);
  return expression;
}

// [a, b], behind ARRAY or MAP, or alone inside another array
Result<std::vector<Expression>> parse_bracketed(TokenCursor& tokens, bool nested_arrays) {
  std::vector<Expression> elements;
  MILLRACE_TRY(tokens.expect("["));
  if (tokens.accept("]")) return elements;
  do {
    if (nested_arrays && tokens.at("[")) {
      const Level level(tokens);
      MILLRACE_TRY(level.check());
      const Span begin = tokens.here();
      ArrayConstructor inner{MILLRACE_TRY(parse_bracketed(tokens, true))};
      elements.push_back({std::move(inner), tokens.since(begin)});
    } else {
      elements.push_back(MILLRACE_TRY(parse_expression(tokens)));
    }
  } while (tokens.accept(","));
  MILLRACE_TRY(tokens.expect("]", "after the element"));
  return elements;
}

Result<Expression> parse_array(TokenCursor& tokens) {
  const Span begin = tokens.take().span;
  ArrayConstructor node{MILLRACE_TRY(parse_bracketed(tokens, true))};
  return Expression{std::move(node), tokens.since(begin)};
}

Result<Expression> parse_map(TokenCursor& tokens) {
  const Span begin = tokens.take().span;
  MapConstructor node{MILLRACE_TRY(parse_bracketed(tokens, false))};
  const Span span = tokens.since(begin);
  if (node.entries.size() % 2 != 0) {
    return tokens.refuse(node.entries.back().span, "the last key of the map has no value");
  }
  return Expression{std::move(node), span};
}

Result<Expression> parse_row(TokenCursor& tokens) {
  const Span begin = tokens.take().span;
  RowConstructor node;
  MILLRACE_TRY(tokens.expect("("));
  if (!tokens.accept(")")) {
    node.elements = MILLRACE_TRY(parse_expressions(tokens));
    MILLRACE_TRY(tokens.expect(")", "after the field of the row"));
  }
  return Expression{std::move(node), tokens.since(begin)};
}

bool at_interval_literal(const TokenCursor& tokens) {
  if (!tokens.at("INTERVAL")) return false;
  const size_t sign = tokens.at("-", 1) || tokens.at("+", 1) ? 1 : 0;
  return tokens.peek(1 + sign).kind == TokenKind::kString;
}

Result<Expression> parse_interval(TokenCursor& tokens) {
  const Span begin = tokens.take().span;
  IntervalLiteral node;
  node.negative = tokens.accept("-");
  tokens.accept("+");
  node.text = MILLRACE_TRY(parse_string(tokens, "the interval in quotes"));
  node.qualifier = MILLRACE_TRY(parse_interval_qualifier(tokens));
  return Expression{std::move(node), tokens.since(begin)};
}

// DATE '…', TIMESTAMP(3) '…', TIMESTAMP WITH TIME ZONE '…'
bool at_typed_literal(const TokenCursor& tokens) {
  if (tokens.peek().kind != TokenKind::kWord) return false;
  size_t ahead = 1;
  if (tokens.at("(", ahead) && tokens.peek(ahead + 1).kind == TokenKind::kInteger &&
      tokens.at(")", ahead + 2)) {
    ahead += 3;
  }
  if (tokens.at("TIME") || tokens.at("TIMESTAMP")) {
    if (tokens.at("WITH", ahead) || tokens.at("WITHOUT", ahead)) {
      ahead += tokens.at("LOCAL", ahead + 1) ? 4 : 3;
    }
  }
  return tokens.peek(ahead).kind == TokenKind::kString;
}

Result<Expression> parse_typed_literal(TokenCursor& tokens) {
  const Span begin = tokens.here();
  TypedLiteral node;
  node.type.node = MILLRACE_TRY(parse_named_type(tokens));
  node.type.span = tokens.since(begin);
  node.text = MILLRACE_TRY(parse_string(tokens, "the value in quotes"));
  return Expression{std::move(node), tokens.since(begin)};
}

// a.b.c, f(x)
Result<Expression> parse_name_or_call(TokenCursor& tokens) {
  const Span begin = tokens.here();
  QualifiedName name = MILLRACE_TRY(parse_qualified_name(tokens, "an expression"));
  if (tokens.at("(")) return parse_call(tokens, std::move(name));
  return Expression{ColumnRef{std::move(name)}, tokens.since(begin)};
}

Result<Expression> parse_bare_call(TokenCursor& tokens) {
  const Token token = tokens.take();
  Call call;
  call.name = {{{upper_word(token.raw), token.span}}, token.span};
  if (tokens.at("(")) return parse_call(tokens, std::move(call.name));
  call.bare = true;
  return Expression{std::move(call), token.span};
}

Result<Expression> parse_reserved_word(TokenCursor& tokens) {
  if (tokens.at("NULL")) return literal(tokens, LiteralKind::kNull);
  if (tokens.at("TRUE")) return literal(tokens, LiteralKind::kTrue);
  if (tokens.at("FALSE")) return literal(tokens, LiteralKind::kFalse);
  if (tokens.at("CASE")) return parse_case(tokens);
  if (tokens.at("EXISTS")) return parse_query_word(tokens);
  if (tokens.at_any(kBareCalls)) return parse_bare_call(tokens);
  if (tokens.at_any(kReservedCalls) && tokens.at("(", 1)) {
    const Token token = tokens.take();
    return parse_call(tokens, {{{std::string(token.raw), token.span}}, token.span});
  }
  return tokens.unexpected("an expression");
}

// RUNNING f(…), FINAL f(…)
bool at_match_semantics(const TokenCursor& tokens) {
  return (tokens.at("RUNNING") || tokens.at("FINAL")) && tokens.peek(1).kind == TokenKind::kWord &&
         tokens.at("(", 2) && at_bare_alias(tokens, 1);
}

Result<Expression> parse_match_semantics(TokenCursor& tokens) {
  const Level level(tokens);
  MILLRACE_TRY(level.check());
  const Token word = tokens.take();
  MatchSemantics node{.final = same_word(word.raw, "FINAL")};
  node.operand = MILLRACE_TRY(parse_primary(tokens));
  return Expression{std::move(node), tokens.since(word.span)};
}

Result<Expression> parse_word(TokenCursor& tokens) {
  if (is_reserved(tokens.peek().raw)) return parse_reserved_word(tokens);
  if (tokens.at_words("ARRAY", "[")) return parse_array(tokens);
  if (tokens.at_words("ARRAY", "(")) return parse_query_word(tokens);
  if (tokens.at_words("MAP", "[")) return parse_map(tokens);
  if (tokens.at_words("ROW", "(")) return parse_row(tokens);
  if (at_interval_literal(tokens)) return parse_interval(tokens);
  if (at_typed_literal(tokens)) return parse_typed_literal(tokens);
  if (at_match_semantics(tokens)) return parse_match_semantics(tokens);
  if (tokens.at("(", 1)) {
    std::optional<Expression> special = MILLRACE_TRY(parse_special_call(tokens));
    if (special) return std::move(*special);
  }
  return parse_name_or_call(tokens);
}

Result<Expression> parse_parenthesised_expression(TokenCursor& tokens) {
  const Span begin = tokens.here();
  Parenthesised inside = MILLRACE_TRY(parse_parenthesised(tokens));
  const Span span = tokens.since(begin);
  if (inside.query) return Expression{ScalarSubquery{std::move(inside.query)}, span};
  if (inside.expressions.size() == 1) return std::move(inside.expressions[0]);
  return Expression{RowConstructor{std::move(inside.expressions)}, span};
}

}  // namespace

Result<Parenthesised> parse_parenthesised(TokenCursor& tokens) {
  Parenthesised inside;
  MILLRACE_TRY(tokens.expect("("));
  const Span begin = tokens.here();
  if (at_query(tokens)) {
    inside.query = MILLRACE_TRY(parse_query(tokens));
    MILLRACE_TRY(tokens.expect(")", "after the query"));
    return inside;
  }
  const bool nested = tokens.at("(");
  inside.expressions.push_back(MILLRACE_TRY(parse_expression(tokens)));
  auto* subquery = std::get_if<ScalarSubquery>(&inside.expressions[0].node);
  if (nested && subquery != nullptr && at_query_tail(tokens)) {
    inside.query = MILLRACE_TRY(parse_query_after(tokens, std::move(*subquery->query), begin));
    inside.expressions.clear();
    MILLRACE_TRY(tokens.expect(")", "after the query"));
    return inside;
  }
  while (tokens.accept(",")) {
    inside.expressions.push_back(MILLRACE_TRY(parse_expression(tokens)));
  }
  MILLRACE_TRY(tokens.expect(")", "after the expression"));
  return inside;
}

Result<Expression> parse_primary(TokenCursor& tokens) {
  switch (tokens.peek().kind) {
    case TokenKind::kInteger:
      return literal(tokens, LiteralKind::kInteger);
    case TokenKind::kDecimal:
      return literal(tokens, LiteralKind::kDecimal);
    case TokenKind::kFloat:
      return literal(tokens, LiteralKind::kFloat);
    case TokenKind::kString:
      return literal(tokens, LiteralKind::kString);
    case TokenKind::kBytes:
      return literal(tokens, LiteralKind::kBytes);
    case TokenKind::kQuotedName:
      return parse_name_or_call(tokens);
    case TokenKind::kWord:
      return parse_word(tokens);
    default:
      if (tokens.at("(")) return parse_parenthesised_expression(tokens);
      return tokens.unexpected("an expression");
  }
}

}  // namespace millrace::sql
