#pragma once

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "engine/epochs/snapshot_dump.h"
#include "engine/in/head.h"
#include "engine/in/input_head.h"
#include "engine/in/source_head.h"
#include "engine/job.h"
#include "engine/out/exchange.h"
#include "engine/task/chain.h"
#include "engine/task/task_reports.h"
#include "state/state_store.h"

namespace millrace::engine {

// What a task is made of. Either a source or channels at its head, either a sink or edges at its
// end.
struct TaskParts {
  uint32_t index = 0;  // in the job
  uint32_t shard = 0;
  uint32_t shards = 1;
  commit::TaskId id;
  commit::Epoch epoch;  // the first
  TimeStart time;

  std::optional<SourceShard> source;
  std::vector<SplitStart> splits;
  std::vector<IncomingChannel> channels;

  std::vector<std::unique_ptr<Operator>> operators;
  std::vector<uint64_t> state_ids;
  std::unique_ptr<Sink> sink;
  std::vector<OutgoingEdge> edges;
};

// What all tasks of a job share. Outlives the tasks.
struct TaskShared {
  const JobOptions& options;
  const io::Clock& clock;
  UnitBoard& board;
  commit::Jobs& jobs;
  commit::JobId job;
  commit::Incarnation incarnation;
  // Bytes of deltas after which a task dumps its state, and what is there already.
  uint64_t snapshot_delta_bytes = 0;
  uint64_t recovered_delta_bytes = 0;
  // Tasks that had the state in another layout. If there are any, the first epoch carries all
  // state.
  std::vector<commit::TaskId> replaced;
  std::shared_ptr<TaskReports> reports;
};

// Task: one shard of one pipeline: a head, a chain, state, and the turns in which they run.
//
// A turn lasts one slice. What is unfinished downstream goes before anything new. When a barrier
// has passed the chain, rejections and changed state go into the unit, then the task acknowledges.
//
// Threading:  made anywhere; from open on confined to its worker, where everybody reaches it
//             through its TaskWaker.
// Order:      restore*, open, then turns.
// Failure:    the first Error is reported; the task then does nothing more.
class Task final : private ChainSide {
 public:
  Task(TaskParts parts, const TaskShared& shared, std::shared_ptr<TaskWaker> waker,
       TaskCounters& counters);
  ~Task() override;

  // Whether any of its operators keeps state, and under which ids.
  std::vector<commit::StateId> state_ids() const;
  // Those that its shard owns.
  commit::KeyGroupRange key_groups() const;
  void restore(Buffer delta) { store_.restore(std::move(delta)); }
  void open();

  void turn();
  void order_barrier(BarrierOrder order);
  void split_opened(size_t index, std::unique_ptr<SplitReader> reader);
  void committed(commit::Epoch epoch, bool last);

 private:
  void late(const data::Batch& batch) override;
  void reject(Rejection rejection) override { staging_.reject(std::move(rejection)); }

  Result<void> open_chain();
  Result<Step> advance();
  // The barrier has passed the chain. kDone: acknowledged.
  Result<Step> finish_barrier();
  void report(Error error);

  const uint32_t index_;
  const commit::TaskId id_;
  const TaskShared& shared_;
  const std::shared_ptr<TaskWaker> waker_;
  TaskCounters& counters_;
  const std::vector<uint64_t> operator_state_ids_;
  const uint32_t shard_;
  const uint32_t shards_;
  MemoryAccount state_memory_;
  Slice slice_;
  TaskStaging staging_;
  state::StateStore store_;
  std::unique_ptr<Chain> chain_;
  std::unique_ptr<Head> head_;
  SourceHead* source_head_ = nullptr;  // head_, where it is one
  bool stateful_ = false;
  bool opened_ = false;
  bool failed_ = false;

  std::optional<commit::Epoch> barrier_;
  bool barrier_collected_ = false;

  std::optional<SnapshotDump> dump_;
};

}  // namespace millrace::engine
