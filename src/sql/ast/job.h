#pragma once

#include <cstdint>
#include <vector>

#include "sql/ast/box.h"
#include "sql/ast/change.h"
#include "sql/ast/choice.h"
#include "sql/ast/name.h"
#include "sql/ast/option.h"
#include "sql/ast/query.h"

namespace millrace::sql {

// A job is named by an identifier or a string: PAUSE JOB j, PAUSE JOB '7f3a'.

// ALTER JOB j SET ('k' = 'v', …).
struct AlterJob {
  Identifier job;
  Options options;
  friend bool operator==(const AlterJob&, const AlterJob&) = default;
};

enum class JobAction : uint8_t { kPause, kResume, kSavepoint, kCancel };

// PAUSE JOB j, RESUME JOB j, SAVEPOINT JOB j, CANCEL JOB j.
struct ControlJob {
  JobAction action = JobAction::kPause;
  Identifier job;
  friend bool operator==(const ControlJob&, const ControlJob&) = default;
};

// TAP job.operator: the rows that pass there.
struct Tap {
  Identifier job;
  Identifier operator_name;
  friend bool operator==(const Tap&, const Tap&) = default;
};

// REPLAY JOB j AS query | insert | statement set: the job's input again, through another plan.
struct ReplayJob {
  Identifier job;
  Choice<Query, Insert, StatementSet> as;
  friend bool operator==(const ReplayJob&, const ReplayJob&) = default;
};

}  // namespace millrace::sql
