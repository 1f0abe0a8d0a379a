#pragma once

#include <cstdint>

#include "plan/logical/logical_plan.h"

namespace millrace::jobs {

// A fingerprint of what the operator of a node keeps: the columns of its inputs, by name and type,
// and what it makes of them. State that was written under another one cannot be read. The same
// statement may get another one from a planner that needs fewer columns.
uint64_t state_shape(const plan::Node& node);

}  // namespace millrace::jobs
