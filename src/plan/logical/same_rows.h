#pragma once

#include "plan/logical/logical_plan.h"

namespace millrace::plan {

// Whether two nodes certainly give the same rows: equal chains of scan, filter, projection, window
// and aggregation, without volatile functions. False says nothing.
bool same_rows(const Node& a, const Node& b);

// Whether two filters, null being none, let the same rows pass.
bool same_filter(const expr::ExpressionPtr& a, const expr::ExpressionPtr& b);

}  // namespace millrace::plan
