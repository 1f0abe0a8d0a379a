#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/buffer.h"
#include "base/result.h"
#include "commit/ids.h"
#include "commit/positions.h"
#include "commit/snapshot.h"
#include "commit/unit.h"
#include "io/executor.h"

namespace millrace::commit {

struct OpenedJob {
  JobId job;
  Incarnation incarnation;
};

struct UnitSpec {
  JobId job;
  Incarnation incarnation;
  Epoch epoch;
  Participant participant;
};

// Where a job stands: the fold of its commits.
struct RecoveredJob {
  std::string name;
  Incarnation incarnation;
  Epoch last_epoch;  // 0: it never committed
  Positions positions;
  Tick tick;
  uint64_t delta_bytes = 0;  // not yet covered by a snapshot: take one above max(1 GiB, state)
  uint64_t snapshot_bytes = 0;
  std::vector<TaskId> tasks;  // those that there is state of, ascending
};

// Which part of a job's state a reader wants.
struct StateFilter {
  KeyGroupRange groups;
  std::vector<StateId> states;  // empty: all
};

// StateReader: the committed state of a job as of its last epoch, pulled in chunks.
//
// Threading:  confined to one task. Order: one `next` at a time.
// Failure:    kCorruptState: the state is damaged; the job cannot go on. kPartitionQuarantined:
//             recovery found it damaged already.
class StateReader {
 public:
  virtual ~StateReader() = default;
  // A delta (delta.h) of at most a few MiB with only what the filter lets through; an empty Buffer:
  // that was all. Apply chunks in the order they come: a later entry replaces an earlier one of the
  // same key.
  virtual void next(io::Executor& executor, io::Completion<Result<Buffer>> done) = 0;
};

// Jobs: those whose epochs are committed here.
//
// Threading:  synchronised inside.
// Order:      open_job, recover, read_state*, then begin for epoch last + 1 and on.
// Failure:    kFenced: the incarnation is not the newest. kUnavailable: the log has stopped.
class Jobs {
 public:
  virtual ~Jobs() = default;
  // Durable when `done` runs; fences every older incarnation and aborts its open units.
  virtual void open_job(std::string name, io::Executor& executor,
                        io::Completion<Result<OpenedJob>> done) = 0;
  // Forgets the job with its positions and state. Nothing of that name is success.
  virtual void drop_job(std::string name, io::Executor& executor,
                        io::Completion<Result<void>> done) = 0;
  virtual std::vector<RecoveredJob> list() = 0;
  virtual Result<RecoveredJob> recover(JobId job) = 0;
  virtual Result<std::unique_ptr<StateReader>> read_state(JobId job, StateFilter filter) = 0;
  virtual Result<std::unique_ptr<Unit>> begin(UnitSpec spec) = 0;
  virtual Result<std::unique_ptr<SnapshotWriter>> begin_snapshot(SnapshotSpec spec) = 0;
};

}  // namespace millrace::commit
