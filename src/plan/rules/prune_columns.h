#pragma once

#include <vector>

#include "plan/logical/logical_plan.h"

namespace millrace::plan {

// Every node gives only the columns that something above it reads; one with several readers what
// any of them reads, and stays one, with one state. Required once, on the plan as it
// was bound: what a scan gives then is what the statement reads (Scan::reads), and nothing else is
// decoded, computed or rejected. Optional after rules that have moved conditions.
std::vector<NodePtr> prune_columns(const std::vector<NodePtr>& sinks);

}  // namespace millrace::plan
