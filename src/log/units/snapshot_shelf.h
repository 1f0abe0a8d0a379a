#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>

#include "commit/snapshot.h"
#include "io/executor.h"
#include "log/settle/segment_store.h"
#include "log/units/spill.h"

namespace millrace::log {

// SnapshotShelf: finished snapshots that no commit has adopted yet. Threading: synchronised inside.
class SnapshotShelf {
 public:
  struct Finished {
    commit::SnapshotSpec spec;
    SegmentPtr segment;
  };
  void put(commit::SnapshotId id, Finished finished);
  std::optional<Finished> find(commit::SnapshotId id) const;
  // Adopted, or its job has no use for it any more.
  void remove(commit::SnapshotId id);
  // A newer incarnation of the job has begun: what an older one dumped is of no use.
  void remove_older(commit::JobId job, commit::Incarnation incarnation);

 private:
  mutable std::mutex mutex_;
  std::map<commit::SnapshotId, Finished> finished_;
};

// RingSnapshotWriter: a snapshot as a segment file of its own.
class RingSnapshotWriter final : public commit::SnapshotWriter {
 public:
  RingSnapshotWriter(SegmentStore& segments, SnapshotShelf& shelf, StagingRoom& room,
                     io::Executor& files, commit::SnapshotSpec spec);

  Result<commit::Staged> write(Buffer slice, io::Wake wake) override;
  void finish(io::Executor& executor, io::Completion<Result<commit::SnapshotId>> done) override;

 private:
  // What tasks on the files' executor work on; outlives the writer.
  struct Dump;
  const std::shared_ptr<Dump> dump_;
};

}  // namespace millrace::log
