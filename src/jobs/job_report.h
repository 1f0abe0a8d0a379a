#pragma once

#include "engine/job_report.h"

namespace millrace::jobs {

// The engine's values under the names by which the floors above know them.
using Progress = engine::JobProgress;
using Summary = engine::JobSummary;
using End = engine::JobEnd;

}  // namespace millrace::jobs
