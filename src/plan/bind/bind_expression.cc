#include "plan/bind/bind_expression.h"

#include <fmt/core.h>

#include <algorithm>

#include "expr/build.h"
#include "expr/evaluator.h"
#include "plan/bind/bind_literal.h"
#include "plan/bind/bind_type.h"
#include "sql/ast/statement.h"
#include "sql/print.h"

namespace millrace::plan {
namespace {

using expr::ExpressionPtr;
using Expressions = std::vector<ExpressionPtr>;

std::string_view operator_name(sql::BinaryOperator op) {
  using Op = sql::BinaryOperator;
  switch (op) {
    case Op::kAdd:
      return "+";
    case Op::kSubtract:
      return "-";
    case Op::kMultiply:
      return "*";
    case Op::kDivide:
      return "/";
    case Op::kModulo:
      return "%";
    case Op::kPower:
      return "^";
    case Op::kConcat:
      return "||";
    case Op::kEqual:
      return "=";
    case Op::kNotEqual:
      return "<>";
    case Op::kLess:
      return "<";
    case Op::kLessEqual:
      return "<=";
    case Op::kGreater:
      return ">";
    case Op::kGreaterEqual:
      return ">=";
    case Op::kBitAnd:
      return "&";
    case Op::kBitOr:
      return "|";
    case Op::kBitXor:
      return "#";
    case Op::kShiftLeft:
      return "<<";
    case Op::kShiftRight:
      return ">>";
    case Op::kJsonGet:
      return "->";
    case Op::kJsonGetText:
      return "->>";
    case Op::kMatch:
      return "~";
    case Op::kMatchNoCase:
      return "~*";
    case Op::kNotMatch:
      return "!~";
    case Op::kNotMatchNoCase:
      return "!~*";
    default:
      return {};
  }
}

// TIMESTAMPDIFF(DAY, …): the first argument may be a bare word.
bool begins_with_a_unit(std::string_view function) {
  std::string name(function);
  std::ranges::transform(name, name.begin(), [](char letter) {
    return letter >= 'a' && letter <= 'z' ? static_cast<char>(letter - 'a' + 'A') : letter;
  });
  return name == "TIMESTAMPADD" || name == "TIMESTAMPDIFF";
}

std::optional<sql::TimeUnit> unit_of(const sql::Expression& expression) {
  const auto* column = std::get_if<sql::ColumnRef>(&expression.node);
  if (column == nullptr || column->name.parts.size() != 1) return std::nullopt;
  return sql::find_time_unit(column->name.parts.front().text);
}

// Constants that can never work (a bad pattern) are found while their place is known.
Result<ExpressionPtr> with_working_constants(ExpressionPtr made) {
  const auto* call = made->as<expr::Call>();
  if (call == nullptr) return made;
  std::vector<const data::Value*> constants;
  for (const ExpressionPtr& argument : call->arguments) {
    const auto* literal = argument->as<expr::Literal>();
    constants.push_back(literal == nullptr ? nullptr : &literal->value);
  }
  if (std::ranges::all_of(constants, [](const data::Value* value) { return value == nullptr; })) {
    return made;
  }
  MILLRACE_TRY(
      call->function->kernel({call->function->arguments, constants, call->function->result}));
  return made;
}

}  // namespace

template <class T>
Result<T> ExpressionBinder::placed(Result<T> result, sql::Span span) const {
  if (result || !result.error().place().empty()) return result;
  const Error& error = result.error();
  return text_.error(error.code(), span, error.message()).remedy(error.remedy());
}

Result<ExpressionPtr> ExpressionBinder::refuse(sql::Span span, std::string_view what) const {
  return text_.error(ErrorCode::kNotSupported, span, fmt::format("{} cannot be planned yet", what));
}

Result<ExpressionPtr> ExpressionBinder::call(std::string_view name, Expressions arguments,
                                             sql::Span span) const {
  ExpressionPtr made =
      MILLRACE_TRY(placed(functions_.call(name, std::move(arguments), dialect_), span));
  return placed(with_working_constants(std::move(made)), span);
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
                     fmt::format("{} needs a BOOLEAN, not {}", clause, bound->type().to_string()));
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
  const bool constant = std::ranges::all_of(
      list, [](const ExpressionPtr& element) { return element->as<expr::Literal>() != nullptr; });
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
      return placed(expr::make_test(expr::TestKind::kFalse, std::move(operand), node.negated),
                    span);
    case sql::IsKind::kJson: {
      ExpressionPtr test = MILLRACE_TRY(call("IS_JSON", {std::move(operand)}, span));
      return node.negated ? placed(expr::make_not(std::move(test)), span) : test;
    }
    default:
      return refuse(span, "IS JSON of one kind");
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
    return text_
        .error(ErrorCode::kInvalidAggregate, span,
               fmt::format("aggregate {} cannot stand here", name))
        .remedy("Aggregates stand in SELECT, HAVING and ORDER BY, and not in one another.");
  }
  const bool as_aggregate =
      node.distinct || node.filter || !node.order_by.empty() || !node.within_group.empty();
  if (as_aggregate && functions_.find_scalar(name, dialect_) != nullptr) {
    return text_.error(ErrorCode::kInvalidAggregate, span,
                       fmt::format("{} is no aggregate: DISTINCT, FILTER and ORDER BY belong to "
                                   "aggregates",
                                   name));
  }
  Expressions arguments;
  for (const sql::Argument& argument : node.arguments) {
    if (argument.name) return refuse(argument.name->span, "a named argument here");
    if (arguments.empty() && begins_with_a_unit(name)) {
      if (const auto unit = unit_of(argument.value)) {
        arguments.push_back(expr::make_literal(data::Value(std::string(sql::to_string(*unit))),
                                               data::TypeKind::kVarchar));
        continue;
      }
    }
    arguments.push_back(MILLRACE_TRY(bind(argument.value)));
  }
  if (name == "COALESCE" || name == "coalesce") {
    return placed(expr::make_coalesce(std::move(arguments)), span);
  }
  return call(name, std::move(arguments), span);
}

// One overload per kind of node.
struct ExpressionBinder::Visitor {
  const ExpressionBinder& binder;
  sql::Span span;

  using Bound = Result<ExpressionPtr>;

  Bound operator()(const sql::Literal& node) { return bind_literal(node, span, binder.text_); }
  Bound operator()(const sql::TypedLiteral& node) {
    return bind_typed_literal(node, span, binder.text_);
  }
  Bound operator()(const sql::IntervalLiteral& node) {
    return bind_interval(node, span, binder.text_);
  }
  Bound operator()(const sql::ColumnRef& node) {
    return binder.scope_.resolve(node.name, binder.text_);
  }
  Bound operator()(const sql::Unary& node) {
    ExpressionPtr operand = MILLRACE_TRY(binder.bind(*node.operand));
    switch (node.op) {
      case sql::UnaryOperator::kPlus:
        return operand;
      case sql::UnaryOperator::kNot:
        return negated(std::move(operand), true);
      case sql::UnaryOperator::kBitNot:
        return binder.refuse(span, "~ as bitwise NOT");
      case sql::UnaryOperator::kMinus:
        break;
    }
    return expr::fold_constants(MILLRACE_TRY(binder.call("NEGATE", {std::move(operand)}, span)));
  }
  Bound operator()(const sql::Binary& node) {
    const std::string_view name = operator_name(node.op);
    if (name.empty()) return binder.refuse(span, "this operator");
    ExpressionPtr left = MILLRACE_TRY(binder.bind(*node.left));
    ExpressionPtr right = MILLRACE_TRY(binder.bind(*node.right));
    return binder.call(name, {std::move(left), std::move(right)}, span);
  }
  Bound operator()(const sql::Logical& node) {
    Expressions operands;
    for (const sql::Expression& operand : node.operands) {
      operands.push_back(MILLRACE_TRY(binder.bind_condition(operand, node.is_and ? "AND" : "OR")));
    }
    auto made =
        node.is_and ? expr::make_and(std::move(operands)) : expr::make_or(std::move(operands));
    return binder.placed(std::move(made), span);
  }
  Bound operator()(const sql::Between& node) { return binder.bind_between(node, span); }
  Bound operator()(const sql::InList& node) { return binder.bind_in_list(node, span); }
  Bound operator()(const sql::Case& node) { return binder.bind_case(node, span); }
  Bound operator()(const sql::Call& node) { return binder.bind_call(node, span); }
  Bound operator()(const sql::Is& node) { return binder.bind_is(node, span); }
  Bound operator()(const sql::Cast& node) {
    const data::Type type = MILLRACE_TRY(bind_type(node.type, binder.text_));
    const auto mode = node.or_null ? expr::CastMode::kTry : expr::CastMode::kCast;
    ExpressionPtr operand = MILLRACE_TRY(binder.bind(*node.operand));
    const data::Type& from = operand->type();
    const bool has_fraction = from.kind() == data::TypeKind::kDecimal || from.is_float();
    if (binder.dialect_ == expr::Dialect::kFlink && has_fraction && type.is_integer()) {
      operand = MILLRACE_TRY(binder.call("TRUNC", {std::move(operand)}, span));
    }
    return binder.placed(expr::make_cast(std::move(operand), type, mode), span);
  }
  Bound operator()(const sql::IsDistinctFrom& node) {
    ExpressionPtr left = MILLRACE_TRY(binder.bind(*node.left));
    ExpressionPtr right = MILLRACE_TRY(binder.bind(*node.right));
    return negated(
        MILLRACE_TRY(binder.call("IS DISTINCT FROM", {std::move(left), std::move(right)}, span)),
        node.negated);
  }
  Bound operator()(const sql::Like& node) {
    constexpr std::string_view kNames[] = {"LIKE", "ILIKE", "SIMILAR TO"};
    Expressions arguments{MILLRACE_TRY(binder.bind(*node.operand)),
                          MILLRACE_TRY(binder.bind(*node.pattern))};
    if (node.escape) arguments.push_back(MILLRACE_TRY(binder.bind(*node.escape)));
    const std::string_view name = kNames[static_cast<size_t>(node.kind)];
    return negated(MILLRACE_TRY(binder.call(name, std::move(arguments), span)), node.negated);
  }
  Bound operator()(const sql::ArrayConstructor& node) {
    return binder.call("ARRAY", MILLRACE_TRY(binder.bind_all(node.elements)), span);
  }
  Bound operator()(const sql::MapConstructor& node) {
    return binder.call("MAP", MILLRACE_TRY(binder.bind_all(node.entries)), span);
  }
  Bound operator()(const sql::RowConstructor& node) {
    return binder.call("ROW", MILLRACE_TRY(binder.bind_all(node.elements)), span);
  }
  Bound operator()(const sql::Subscript& node) {
    ExpressionPtr operand = MILLRACE_TRY(binder.bind(*node.operand));
    ExpressionPtr index = MILLRACE_TRY(binder.bind(*node.index));
    return binder.call("SUBSCRIPT", {std::move(operand), std::move(index)}, span);
  }
  Bound operator()(const sql::FieldAccess& node) {
    return binder.placed(
        expr::make_field(MILLRACE_TRY(binder.bind(*node.operand)), node.field.text), span);
  }
  Bound operator()(const sql::Extract& node) {
    return with_word("DATE_PART", node.field.text, *node.operand);
  }
  Bound operator()(const sql::RoundToUnit& node) {
    return with_word(node.up ? "DATE_CEIL" : "DATE_TRUNC", std::string(sql::to_string(node.unit)),
                     *node.operand);
  }
  Bound operator()(const sql::JsonCall&) {
    return binder.refuse(span, "this clause of a JSON function");
  }
  Bound operator()(const sql::AtTimeZone&) { return binder.refuse(span, "AT TIME ZONE"); }
  Bound operator()(const sql::Collate&) { return binder.refuse(span, "COLLATE"); }
  Bound operator()(const sql::MatchSemantics&) {
    return binder.refuse(span, "RUNNING and FINAL outside MATCH_RECOGNIZE");
  }
  // InQuery, Quantified, Exists, ScalarSubquery, ArraySubquery.
  template <class Subquery>
  Bound operator()(const Subquery&) {
    return binder.refuse(span, "a subquery in an expression");
  }

  Bound negated(ExpressionPtr operand, bool really) {
    if (!really) return operand;
    return binder.placed(expr::make_not(std::move(operand)), span);
  }
  // A function whose first argument is a word of the syntax.
  Bound with_word(std::string_view function, std::string word, const sql::Expression& operand) {
    auto first = expr::make_literal(data::Value(std::move(word)), data::TypeKind::kVarchar);
    return binder.call(function, {std::move(first), MILLRACE_TRY(binder.bind(operand))}, span);
  }
};

Result<ExpressionPtr> ExpressionBinder::bind(const sql::Expression& expression) const {
  return std::visit(Visitor{*this, expression.span}, expression.node);
}

}  // namespace millrace::plan
