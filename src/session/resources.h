#pragma once

#include <cstdint>

#include "catalog/catalog_writer.h"
#include "jobs/run_job.h"
#include "plan/planner.h"

namespace millrace::session {

// What sessions work with; made by `node`. References outlive every session.
struct Resources {
  jobs::Runtime& runtime;
  catalog::CatalogWriter& catalog;
  plan::Registries registries;
  uint32_t parallelism = 1;  // of jobs, unless 'parallelism' is set
  // An INSERT runs each time it is sent (a shell); else a script that is run again resumes its
  // jobs, or finds them complete.
  bool always_execute = false;
};

}  // namespace millrace::session
