#pragma once

#include "plan/logical/logical_plan.h"

namespace millrace::plan {

// Gives every node its identity, from the plan as it was bound, then applies the optional rules.
LogicalPlan complete_plan(LogicalPlan plan, bool optimize);

}  // namespace millrace::plan
