#pragma once

#include <vector>

#include "plan/logical/logical_plan.h"
#include "sql/text/source_text.h"

namespace millrace::plan {

// A job that reads an endless table which it fills itself, directly or through other targets of the
// same job, would read what it wrote for ever: kEndlessQuery, with the way round. `targets` has the
// place of each sink's target. Jobs that feed each other are not seen here.
Result<void> refuse_feedback(const LogicalPlan& plan, const std::vector<sql::Span>& targets,
                             const sql::SourceText& text);

}  // namespace millrace::plan
