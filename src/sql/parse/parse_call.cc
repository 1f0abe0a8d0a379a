#include <array>

#include "sql/parse/grammar.h"
#include "sql/text/keyword.h"

namespace millrace::sql {
namespace {

Result<Argument> parse_argument(TokenCursor& tokens) {
  Argument argument;
  if (at_name(tokens) && (tokens.at("=>", 1) || tokens.at(":=", 1))) {
    argument.name = MILLRACE_TRY(parse_name(tokens, "an argument's name"));
    tokens.take();
  }
  argument.value = MILLRACE_TRY(parse_expression(tokens));
  return argument;
}

// At `(`.
Result<void> parse_arguments(TokenCursor& tokens, Call& call) {
  MILLRACE_TRY(tokens.expect("("));
  if (tokens.at_words("*", ")")) {
    tokens.take();
    tokens.take();
    call.star = true;
    return {};
  }
  if (tokens.at(")")) {
    tokens.take();
    return {};
  }
  call.distinct = tokens.at("DISTINCT");
  if (call.distinct || tokens.at("ALL")) tokens.take();
  do {
    call.arguments.push_back(MILLRACE_TRY(parse_argument(tokens)));
  } while (tokens.accept(","));
  call.order_by = MILLRACE_TRY(parse_order_by(tokens));
  return tokens.expect(")", "after the argument");
}

Expression plain_call(Identifier name, std::vector<Expression> arguments, Span span) {
  Call call;
  call.name.span = name.span;
  call.name.parts.push_back(std::move(name));
  for (Expression& argument : arguments) {
    call.arguments.push_back({std::nullopt, std::move(argument)});
  }
  return {std::move(call), span};
}

Identifier take_word(TokenCursor& tokens) {
  const Token token = tokens.take();
  return {std::string(token.raw), token.span};
}

Result<Expression> parse_cast(TokenCursor& tokens) {
  const Identifier name = take_word(tokens);
  Cast node{.or_null = same_word(name.text, "TRY_CAST")};
  MILLRACE_TRY(tokens.expect("("));
  node.operand = MILLRACE_TRY(parse_expression(tokens));
  MILLRACE_TRY(tokens.expect("AS", "and the type to cast to"));
  node.type = MILLRACE_TRY(parse_type_name(tokens));
  MILLRACE_TRY(tokens.expect(")", "after the type"));
  return Expression{std::move(node), tokens.since(name.span)};
}

Result<Expression> parse_extract(TokenCursor& tokens) {
  const Identifier name = take_word(tokens);
  Extract node;
  MILLRACE_TRY(tokens.expect("("));
  if (tokens.peek().kind == TokenKind::kString) {
    Token field = tokens.take();
    if (field.value.empty()) return tokens.refuse(field.span, "the field's name is empty");
    node.field = {std::move(field.value), field.span};
  } else {
    node.field = MILLRACE_TRY(parse_name(tokens, "a time unit"));
  }
  MILLRACE_TRY(tokens.expect("FROM", "after the time unit"));
  node.operand = MILLRACE_TRY(parse_expression(tokens));
  MILLRACE_TRY(tokens.expect(")"));
  return Expression{std::move(node), tokens.since(name.span)};
}

// TRIM([LEADING|TRAILING|BOTH] [characters] FROM s); TRIM(s) is an ordinary call.
Result<Expression> parse_trim(TokenCursor& tokens) {
  Identifier name = take_word(tokens);
  MILLRACE_TRY(tokens.expect("("));
  const bool ordinary_name = tokens.at(")", 1) || tokens.at(",", 1) || tokens.at(".", 1);
  if (tokens.at("LEADING") && !ordinary_name) {
    name.text = "LTRIM";
    tokens.take();
  } else if (tokens.at("TRAILING") && !ordinary_name) {
    name.text = "RTRIM";
    tokens.take();
  } else if (tokens.at("BOTH") && !ordinary_name) {
    tokens.take();
  }
  std::vector<Expression> arguments;
  if (!tokens.at("FROM")) arguments.push_back(MILLRACE_TRY(parse_expression(tokens)));
  if (tokens.accept("FROM")) {
    arguments.insert(arguments.begin(), MILLRACE_TRY(parse_expression(tokens)));
  } else {
    while (tokens.accept(",")) arguments.push_back(MILLRACE_TRY(parse_expression(tokens)));
  }
  MILLRACE_TRY(tokens.expect(")"));
  return plain_call(std::move(name), std::move(arguments), tokens.since(name.span));
}

Expression number_one() {
  return {Literal{LiteralKind::kInteger, "1"}, {}};
}

// SUBSTRING(s FROM a FOR b), OVERLAY(s PLACING p FROM a FOR b), or with commas.
Result<Expression> parse_with_words(TokenCursor& tokens) {
  Identifier name = take_word(tokens);
  MILLRACE_TRY(tokens.expect("("));
  std::vector<Expression> arguments;
  arguments.push_back(MILLRACE_TRY(parse_expression(tokens)));
  if (tokens.accept("PLACING")) arguments.push_back(MILLRACE_TRY(parse_expression(tokens)));
  if (tokens.accept("FROM")) {
    arguments.push_back(MILLRACE_TRY(parse_expression(tokens)));
    if (tokens.accept("FOR")) arguments.push_back(MILLRACE_TRY(parse_expression(tokens)));
  } else if (same_word(name.text, "SUBSTRING") && tokens.accept("FOR")) {
    arguments.push_back(number_one());
    arguments.push_back(MILLRACE_TRY(parse_expression(tokens)));
  } else {
    while (tokens.accept(",")) arguments.push_back(MILLRACE_TRY(parse_expression(tokens)));
  }
  MILLRACE_TRY(tokens.expect(")"));
  return plain_call(std::move(name), std::move(arguments), tokens.since(name.span));
}

// POSITION(a IN b), or with a comma.
Result<Expression> parse_position(TokenCursor& tokens) {
  Identifier name = take_word(tokens);
  MILLRACE_TRY(tokens.expect("("));
  const Level level(tokens);
  MILLRACE_TRY(level.check());
  std::vector<Expression> arguments;
  arguments.push_back(MILLRACE_TRY(parse_operators(tokens, above(Precedence::kRange))));
  if (!tokens.accept("IN")) {
    MILLRACE_TRY(tokens.expect(","));
  }
  arguments.push_back(MILLRACE_TRY(parse_expression(tokens)));
  MILLRACE_TRY(tokens.expect(")"));
  return plain_call(std::move(name), std::move(arguments), tokens.since(name.span));
}

// FLOOR(x TO DAY); FLOOR(x) is an ordinary call.
Result<Expression> parse_round(TokenCursor& tokens) {
  Identifier name = take_word(tokens);
  MILLRACE_TRY(tokens.expect("("));
  std::vector<Expression> arguments;
  arguments.push_back(MILLRACE_TRY(parse_expression(tokens)));
  if (tokens.accept("TO")) {
    RoundToUnit node{.up = !same_word(name.text, "FLOOR"), .operand = std::move(arguments[0])};
    const std::optional<TimeUnit> unit =
        tokens.peek().kind == TokenKind::kWord ? find_time_unit(tokens.peek().raw) : std::nullopt;
    if (!unit) return tokens.unexpected("a time unit");
    tokens.take();
    node.unit = *unit;
    MILLRACE_TRY(tokens.expect(")"));
    return Expression{std::move(node), tokens.since(name.span)};
  }
  while (tokens.accept(",")) arguments.push_back(MILLRACE_TRY(parse_expression(tokens)));
  MILLRACE_TRY(tokens.expect(")"));
  return plain_call(std::move(name), std::move(arguments), tokens.since(name.span));
}

struct SpecialCall {
  std::string_view word;
  Result<Expression> (*parse)(TokenCursor&);
};
constexpr auto kSpecialCalls = std::to_array<SpecialCall>({
    {"CAST", parse_cast},
    {"TRY_CAST", parse_cast},
    {"EXTRACT", parse_extract},
    {"TRIM", parse_trim},
    {"SUBSTRING", parse_with_words},
    {"OVERLAY", parse_with_words},
    {"POSITION", parse_position},
    {"FLOOR", parse_round},
    {"CEIL", parse_round},
    {"CEILING", parse_round},
});

}  // namespace

Result<void> parse_call_tail(TokenCursor& tokens, Call& call) {
  if (tokens.at_words("WITHIN", "GROUP")) {
    tokens.take();
    tokens.take();
    MILLRACE_TRY(tokens.expect("("));
    MILLRACE_TRY(tokens.expect("ORDER"));
    MILLRACE_TRY(tokens.expect("BY"));
    call.within_group = MILLRACE_TRY(parse_order_items(tokens));
    MILLRACE_TRY(tokens.expect(")"));
  }
  if (tokens.at_words("FILTER", "(")) {
    tokens.take();
    tokens.take();
    MILLRACE_TRY(tokens.expect("WHERE"));
    call.filter = MILLRACE_TRY(parse_expression(tokens));
    MILLRACE_TRY(tokens.expect(")", "after the condition of FILTER"));
  }
  if (tokens.at("NULLS", 1) && (tokens.at("IGNORE") || tokens.at("RESPECT"))) {
    call.nulls = tokens.at("IGNORE") ? NullTreatment::kIgnoreNulls : NullTreatment::kRespectNulls;
    tokens.take();
    tokens.take();
  }
  if (tokens.at("OVER") && (tokens.at("(", 1) || at_name(tokens, 1))) {
    tokens.take();
    call.over = MILLRACE_TRY(parse_over(tokens));
  }
  return {};
}

Result<Expression> parse_call(TokenCursor& tokens, QualifiedName name) {
  const Span begin = name.span;
  Call call;
  call.name = std::move(name);
  MILLRACE_TRY(parse_arguments(tokens, call));
  MILLRACE_TRY(parse_call_tail(tokens, call));
  return Expression{std::move(call), tokens.since(begin)};
}

Result<std::optional<Expression>> parse_special_call(TokenCursor& tokens) {
  if (tokens.at(")", 2)) return std::nullopt;
  for (const SpecialCall& special : kSpecialCalls) {
    if (!tokens.at(special.word)) continue;
    return std::optional(MILLRACE_TRY(special.parse(tokens)));
  }
  return parse_json_call(tokens);
}

}  // namespace millrace::sql
