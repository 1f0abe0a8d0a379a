#pragma once

#include <atomic>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "commit/unit.h"
#include "engine/job.h"
#include "engine/sink.h"
#include "engine/task/task_counters.h"
#include "engine/task/task_waker.h"

namespace millrace::engine {

// UnitBoard: the open units of a job, put up by its coordinator, looked up by its tasks.
//
// Threading:  synchronised inside. A unit stays valid until every task has acknowledged its epoch.
class UnitBoard {
 public:
  void put(commit::Epoch epoch, std::unique_ptr<commit::Unit> unit);
  // Null: not opened yet; `waker` is woken when another unit has been.
  commit::Unit* find(commit::Epoch epoch, const std::shared_ptr<TaskWaker>& waker);
  std::unique_ptr<commit::Unit> take(commit::Epoch epoch);
  // Drops all, which aborts them: the newest first.
  void clear();

 private:
  std::mutex mutex_;
  std::map<commit::Epoch, std::unique_ptr<commit::Unit>> units_;
  std::vector<std::shared_ptr<TaskWaker>> waiting_;
};

// TaskStaging: what one task puts into the epoch's unit: a sink's batches, rejections, state.
//
// Threading:  confined to its task.
// Order:      begin(epoch) after each barrier; flush before anything else in a turn.
class TaskStaging final : public Staging {
 public:
  TaskStaging(UnitBoard& board, const std::optional<ErrorsTarget>& errors, TaskCounters& counters,
              std::shared_ptr<TaskWaker> waker)
      : board_(board), errors_(errors), counters_(counters), waker_(std::move(waker)) {}

  void begin(commit::Epoch epoch) {
    epoch_ = epoch;
    unit_ = nullptr;
  }

  commit::Epoch epoch() const override { return epoch_; }
  Result<void> stage(commit::PartitionId partition, Buffer batch) override;
  bool full() const override { return !pending_.empty(); }
  void reject(Rejection rejection) override;

  // Rejections so far become a batch of the unit's.
  Result<void> stage_rejections();
  void stage_state(commit::TaskId task, Buffer delta);
  // REQUIRES: the epoch's barrier has passed, so its unit is open.
  Result<void> adopt_snapshot(commit::SnapshotId snapshot);
  // Stages what waits. False: it is still too much, a wake-up will come. Failure: kRowFailed, where
  // a row was rejected that its table does not let pass.
  Result<bool> flush();

 private:
  struct Pending {
    commit::PartitionId partition;
    commit::RecordBatch batch;
    commit::TaskId task;  // of a delta, which is batch.bytes
    bool is_state = false;
  };
  Result<bool> try_stage(const Pending& pending);

  UnitBoard& board_;
  const std::optional<ErrorsTarget>& errors_;
  TaskCounters& counters_;
  const std::shared_ptr<TaskWaker> waker_;
  commit::Epoch epoch_;
  commit::Unit* unit_ = nullptr;
  std::deque<Pending> pending_;
  std::vector<Rejection> rejections_;
  size_t rejected_bytes_ = 0;
  std::optional<Error> failure_;  // a row that its table does not let pass
};

}  // namespace millrace::engine
