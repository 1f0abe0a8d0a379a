#pragma once

#include <functional>
#include <vector>

#include "plan/logical/logical_plan.h"

namespace millrace::plan {

// Rebuilds plans from the scans up: `change` is called once for every node, whose inputs have been
// changed already, and returns what stands in its place. A node with several readers stays one.
std::vector<NodePtr> rewrite(const std::vector<NodePtr>& sinks,
                             const std::function<NodePtr(const NodePtr&)>& change);

}  // namespace millrace::plan
