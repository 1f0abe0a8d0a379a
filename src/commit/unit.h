#pragma once

#include <cstdint>
#include <vector>

#include "base/buffer.h"
#include "base/result.h"
#include "commit/ids.h"
#include "commit/positions.h"
#include "commit/record_batch.h"
#include "io/executor.h"

namespace millrace::commit {

enum class Staged : uint8_t {
  kAccepted,
  kFull,  // not taken: try again when `wake` has run
};

// What a commit came to.
struct Committed {
  Lsn lsn;
  // Topics that were deleted while the unit was open: what was staged for them is gone.
  std::vector<TopicId> dropped;
};

// Unit: the open output of one epoch; invisible until committed, forgotten if not.
//
// Threading:  synchronised inside; stage from any task, commit from the job's coordinator.
// Ownership:  buffers are shared, not copied; the unit does not outlive the log.
// Order:      stage*, then commit or abort, once; several units of a job may be open, commits come
//             in order of epochs. A destroyed Unit that was not committed aborts. Stages of one
//             partition get their offsets in the order of the calls; deltas of one task apply in
//             it.
// Failure:    kFenced: a newer incarnation of the job exists, stop. Any other Error is fatal to the
//             job, which restarts from its last epoch; nothing staged can appear later.
class Unit {
 public:
  virtual ~Unit() = default;
  // An accepted stage is safe with the unit's commit, not before. `wake` runs after kFull, once.
  virtual Result<Staged> stage(PartitionId partition, RecordBatch batch, io::Wake wake) = 0;
  // One delta of `task` in the format of delta.h; slices of about 1 MiB are best.
  virtual Result<Staged> stage_state(TaskId task, Buffer delta, io::Wake wake) = 0;
  // A finished snapshot becomes the task's state with this unit's commit; older deltas go.
  virtual Result<void> adopt_snapshot(SnapshotId snapshot) = 0;
  // Durable, visible and applied when `done` runs. REQUIRES: epoch = the job's last + 1 where
  // commits already under way count; all stages were accepted.
  virtual void commit(Positions positions, Tick tick, io::Executor& executor,
                      io::Completion<Result<Committed>> done) = 0;
  // Aborts all later open units of the job as well.
  virtual void abort() = 0;
};

}  // namespace millrace::commit
