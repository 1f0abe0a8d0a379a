#pragma once

#include <vector>

#include "plan/logical/logical_plan.h"

namespace millrace::plan {

// Required rule: a table that a plan reads several times is read once, with the columns that any of
// them needs; so its bad rows are reported once, and all readers see the same rows in one epoch.
std::vector<NodePtr> share_scans(const std::vector<NodePtr>& sinks);

}  // namespace millrace::plan
