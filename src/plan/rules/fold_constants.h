#pragma once

#include <vector>

#include "plan/logical/logical_plan.h"

namespace millrace::plan {

// Optional rule: what does not depend on a row is computed once, here; a filter that is always true
// goes. What would fail stays, and fails row by row.
std::vector<NodePtr> fold_constants(const std::vector<NodePtr>& sinks);

}  // namespace millrace::plan
