#pragma once

#include <memory>
#include <vector>

#include "base/buffer.h"
#include "base/result.h"
#include "commit/ids.h"
#include "commit/unit.h"
#include "io/executor.h"

namespace millrace::commit {

struct SnapshotSpec {
  JobId job;
  Incarnation incarnation;
  TaskId task;
  // All changes of epochs up to this one were in memory when the first slice was taken. Deltas of
  // later epochs are replayed over the snapshot; those of the task up to here go once it is valid.
  Epoch begun;
  // Tasks of an earlier layout, whose state up to `begun` goes as well. Their keys may be those of
  // any task now, so every task that has state names all of them, in one commit.
  std::vector<TaskId> replaces;
};

// SnapshotWriter: a fuzzy dump of one task's state, in slices of delta.h's format, beside the ring.
//
// Threading:  confined to the task.
// Order:      write*, finish; then Unit::adopt_snapshot in the epoch in which the dump ended: with
//             that commit it is valid. Never adopted, or destroyed unfinished: it goes at the next
//             recovery. Slices need not be sorted among each other; of two entries of a key the
//             later wins.
// Failure:    an Error gives up this snapshot; the deltas are still there.
class SnapshotWriter {
 public:
  virtual ~SnapshotWriter() = default;
  virtual Result<Staged> write(Buffer slice, io::Wake wake) = 0;
  // Durable when `done` runs.
  virtual void finish(io::Executor& executor, io::Completion<Result<SnapshotId>> done) = 0;
};

}  // namespace millrace::commit
