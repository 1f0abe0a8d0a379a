#pragma once

#include <vector>

#include "plan/logical/logical_plan.h"

namespace millrace::plan {

// Optional rule: a filter moves below projections that cannot fail, and into the scan. Which rows
// are rejected does not change: below what can fail no filter moves.
std::vector<NodePtr> push_filters(const std::vector<NodePtr>& sinks);

}  // namespace millrace::plan
