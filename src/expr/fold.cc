#include <algorithm>

#include "expr/build.h"
#include "expr/evaluator.h"

namespace millrace::expr {
namespace {

using data::TypeKind;
using data::Value;

// The one row that constants are computed for.
data::Batch one_row() {
  return {data::make_schema({}), {}, 1};
}

bool is_boolean(const ExpressionPtr& expression, bool value) {
  const auto* literal = expression->as<Literal>();
  return literal != nullptr && literal->value.holds<bool>() && literal->value.boolean() == value;
}

bool is_literal(const ExpressionPtr& expression) {
  return expression->as<Literal>() != nullptr;
}

ExpressionPtr fold_logical(const ExpressionPtr& expression, const Logical& logical) {
  std::vector<ExpressionPtr> rest;
  for (const ExpressionPtr& operand : logical.operands) {
    if (is_boolean(operand, !logical.is_and)) return operand;  // decides, whatever else fails
    if (!is_boolean(operand, logical.is_and)) rest.push_back(operand);
  }
  if (rest.size() == logical.operands.size()) return expression;
  return logical.is_and ? *make_and(std::move(rest)) : *make_or(std::move(rest));
}

ExpressionPtr fold_case(const ExpressionPtr& expression, const Case& choice) {
  std::vector<CaseBranch> branches;
  ExpressionPtr otherwise = choice.otherwise;
  for (const CaseBranch& branch : choice.branches) {
    const bool is_constant = is_literal(branch.when);
    if (is_constant && !is_boolean(branch.when, true)) continue;  // FALSE or NULL
    if (is_constant) {
      otherwise = branch.then;
      break;
    }
    branches.push_back(branch);
  }
  if (branches.empty()) return otherwise;
  if (branches.size() == choice.branches.size()) return expression;
  return *make_case(std::move(branches), std::move(otherwise));
}

ExpressionPtr fold_coalesce(const ExpressionPtr& expression, const Coalesce& coalesce) {
  std::vector<ExpressionPtr> rest;
  for (const ExpressionPtr& operand : coalesce.operands) {
    const bool is_null = is_literal(operand) && operand->as<Literal>()->value.is_null();
    if (!is_null) rest.push_back(operand);
    if (!operand->nullable()) break;
  }
  if (rest.size() == coalesce.operands.size()) return expression;
  if (rest.empty()) return make_null(expression->type());
  return *make_coalesce(std::move(rest));
}

ExpressionPtr fold_node(const ExpressionPtr& expression) {
  if (is_literal(expression)) return expression;
  if (const auto* logical = expression->as<Logical>()) return fold_logical(expression, *logical);
  if (const auto* choice = expression->as<Case>()) return fold_case(expression, *choice);
  if (const auto* coalesce = expression->as<Coalesce>()) {
    return fold_coalesce(expression, *coalesce);
  }
  if (const auto* test = expression->as<Test>()) {
    const bool never = !test->operand->nullable() && !may_fail(*test->operand);
    if (test->kind == TestKind::kNull && never) return make_boolean(test->negated);
  }
  const std::vector<ExpressionPtr> parts = operands(*expression);
  const auto* call = expression->as<Call>();
  const bool computable = !parts.empty() || (call != nullptr && call->function->properties.strict);
  const bool immutable =
      call == nullptr || call->function->properties.volatility == Volatility::kImmutable;
  if (!computable || !immutable || !std::all_of(parts.begin(), parts.end(), is_literal)) {
    return expression;
  }
  Result<Value> value = evaluate_constant(expression);
  return value ? make_literal(std::move(*value), expression->type()) : expression;
}

}  // namespace

ExpressionPtr fold_constants(const ExpressionPtr& expression) {
  return rewrite(expression, fold_node);
}

Result<Value> evaluate_constant(const ExpressionPtr& expression, Moment moment) {
  Evaluator evaluator = MILLRACE_TRY(Evaluator::compile({expression}));
  const Vector vector = evaluator.evaluate(0, one_row(), Rows::all(1), moment);
  if (vector.errors != nullptr && !vector.errors->empty()) {
    const RowError& error = vector.errors->list()[0];
    return Error(error.code, error.message);
  }
  return vector.column->value(0);
}

}  // namespace millrace::expr
