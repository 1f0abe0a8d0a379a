#include "plan/rules/push_filters.h"

#include <algorithm>
#include <map>

#include "expr/build.h"

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

// A node with several readers stays one node.
class PushedFilters {
 public:
  NodePtr rewrite(const NodePtr& node) {
    if (const auto done = done_.find(node.get()); done != done_.end()) return done->second;
    std::vector<NodePtr> inputs;
    for (const NodePtr& input : node->inputs) inputs.push_back(rewrite(input));
    const auto* filter = node->as<Filter>();
    NodePtr result = filter != nullptr ? push(inputs.front(), filter->predicate, node->identity)
                                       : with_inputs(node, std::move(inputs));
    done_.emplace(node.get(), result);
    return result;
  }

 private:
  std::map<const Node*, NodePtr> done_;
};

}  // namespace

std::vector<NodePtr> push_filters(const std::vector<NodePtr>& sinks) {
  PushedFilters filters;
  std::vector<NodePtr> rewritten;
  for (const NodePtr& sink : sinks) rewritten.push_back(filters.rewrite(sink));
  return rewritten;
}

}  // namespace millrace::plan
