#pragma once

#include <string>

#include "plan/logical/logical_plan.h"

namespace millrace::plan {

// One line: what the node does. The same text for equal operations over inputs of equal shape.
std::string describe(const Node& node);

// The plan as a tree, sinks first, inputs indented below; each node with what is known of its rows:
// how they change, their keys, event time, what state it keeps.
std::string explain(const LogicalPlan& plan);

}  // namespace millrace::plan
