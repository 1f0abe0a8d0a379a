#pragma once

#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "commit/commit_log.h"
#include "testing/memory_commit_log.h"

namespace millrace::testing {

// What a MemoryCommitLog holds; all of it under `mutex`.
struct MemoryCommitLog::Store {
  struct StateChunk {
    commit::TaskId task;
    commit::Epoch epoch;  // of the commit; a snapshot's: up to which it replaces
    Buffer delta;
  };
  struct Job {
    commit::JobId id;
    std::string name;
    commit::Incarnation incarnation;
    commit::Epoch last_epoch;
    commit::Epoch last_submitted;
    std::map<std::pair<std::string, std::string>, commit::SplitPosition> positions;
    commit::Tick tick;
    std::vector<StateChunk> state;
  };
  struct Snapshot {
    commit::SnapshotSpec spec;
    std::vector<Buffer> slices;
  };
  struct Partition {
    std::vector<Buffer> batches;
    std::vector<int64_t> base_offsets;
    int64_t end = 0;
  };
  struct Watcher {
    commit::PartitionId partition;
    int64_t offset = 0;
    io::Executor* executor = nullptr;
    io::Wake wake;
  };
  struct Machine {
    commit::StateMachine* machine = nullptr;
    uint64_t version = 0;
  };

  mutable std::mutex mutex;
  uint64_t last_lsn = 0;
  uint64_t last_id = 0;
  uint64_t stages = 0;
  uint32_t open_units = 0;
  uint64_t commits = 0;
  uint64_t snapshots_adopted = 0;
  std::map<commit::JobId, Job> jobs;
  std::map<commit::SnapshotId, Snapshot> snapshots;
  std::map<commit::TopicId, commit::Topic> topics;
  std::map<commit::PartitionId, Partition> partitions;
  std::map<uint64_t, Watcher> watchers;
  std::map<std::string, Machine, std::less<>> machines;

  commit::Lsn next_lsn() { return commit::Lsn(++last_lsn); }
  // All with the mutex held.
  int64_t append(commit::PartitionId partition, const commit::RecordBatch& batch);
  void wake_watchers();
  Job* find_job(commit::JobId id);
  Result<Job*> current_job(commit::JobId id, commit::Incarnation incarnation);
};

}  // namespace millrace::testing
