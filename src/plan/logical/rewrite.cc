#include "plan/logical/rewrite.h"

#include <map>

namespace millrace::plan {
namespace {

using Done = std::map<const Node*, NodePtr>;

NodePtr rewrite_node(const NodePtr& node, const std::function<NodePtr(const NodePtr&)>& change,
                     Done& done) {
  if (const auto known = done.find(node.get()); known != done.end()) return known->second;
  std::vector<NodePtr> inputs;
  for (const NodePtr& input : node->inputs) inputs.push_back(rewrite_node(input, change, done));
  NodePtr changed = change(with_inputs(node, std::move(inputs)));
  done.emplace(node.get(), changed);
  return changed;
}

}  // namespace

std::vector<NodePtr> rewrite(const std::vector<NodePtr>& sinks,
                             const std::function<NodePtr(const NodePtr&)>& change) {
  Done done;
  std::vector<NodePtr> changed;
  for (const NodePtr& sink : sinks) changed.push_back(rewrite_node(sink, change, done));
  return changed;
}

}  // namespace millrace::plan
