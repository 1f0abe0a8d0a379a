#pragma once

#include <vector>

#include "plan/logical_plan.h"

namespace millrace::plan {

// Optional rule: every node gives only the columns that something above it reads, so that a source
// decodes no others.
std::vector<NodePtr> prune_columns(const std::vector<NodePtr>& sinks);

}  // namespace millrace::plan
