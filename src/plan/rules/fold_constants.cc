#include "plan/rules/fold_constants.h"

#include "expr/build.h"
#include "expr/evaluator.h"
#include "plan/logical/rewrite.h"

namespace millrace::plan {
namespace {

bool is_true(const expr::ExpressionPtr& predicate) {
  const auto* literal = predicate->as<expr::Literal>();
  return literal != nullptr && !literal->value.is_null() && literal->value.boolean();
}

NodePtr fold(const NodePtr& node) {
  if (const auto* filter = node->as<Filter>()) {
    const auto folded = expr::fold_constants(filter->predicate);
    if (is_true(folded)) return node->input();
    if (folded == filter->predicate) return node;
    return make_node(Filter{folded}, node->inputs, node->schema, node->identity);
  }
  if (const auto* project = node->as<Project>()) {
    Project folded;
    for (const expr::ExpressionPtr& part : project->expressions) {
      folded.expressions.push_back(expr::fold_constants(part));
    }
    if (folded.expressions == project->expressions) return node;
    return make_node(std::move(folded), node->inputs, node->schema, node->identity);
  }
  const auto* join = node->as<Join>();
  if (join == nullptr || join->residual == nullptr) return node;
  Join folded = *join;
  folded.residual = expr::fold_constants(join->residual);
  if (is_true(folded.residual)) folded.residual = nullptr;
  if (folded.residual == join->residual) return node;
  return make_node(std::move(folded), node->inputs, node->schema, node->identity);
}

}  // namespace

std::vector<NodePtr> fold_constants(const std::vector<NodePtr>& sinks) {
  return rewrite(sinks, fold);
}

}  // namespace millrace::plan
