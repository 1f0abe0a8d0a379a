#include "plan/complete_plan.h"

#include <map>
#include <span>

#include "base/hash.h"
#include "plan/explain.h"
#include "plan/logical/same_rows.h"
#include "plan/rules/fold_constants.h"
#include "plan/rules/prune_columns.h"
#include "plan/rules/push_filters.h"
#include "plan/rules/share_scans.h"

namespace millrace::plan {
namespace {

// Hash of a subtree, and how often an equal one came before. Equal aggregations become one node
// with several readers: they are computed once, in one state; other equal subtrees keep two states.
class Identities {
 public:
  NodePtr give(const NodePtr& node) {
    const auto known = given_.find(node.get());
    if (known != given_.end()) return known->second;
    std::string text = describe(*node);
    std::vector<NodePtr> inputs;
    for (const NodePtr& input : node->inputs) {
      inputs.push_back(give(input));
      text += "(" + std::to_string(inputs.back()->identity) + ")";
    }
    const uint64_t hash = hash64(std::as_bytes(std::span(text)));
    const bool aggregate = node->as<Aggregate>() != nullptr;
    const auto equal = aggregations_.find(hash);
    if (aggregate && equal != aggregations_.end() && same_rows(*equal->second, *node)) {
      given_[node.get()] = equal->second;
      return equal->second;
    }
    const uint64_t ordinal = ordinals_[hash]++;
    const uint64_t identity = hash + ordinal * 0x9E3779B97F4A7C15ULL;
    NodePtr named = make_node(node->operation, std::move(inputs), node->schema,
                              identity < 16 ? identity + 16 : identity);
    given_[node.get()] = named;
    if (aggregate) aggregations_.emplace(hash, named);
    return named;
  }

 private:
  std::map<const Node*, NodePtr> given_;
  std::map<uint64_t, NodePtr> aggregations_;
  std::map<uint64_t, uint64_t> ordinals_;
};

}  // namespace

LogicalPlan complete_plan(LogicalPlan plan, bool optimize) {
  Identities identities;
  for (NodePtr& sink : plan.sinks) sink = identities.give(sink);
  plan.sinks = prune_columns(plan.sinks);
  if (optimize) plan.sinks = prune_columns(push_filters(fold_constants(plan.sinks)));
  plan.sinks = share_scans(plan.sinks);
  return plan;
}

}  // namespace millrace::plan
