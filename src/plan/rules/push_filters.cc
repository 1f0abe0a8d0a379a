#include "plan/rules/push_filters.h"

#include <algorithm>

#include "expr/build.h"
#include "plan/rewrite.h"

namespace millrace::plan {
namespace {

NodePtr into_scan(const NodePtr& node, const Scan& scan, const expr::ExpressionPtr& predicate) {
  Scan filtered = scan;
  auto over_table = expr::with_columns(predicate, scan.columns);
  filtered.filter = scan.filter == nullptr
                        ? std::move(over_table)
                        : expr::conjunction({scan.filter, std::move(over_table)});
  return make_node(std::move(filtered), {}, node->schema, node->identity);
}

NodePtr push(const NodePtr& node, const expr::ExpressionPtr& predicate, uint64_t identity) {
  if (const auto* scan = node->as<Scan>()) return into_scan(node, *scan, predicate);
  const auto* project = node->as<Project>();
  const bool movable =
      project != nullptr && std::ranges::none_of(project->expressions, [](const auto& part) {
        return expr::may_fail(*part) || expr::volatility(*part) == expr::Volatility::kVolatile;
      });
  if (movable) {
    auto below = expr::with_inputs(predicate, project->expressions);
    return with_inputs(node, {push(node->input(), below, identity)});
  }
  return make_node(Filter{predicate}, {node}, node->schema, identity);
}

}  // namespace

std::vector<NodePtr> push_filters(const std::vector<NodePtr>& sinks) {
  return rewrite(sinks, [](const NodePtr& node) {
    const auto* filter = node->as<Filter>();
    return filter == nullptr ? node : push(node->input(), filter->predicate, node->identity);
  });
}

}  // namespace millrace::plan
