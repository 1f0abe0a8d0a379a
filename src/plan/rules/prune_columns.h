#pragma once

#include "plan/logical_plan.h"

namespace millrace::plan {

// Optional rule: every node gives only the columns that something above it reads, so that a source
// decodes no others.
NodePtr prune_columns(const NodePtr& sink);

}  // namespace millrace::plan
