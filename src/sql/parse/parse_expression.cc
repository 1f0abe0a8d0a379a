#include <optional>

#include "sql/parse/grammar.h"
#include "sql/text/keyword.h"

namespace millrace::sql {
namespace {

// What stands behind a finished operand.
struct Infix {
  enum class Kind : uint8_t {
    kBinary,
    kLogical,
    kIs,
    kIsNullWord,
    kBetween,
    kIn,
    kLike,
    kAtTimeZone,
    kCollate,
    kOperatorWord,
  } kind;
  Precedence precedence;
  const BinaryOperatorRow* row = nullptr;  // of kBinary
  bool negated = false;                    // NOT BETWEEN, NOT IN, …
  size_t token_count = 1;
};

bool adjacent(const Token& first, const Token& second) {
  return first.span.end() == second.span.offset;
}

std::optional<Infix> symbol_here(const TokenCursor& tokens) {
  const Token& token = tokens.peek();
  if (token.raw == "?" && adjacent(token, tokens.peek(1))) {
    for (const std::string_view symbol : {"?|", "?&"}) {
      if (!tokens.at(symbol.substr(1), 1)) continue;
      return Infix{Infix::Kind::kBinary, Precedence::kOther, find_binary_operator(symbol), false,
                   2};
    }
  }
  const BinaryOperatorRow* row = find_binary_operator(token.raw);
  if (row == nullptr) return std::nullopt;
  return Infix{Infix::Kind::kBinary, row->precedence, row};
}

std::optional<Infix> range_word(const TokenCursor& tokens, size_t ahead) {
  if (tokens.at("BETWEEN", ahead)) return Infix{Infix::Kind::kBetween, Precedence::kRange};
  if (tokens.at("IN", ahead)) return Infix{Infix::Kind::kIn, Precedence::kRange};
  if (tokens.at("LIKE", ahead) || tokens.at("ILIKE", ahead) ||
      (tokens.at("SIMILAR", ahead) && tokens.at("TO", ahead + 1))) {
    return Infix{Infix::Kind::kLike, Precedence::kRange};
  }
  return std::nullopt;
}

std::optional<Infix> word_here(const TokenCursor& tokens) {
  using Kind = Infix::Kind;
  if (tokens.at("AND")) return Infix{Kind::kLogical, Precedence::kAnd};
  if (tokens.at("OR")) return Infix{Kind::kLogical, Precedence::kOr};
  if (tokens.at("IS")) return Infix{Kind::kIs, Precedence::kIs};
  if (tokens.at("ISNULL")) return Infix{Kind::kIsNullWord, Precedence::kIs};
  if (tokens.at("NOTNULL")) return Infix{Kind::kIsNullWord, Precedence::kIs, nullptr, true};
  if (tokens.at("NOT")) {
    std::optional<Infix> found = range_word(tokens, 1);
    if (found) found->negated = true;
    return found;
  }
  if (tokens.at_words("AT", "TIME")) return Infix{Kind::kAtTimeZone, Precedence::kAtTimeZone};
  if (tokens.at("COLLATE")) return Infix{Kind::kCollate, Precedence::kCollate};
  if (tokens.at_words("OPERATOR", "(")) return Infix{Kind::kOperatorWord, Precedence::kOther};
  if (tokens.at("OVERLAPS")) {
    const BinaryOperatorRow& row = binary_operator(BinaryOperator::kOverlaps);
    return Infix{Kind::kBinary, row.precedence, &row};
  }
  return range_word(tokens, 0);
}

std::optional<Infix> infix_here(const TokenCursor& tokens) {
  switch (tokens.peek().kind) {
    case TokenKind::kSymbol:
      return symbol_here(tokens);
    case TokenKind::kWord:
      return word_here(tokens);
    default:
      return std::nullopt;
  }
}

// An operand beside others of one node.
Result<Box<Expression>> parse_operand(TokenCursor& tokens, Precedence least) {
  const Branch branch(tokens);
  return Box<Expression>(MILLRACE_TRY(parse_operators(tokens, least)));
}

Result<ExpressionNode> parse_quantified(TokenCursor& tokens, Expression left, BinaryOperator op) {
  Quantified node{.operand = std::move(left), .op = op, .all = tokens.at("ALL")};
  tokens.take();
  Parenthesised inside = MILLRACE_TRY(parse_parenthesised(tokens));
  if (inside.expressions.size() > 1) {
    return tokens.refuse(inside.expressions[1].span, "ANY and ALL take a query or one array");
  }
  node.query = std::move(inside.query);
  if (!inside.expressions.empty()) node.array = std::move(inside.expressions[0]);
  return node;
}

Result<ExpressionNode> parse_binary(TokenCursor& tokens, Expression left,
                                    const BinaryOperatorRow& row) {
  const bool quantified = tokens.at("ANY") || tokens.at("SOME") || tokens.at("ALL");
  if (quantified && is_comparison(row.op)) return parse_quantified(tokens, std::move(left), row.op);
  Binary node{.op = row.op, .left = std::move(left)};
  node.right = MILLRACE_TRY(parse_operand(tokens, above(row.precedence)));
  return node;
}

// OPERATOR(schema.symbol), PostgreSQL's long form.
Result<ExpressionNode> parse_operator_word(TokenCursor& tokens, Expression left) {
  tokens.take();
  MILLRACE_TRY(tokens.expect("("));
  while (at_name(tokens)) {
    tokens.take();
    MILLRACE_TRY(tokens.expect("."));
  }
  const BinaryOperatorRow* row = nullptr;
  if (tokens.peek().kind == TokenKind::kSymbol) row = find_binary_operator(tokens.peek().raw);
  if (row == nullptr) return tokens.unexpected("an operator");
  tokens.take();
  MILLRACE_TRY(tokens.expect(")"));
  Binary node{.op = row->op, .left = std::move(left)};
  node.right = MILLRACE_TRY(parse_operand(tokens, above(Precedence::kOther)));
  MILLRACE_TRY(tokens.grow());  // an operand may need parentheses without the long form
  return node;
}

// a AND b AND c: the whole chain.
Result<ExpressionNode> parse_logical(TokenCursor& tokens, Expression left, Precedence precedence) {
  const std::string_view word = precedence == Precedence::kAnd ? "AND" : "OR";
  Logical node{.is_and = precedence == Precedence::kAnd};
  node.operands.push_back(std::move(left));
  while (tokens.at(word)) {
    tokens.take();
    const Branch branch(tokens);
    node.operands.push_back(MILLRACE_TRY(parse_operators(tokens, above(precedence))));
  }
  return node;
}

Result<ExpressionNode> parse_is(TokenCursor& tokens, Expression left) {
  const bool negated = tokens.accept("NOT");
  if (tokens.accept("DISTINCT")) {
    MILLRACE_TRY(tokens.expect("FROM"));
    IsDistinctFrom node{.left = std::move(left), .negated = negated};
    node.right = MILLRACE_TRY(parse_operand(tokens, above(Precedence::kIs)));
    return node;
  }
  Is node{.operand = std::move(left), .negated = negated};
  if (tokens.accept("NULL")) {
    node.kind = IsKind::kNull;
  } else if (tokens.accept("TRUE")) {
    node.kind = IsKind::kTrue;
  } else if (tokens.accept("FALSE")) {
    node.kind = IsKind::kFalse;
  } else if (tokens.accept("UNKNOWN")) {
    node.kind = IsKind::kUnknown;
  } else if (tokens.accept("JSON")) {
    node.kind = tokens.accept("OBJECT")   ? IsKind::kJsonObject
                : tokens.accept("ARRAY")  ? IsKind::kJsonArray
                : tokens.accept("SCALAR") ? IsKind::kJsonScalar
                                          : IsKind::kJson;
    if (node.kind == IsKind::kJson) tokens.accept("VALUE");
  } else {
    return tokens.unexpected({}, "after IS");
  }
  return node;
}

Result<ExpressionNode> parse_between(TokenCursor& tokens, Expression left, bool negated) {
  Between node{.operand = std::move(left), .negated = negated};
  if (!tokens.at("AND", 1)) {  // else it is a column of this name
    node.symmetric = tokens.accept("SYMMETRIC");
    if (!node.symmetric) tokens.accept("ASYMMETRIC");
  }
  node.low = MILLRACE_TRY(parse_operand(tokens, above(Precedence::kRange)));
  MILLRACE_TRY(tokens.expect("AND", "between the bounds of BETWEEN"));
  node.high = MILLRACE_TRY(parse_operand(tokens, above(Precedence::kRange)));
  return node;
}

Result<ExpressionNode> parse_in(TokenCursor& tokens, Expression left, bool negated) {
  Parenthesised inside = MILLRACE_TRY(parse_parenthesised(tokens));
  if (inside.query) {
    return InQuery{
        .operand = std::move(left), .query = std::move(inside.query), .negated = negated};
  }
  return InList{
      .operand = std::move(left), .list = std::move(inside.expressions), .negated = negated};
}

Result<ExpressionNode> parse_like(TokenCursor& tokens, Expression left, bool negated) {
  Like node{.operand = std::move(left), .negated = negated};
  if (tokens.accept("SIMILAR")) {
    tokens.take();
    node.kind = LikeKind::kSimilar;
  } else {
    node.kind = tokens.accept("ILIKE") ? LikeKind::kILike : LikeKind::kLike;
    tokens.accept("LIKE");
  }
  node.pattern = MILLRACE_TRY(parse_operand(tokens, above(Precedence::kRange)));
  if (tokens.at("ESCAPE")) {
    tokens.take();
    node.escape = MILLRACE_TRY(parse_operand(tokens, above(Precedence::kRange)));
  }
  return node;
}

Result<ExpressionNode> parse_at_time_zone(TokenCursor& tokens, Expression left) {
  tokens.take();
  MILLRACE_TRY(tokens.expect("TIME"));
  MILLRACE_TRY(tokens.expect("ZONE"));
  AtTimeZone node{.operand = std::move(left)};
  node.zone = MILLRACE_TRY(parse_operand(tokens, above(Precedence::kAtTimeZone)));
  return node;
}

Result<ExpressionNode> parse_collate(TokenCursor& tokens, Expression left) {
  tokens.take();
  Collate node{.operand = std::move(left)};
  node.collation = MILLRACE_TRY(parse_qualified_name(tokens, "a collation's name"));
  return node;
}

Result<ExpressionNode> parse_infix(TokenCursor& tokens, Expression left, const Infix& infix) {
  switch (infix.kind) {
    case Infix::Kind::kBinary:
      for (size_t i = 0; i < infix.token_count; ++i) tokens.take();
      return parse_binary(tokens, std::move(left), *infix.row);
    case Infix::Kind::kLogical:
      return parse_logical(tokens, std::move(left), infix.precedence);
    case Infix::Kind::kIs:
      tokens.take();
      return parse_is(tokens, std::move(left));
    case Infix::Kind::kIsNullWord:
      tokens.take();
      return Is{.operand = std::move(left), .negated = infix.negated};
    case Infix::Kind::kAtTimeZone:
      return parse_at_time_zone(tokens, std::move(left));
    case Infix::Kind::kCollate:
      return parse_collate(tokens, std::move(left));
    case Infix::Kind::kOperatorWord:
      return parse_operator_word(tokens, std::move(left));
    case Infix::Kind::kBetween:
    case Infix::Kind::kIn:
    case Infix::Kind::kLike:
      break;
  }
  if (infix.negated) tokens.take();
  if (infix.kind == Infix::Kind::kLike) {
    return parse_like(tokens, std::move(left), infix.negated);
  }
  tokens.take();
  if (infix.kind == Infix::Kind::kIn) return parse_in(tokens, std::move(left), infix.negated);
  return parse_between(tokens, std::move(left), infix.negated);
}

// x::t, x[1], x.field
Result<Expression> parse_postfix(TokenCursor& tokens) {
  const Span begin = tokens.here();
  Expression left = MILLRACE_TRY(parse_primary(tokens));
  while (tokens.peek().kind == TokenKind::kSymbol) {
    if (tokens.at("::")) {
      tokens.take();
      const Branch branch(tokens);
      TypeName type = MILLRACE_TRY(parse_type_name(tokens));
      left.node = Cast{.operand = Expression(std::move(left)), .type = std::move(type)};
    } else if (tokens.at("[")) {
      tokens.take();
      const Branch branch(tokens);
      Expression index = MILLRACE_TRY(parse_expression(tokens));
      MILLRACE_TRY(tokens.expect("]", "after the index"));
      left.node = Subscript{.operand = Expression(std::move(left)), .index = std::move(index)};
    } else if (tokens.at(".") && !tokens.at("*", 1)) {
      tokens.take();
      Identifier field = MILLRACE_TRY(parse_label(tokens, "a field's name"));
      left.node = FieldAccess{.operand = Expression(std::move(left)), .field = std::move(field)};
    } else {
      break;
    }
    left.span = tokens.since(begin);
    MILLRACE_TRY(tokens.grow());
  }
  return left;
}

// Whether the word in front of the operand is an operator, and how much it takes.
struct Prefix {
  UnaryOperator op;
  Precedence operand;
};
std::optional<Prefix> prefix_here(const TokenCursor& tokens) {
  if (tokens.at("NOT")) return Prefix{UnaryOperator::kNot, Precedence::kNot};
  if (tokens.at("-")) return Prefix{UnaryOperator::kMinus, Precedence::kSign};
  if (tokens.at("+")) return Prefix{UnaryOperator::kPlus, Precedence::kSign};
  if (tokens.at("~")) return Prefix{UnaryOperator::kBitNot, above(Precedence::kOther)};
  return std::nullopt;
}

Result<Expression> parse_prefix(TokenCursor& tokens, Precedence least) {
  const std::optional<Prefix> prefix = prefix_here(tokens);
  if (!prefix) return parse_postfix(tokens);
  const Level level(tokens);
  MILLRACE_TRY(level.check());
  const Span begin = tokens.take().span;
  Expression expression;
  expression.node =
      Unary{.op = prefix->op, .operand = MILLRACE_TRY(parse_operators(tokens, prefix->operand))};
  if (prefix->operand < least) {  // it is printed in parentheses
    MILLRACE_TRY(tokens.grow());
  }
  expression.span = tokens.since(begin);
  return expression;
}

}  // namespace

Result<Expression> parse_operators(TokenCursor& tokens, Precedence least) {
  const Span begin = tokens.here();
  Expression left = MILLRACE_TRY(parse_prefix(tokens, least));
  Precedence left_precedence = Precedence::kPrimary;
  while (true) {
    const std::optional<Infix> infix = infix_here(tokens);
    if (!infix || infix->precedence < least) return left;
    if (infix->precedence > left_precedence) {  // a IN (b) + c: `left` is printed in parentheses
      MILLRACE_TRY(tokens.grow());
    }
    left_precedence = infix->precedence;
    left = Expression{.node = MILLRACE_TRY(parse_infix(tokens, std::move(left), *infix))};
    left.span = tokens.since(begin);
    MILLRACE_TRY(tokens.grow());
  }
}

Result<Expression> parse_expression(TokenCursor& tokens) {
  const Level level(tokens);
  MILLRACE_TRY(level.check());
  return parse_operators(tokens, Precedence::kLowest);
}

Result<std::vector<Expression>> parse_expressions(TokenCursor& tokens) {
  std::vector<Expression> expressions;
  do {
    expressions.push_back(MILLRACE_TRY(parse_expression(tokens)));
  } while (tokens.accept(","));
  return expressions;
}

Result<OrderItem> parse_order_item(TokenCursor& tokens) {
  OrderItem item;
  item.expression = MILLRACE_TRY(parse_expression(tokens));
  item.descending = tokens.accept("DESC");
  if (!item.descending) tokens.accept("ASC");
  if (!tokens.accept("NULLS")) return item;
  item.nulls = tokens.accept("FIRST") ? NullsOrder::kFirst : NullsOrder::kLast;
  if (item.nulls == NullsOrder::kLast) {
    MILLRACE_TRY(tokens.expect("LAST"));
  }
  return item;
}

Result<std::vector<OrderItem>> parse_order_items(TokenCursor& tokens) {
  std::vector<OrderItem> items;
  do {
    items.push_back(MILLRACE_TRY(parse_order_item(tokens)));
  } while (tokens.accept(","));
  return items;
}

}  // namespace millrace::sql
