#pragma once

#include <cstdint>

#include "commit/appender.h"
#include "commit/jobs.h"
#include "commit/proposals.h"
#include "commit/reader.h"
#include "commit/topics.h"

namespace millrace::commit {

enum class AtomicScope : uint8_t {
  kJob,          // all tasks of a job commit as one
  kParticipant,  // each participant commits for itself
};

struct Capabilities {
  AtomicScope atomic_scope = AtomicScope::kJob;
  uint32_t open_units_max = 1;  // epochs of a job that may be staged at once
};

// CommitLog: where everything durable happens, by subject.
//
// Threading:  each part is synchronised inside.
// Ownership:  the parts live as long as the log, executors named in calls longer than the answer.
// Order:      answers of one caller's calls come in the order of their LSNs.
// Failure:    after a failed sync every call answers kSyncFailed or kUnavailable: what was not yet
//             acknowledged may or may not be durable, and the process stops.
class CommitLog {
 public:
  virtual ~CommitLog() = default;
  virtual Jobs& jobs() = 0;
  virtual Appender& appender() = 0;
  virtual Reader& reader() = 0;
  virtual Topics& topics() = 0;
  virtual Proposals& proposals() = 0;
  virtual Capabilities capabilities() const = 0;
};

}  // namespace millrace::commit
