#include "plan/rules/push_filters.h"

#include <algorithm>

#include "expr/build.h"
#include "plan/logical/rewrite.h"

namespace millrace::plan {
namespace {

bool is_movable_over(const Project& project) {
  return std::ranges::none_of(project.expressions, [](const auto& part) {
    return expr::may_fail(*part) || expr::volatility(*part) == expr::Volatility::kVolatile;
  });
}

// Both, as if the first were applied before the second; null: one expression cannot say that.
expr::ExpressionPtr one_after_another(const expr::ExpressionPtr& first,
                                      const expr::ExpressionPtr& second) {
  if (expr::may_fail(*first)) return nullptr;
  if (!expr::may_fail(*second) || !first->nullable()) return expr::conjunction({first, second});
  // What the first drops for a NULL must not fail in the second.
  auto passes = expr::make_test(expr::TestKind::kTrue, first);
  return passes ? expr::conjunction({std::move(*passes), second}) : nullptr;
}

// Null: it has to stay where it is.
NodePtr into_scan(const NodePtr& node, const Scan& scan, const expr::ExpressionPtr& predicate) {
  Scan filtered = scan;
  filtered.filter = expr::with_columns(predicate, scan.columns);
  if (scan.filter != nullptr) filtered.filter = one_after_another(scan.filter, filtered.filter);
  if (filtered.filter == nullptr) return nullptr;
  return make_node(std::move(filtered), {}, node->schema, node->identity);
}

// Null: it has to stay where it is. A condition that may fail moves into a scan or not at all: what
// it rejects is shown as the columns that it reads.
NodePtr push(const NodePtr& node, const expr::ExpressionPtr& predicate, uint64_t identity) {
  if (const auto* scan = node->as<Scan>()) return into_scan(node, *scan, predicate);
  const auto* project = node->as<Project>();
  if (project != nullptr && is_movable_over(*project)) {
    const auto below = expr::with_inputs(predicate, project->expressions);
    NodePtr input = push(node->input(), below, identity);
    if (input != nullptr) return with_inputs(node, {std::move(input)});
  }
  if (expr::may_fail(*predicate)) return nullptr;
  return make_node(Filter{predicate}, {node}, node->schema, identity);
}

}  // namespace

std::vector<NodePtr> push_filters(const std::vector<NodePtr>& sinks) {
  return rewrite(sinks, [](const NodePtr& node) {
    const auto* filter = node->as<Filter>();
    if (filter == nullptr) return node;
    NodePtr pushed = push(node->input(), filter->predicate, node->identity);
    return pushed == nullptr ? node : pushed;
  });
}

}  // namespace millrace::plan
