#include "plan/bind_expression.h"

#include <fmt/core.h>

#include <algorithm>

#include "expr/build.h"
#include "expr/evaluator.h"
#include "plan/bind_literal.h"
#include "plan/bind_type.h"
#include "sql/ast/statement.h"
#include "sql/print.h"

namespace millrace::plan {
namespace {

using expr::ExpressionPtr;
using Expressions = std::vector<ExpressionPtr>;

std::string_view operator_name(sql::BinaryOperator op) {
  using Op = sql::BinaryOperator;
  switch (op) {
    case Op::kAdd: return "+";
    case Op::kSubtract: return "-";
    case Op::kMultiply: return "*";
    case Op::kDivide: return "/";
    case Op::kModulo: return "%";
    case Op::kPower: return "^";
    case Op::kConcat: return "||";
    case Op::kEqual: return "=";
    case Op::kNotEqual: return "<>";
    case Op::kLess: return "<";
    case Op::kLessEqual: return "<=";
    case Op::kGreater: return ">";
    case Op::kGreaterEqual: return ">=";
    case Op::kBitAnd: return "&";
    case Op::kBitOr: return "|";
    case Op::kBitXor: return "#";
    case Op::kShiftLeft: return "<<";
    case Op::kShiftRight: return ">>";
    case Op::kJsonGet: return "->";
    case Op::kJsonGetText: return "->>";
    case Op::kMatch: return "~";
    case Op::kMatchNoCase: return "~*";
    case Op::kNotMatch: return "!~";
    case Op::kNotMatchNoCase: return "!~*";
    default: return {};
  }
}

}  // namespace

template <class T>
Result<T> ExpressionBinder::placed(Result<T> result, sql::Span span) const {
  if (result || !result.error().place().empty()) return result;
  const Error& error = result.error();
  return text_.error(error.code(), span, error.message()).remedy(error.remedy());
}

Result<ExpressionPtr> ExpressionBinder::refuse(sql::Span span, std::string_view what) const {
  return text_.error(ErrorCode::kNotSupported, span,
                     fmt::format("{} cannot be planned yet", what));
}

Result<ExpressionPtr> ExpressionBinder::call(std::string_view name, Expressions arguments,
                                             sql::Span span) const {
  return placed(functions_.call(name, std::move(arguments), dialect_), span);
}

Result<Expressions> ExpressionBinder::bind_all(
    const std::vector<sql::Expression>& expressions) const {
  Expressions bound;
  for (const sql::Expression& expression : expressions) {
    bound.push_back(MILLRACE_TRY(bind(expression)));
  }
  return bound;
}

Result<ExpressionPtr> ExpressionBinder::bind_condition(const sql::Expression& expression,
                                                       std::string_view clause) const {
  ExpressionPtr bound = MILLRACE_TRY(bind(expression));
  if (bound->type().kind() == data::TypeKind::kNull) {
    return expr::make_null(data::TypeKind::kBoolean);
  }
  if (bound->type().kind() == data::TypeKind::kBoolean) return bound;
  return text_.error(ErrorCode::kTypeMismatch, expression.span,
                     fmt::format("{} needs a BOOLEAN, but this is a {}", clause,
                                 bound->type().to_string()));
}

Result<ExpressionPtr> ExpressionBinder::bind_case(const sql::Case& node, sql::Span span) const {
  std::vector<expr::CaseBranch> branches;
  ExpressionPtr operand;
  if (node.operand) operand = MILLRACE_TRY(bind(*node.operand));
  for (const sql::CaseBranch& branch : node.branches) {
    ExpressionPtr when;
    if (operand != nullptr) {
      when = MILLRACE_TRY(call("=", {operand, MILLRACE_TRY(bind(branch.when))}, branch.when.span));
    } else {
      when = MILLRACE_TRY(bind_condition(branch.when, "WHEN"));
    }
    branches.push_back({std::move(when), MILLRACE_TRY(bind(branch.then))});
  }
  ExpressionPtr otherwise =
      node.otherwise ? MILLRACE_TRY(bind(*node.otherwise)) : expr::make_null();
  return placed(expr::make_case(std::move(branches), std::move(otherwise)), span);
}

Result<ExpressionPtr> ExpressionBinder::bind_between(const sql::Between& node,
                                                     sql::Span span) const {
  if (node.symmetric) return refuse(span, "BETWEEN SYMMETRIC");
  const ExpressionPtr operand = MILLRACE_TRY(bind(*node.operand));
  auto low = MILLRACE_TRY(call(">=", {operand, MILLRACE_TRY(bind(*node.low))}, span));
  auto high = MILLRACE_TRY(call("<=", {operand, MILLRACE_TRY(bind(*node.high))}, span));
  auto both = placed(expr::make_and({std::move(low), std::move(high)}), span);
  if (!node.negated || !both) return both;
  return placed(expr::make_not(std::move(*both)), span);
}

Result<ExpressionPtr> ExpressionBinder::bind_in_list(const sql::InList& node,
                                                     sql::Span span) const {
  const ExpressionPtr operand = MILLRACE_TRY(bind(*node.operand));
  Expressions list = MILLRACE_TRY(bind_all(node.list));
  const bool constant = std::ranges::all_of(list, [](const ExpressionPtr& element) {
    return element->as<expr::Literal>() != nullptr;
  });
  if (constant) {
    return placed(expr::make_in_list(operand, std::move(list), node.negated), span);
  }
  Expressions equalities;
  for (ExpressionPtr& element : list) {
    equalities.push_back(MILLRACE_TRY(call("=", {operand, std::move(element)}, span)));
  }
  auto any = placed(expr::make_or(std::move(equalities)), span);
  if (!node.negated || !any) return any;
  return placed(expr::make_not(std::move(*any)), span);
}

Result<ExpressionPtr> ExpressionBinder::bind_is(const sql::Is& node, sql::Span span) const {
  ExpressionPtr operand = MILLRACE_TRY(bind(*node.operand));
  switch (node.kind) {
    case sql::IsKind::kNull:
    case sql::IsKind::kUnknown:
      return placed(expr::make_test(expr::TestKind::kNull, std::move(operand), node.negated), span);
    case sql::IsKind::kTrue:
      return placed(expr::make_test(expr::TestKind::kTrue, std::move(operand), node.negated), span);
    case sql::IsKind::kFalse:
      return placed(expr::make_test(expr::TestKind::kFalse, std::move(operand), node.negated), span);
    default: return refuse(span, "IS JSON");
  }
}

Result<ExpressionPtr> ExpressionBinder::bind_call(const sql::Call& node, sql::Span span) const {
  const std::string& name = node.name.parts.back().text;
  if (node.over) return refuse(node.over->span, "OVER");
  if (special_) {
    ExpressionPtr special = MILLRACE_TRY(special_(node, span));
    if (special != nullptr) return special;
  } else if (functions_.find_aggregate(name, dialect_) != nullptr &&
             functions_.find_scalar(name, dialect_) == nullptr) {
    return text_.error(ErrorCode::kInvalidAggregate, span,
                       fmt::format("aggregate {} cannot stand here", name));
  }
  if (node.distinct || node.filter || !node.order_by.empty() || !node.within_group.empty()) {
    return text_.error(ErrorCode::kInvalidAggregate, span,
                       fmt::format("{} is no aggregate: DISTINCT, FILTER and ORDER BY belong to "
                                   "aggregates",
                                   name));
  }
  Expressions arguments;
  for (const sql::Argument& argument : node.arguments) {
    if (argument.name) return refuse(argument.name->span, "a named argument here");
    arguments.push_back(MILLRACE_TRY(bind(argument.value)));
  }
  if (name == "COALESCE" || name == "coalesce") {
    return placed(expr::make_coalesce(std::move(arguments)), span);
  }
  return call(name, std::move(arguments), span);
}

template <class Node>
Result<ExpressionPtr> ExpressionBinder::bind_node(const Node& node, sql::Span span) const {
  if constexpr (std::is_same_v<Node, sql::Literal>) {
    return bind_literal(node, span, text_);
  } else if constexpr (std::is_same_v<Node, sql::TypedLiteral>) {
    return bind_typed_literal(node, span, text_);
  } else if constexpr (std::is_same_v<Node, sql::IntervalLiteral>) {
    return bind_interval(node, span, text_);
  } else if constexpr (std::is_same_v<Node, sql::ColumnRef>) {
    return scope_.resolve(node.name, text_);
  } else if constexpr (std::is_same_v<Node, sql::Unary>) {
    ExpressionPtr operand = MILLRACE_TRY(bind(*node.operand));
    switch (node.op) {
      case sql::UnaryOperator::kPlus: return operand;
      case sql::UnaryOperator::kMinus: {
        auto negated = MILLRACE_TRY(call("NEGATE", {std::move(operand)}, span));
        return expr::fold_constants(negated);
      }
      case sql::UnaryOperator::kNot: return placed(expr::make_not(std::move(operand)), span);
      case sql::UnaryOperator::kBitNot: return refuse(span, "~ as bitwise NOT");
    }
    return refuse(span, "this operator");
  } else if constexpr (std::is_same_v<Node, sql::Binary>) {
    const std::string_view name = operator_name(node.op);
    if (name.empty()) return refuse(span, "this operator");
    ExpressionPtr left = MILLRACE_TRY(bind(*node.left));
    ExpressionPtr right = MILLRACE_TRY(bind(*node.right));
    return call(name, {std::move(left), std::move(right)}, span);
  } else if constexpr (std::is_same_v<Node, sql::Logical>) {
    Expressions operands;
    for (const sql::Expression& operand : node.operands) {
      operands.push_back(MILLRACE_TRY(bind_condition(operand, node.is_and ? "AND" : "OR")));
    }
    return placed(node.is_and ? expr::make_and(std::move(operands))
                              : expr::make_or(std::move(operands)),
                  span);
  } else if constexpr (std::is_same_v<Node, sql::Between>) {
    return bind_between(node, span);
  } else if constexpr (std::is_same_v<Node, sql::InList>) {
    return bind_in_list(node, span);
  } else if constexpr (std::is_same_v<Node, sql::Case>) {
    return bind_case(node, span);
  } else if constexpr (std::is_same_v<Node, sql::Cast>) {
    const data::Type type = MILLRACE_TRY(bind_type(node.type, text_));
    const auto mode = node.or_null ? expr::CastMode::kTry : expr::CastMode::kCast;
    return placed(expr::make_cast(MILLRACE_TRY(bind(*node.operand)), type, mode), span);
  } else if constexpr (std::is_same_v<Node, sql::Call>) {
    return bind_call(node, span);
  } else if constexpr (std::is_same_v<Node, sql::Is>) {
    return bind_is(node, span);
  } else if constexpr (std::is_same_v<Node, sql::IsDistinctFrom>) {
    ExpressionPtr left = MILLRACE_TRY(bind(*node.left));
    auto distinct = call("IS DISTINCT FROM", {left, MILLRACE_TRY(bind(*node.right))}, span);
    if (!node.negated || !distinct) return distinct;
    return placed(expr::make_not(std::move(*distinct)), span);
  } else if constexpr (std::is_same_v<Node, sql::Like>) {
    constexpr std::string_view kNames[] = {"LIKE", "ILIKE", "SIMILAR TO"};
    Expressions arguments{MILLRACE_TRY(bind(*node.operand)), MILLRACE_TRY(bind(*node.pattern))};
    if (node.escape) arguments.push_back(MILLRACE_TRY(bind(*node.escape)));
    auto like = call(kNames[static_cast<size_t>(node.kind)], std::move(arguments), span);
    if (!node.negated || !like) return like;
    return placed(expr::make_not(std::move(*like)), span);
  } else if constexpr (std::is_same_v<Node, sql::ArrayConstructor>) {
    return call("ARRAY", MILLRACE_TRY(bind_all(node.elements)), span);
  } else if constexpr (std::is_same_v<Node, sql::MapConstructor>) {
    return call("MAP", MILLRACE_TRY(bind_all(node.entries)), span);
  } else if constexpr (std::is_same_v<Node, sql::RowConstructor>) {
    return call("ROW", MILLRACE_TRY(bind_all(node.elements)), span);
  } else if constexpr (std::is_same_v<Node, sql::Subscript>) {
    ExpressionPtr operand = MILLRACE_TRY(bind(*node.operand));
    return call("SUBSCRIPT", {std::move(operand), MILLRACE_TRY(bind(*node.index))}, span);
  } else if constexpr (std::is_same_v<Node, sql::FieldAccess>) {
    return placed(expr::make_field(MILLRACE_TRY(bind(*node.operand)), node.field.text), span);
  } else if constexpr (std::is_same_v<Node, sql::Extract>) {
    auto field = expr::make_literal(data::Value(node.field.text), data::TypeKind::kVarchar);
    return call("DATE_PART", {std::move(field), MILLRACE_TRY(bind(*node.operand))}, span);
  } else if constexpr (std::is_same_v<Node, sql::RoundToUnit>) {
    if (node.up) return refuse(span, "CEIL … TO");
    auto unit = expr::make_literal(data::Value(std::string(sql::to_string(node.unit))),
                                   data::TypeKind::kVarchar);
    return call("DATE_TRUNC", {std::move(unit), MILLRACE_TRY(bind(*node.operand))}, span);
  } else if constexpr (std::is_same_v<Node, sql::JsonCall>) {
    return refuse(span, "this clause of a JSON function");
  } else if constexpr (std::is_same_v<Node, sql::AtTimeZone>) {
    return refuse(span, "AT TIME ZONE");
  } else if constexpr (std::is_same_v<Node, sql::Collate>) {
    return refuse(span, "COLLATE");
  } else if constexpr (std::is_same_v<Node, sql::MatchSemantics>) {
    return refuse(span, "RUNNING and FINAL outside MATCH_RECOGNIZE");
  } else {
    return refuse(span, "a subquery in an expression");
  }
}

Result<ExpressionPtr> ExpressionBinder::bind(const sql::Expression& expression) const {
  return std::visit([&](const auto& node) { return bind_node(node, expression.span); },
                    expression.node);
}

}  // namespace millrace::plan
