#pragma once

#include "jobs/run_job.h"
#include "plan/bound_statement.h"

namespace millrace::jobs {

// SHOW TOPICS: name and partitions. SHOW JOBS: name, last committed epoch, when that was (UTC) and
// how many bytes of state stand in the log. As of now, in the order of their names.
plan::BoundRows show_log(const sql::Show& show, const Runtime& runtime);

}  // namespace millrace::jobs
