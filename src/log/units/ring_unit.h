#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "commit/unit.h"
#include "io/executor.h"
#include "log/ring/ring_writer.h"
#include "log/tables/ledger.h"
#include "log/units/commit_turn.h"
#include "log/units/snapshot_shelf.h"
#include "log/units/spill.h"

namespace millrace::log {

// What units need of the log; all of it outlives them.
struct UnitContext {
  RingWriter& writer;
  Ledger& ledger;
  SegmentStore& segments;
  SnapshotShelf& snapshots;
  StagingRoom& spill_room;
  io::Executor& files;  // where spill files are written
  uint64_t ring_bytes_max = 0;
  uint64_t spill_file_bytes = 0;
};

// RingUnit: stages go into the ring as they come, and into spill files once the unit has grown
// large.
//
// Threading:  synchronised inside.
class RingUnit final : public commit::Unit {
 public:
  RingUnit(UnitContext& context, commit::UnitSpec spec, std::shared_ptr<CommitTurn> turn);
  ~RingUnit() override;

  Result<commit::Staged> stage(commit::PartitionId partition, commit::RecordBatch batch,
                               io::Wake wake) override;
  Result<commit::Staged> stage_state(commit::TaskId task, Buffer delta, io::Wake wake) override;
  Result<void> adopt_snapshot(commit::SnapshotId snapshot) override;
  void commit(commit::Positions positions, commit::Tick tick, io::Executor& executor,
              io::Completion<Result<commit::Committed>> done) override;
  void abort() override;

 private:
  using Done = io::Completion<Result<commit::Committed>>;
  // What tasks on the files' executor work on; outlives the unit.
  struct Spilling {
    Spilling(UnitContext& unit_context, UnitBlock unit_id, std::shared_ptr<UnitFate> unit_fate)
        : context(unit_context),
          id(unit_id),
          fate(std::move(unit_fate)),
          writer(context.segments, context.spill_file_bytes) {}
    UnitContext& context;
    const UnitBlock id;
    const std::shared_ptr<UnitFate> fate;
    SpillWriter writer;

    void add(std::move_only_function<Result<void>(SpillWriter&)> write, uint64_t bytes);
    // The rest of the stages is durable, and on its way to be named in the ring, unless `fate` says
    // otherwise.
    void finish();
    void submit_full_file(bool all);
    void fail(Error error);
  };
  // A commit on its way to its turn; outlives the unit.
  struct PendingCommit {
    UnitContext& context;
    std::shared_ptr<CommitTurn> turn;
    std::shared_ptr<UnitFate> fate;
    io::Executor& executor;
    Done done;
    Submission submission = {};
    std::vector<commit::SnapshotId> snapshots = {};

    void answer(Result<commit::Committed> result);
    static void submit(std::unique_ptr<PendingCommit> pending);
  };

  // All with fate_->mutex held.
  Result<void> check_open(const std::lock_guard<std::mutex>&) const;
  Result<commit::Staged> place(uint64_t bytes, io::Wake wake, Submission submission,
                               std::move_only_function<Result<void>(SpillWriter&, uint64_t)> spill);
  Submission new_submission(EntryType type);

  UnitContext& context_;
  UnitBlock id_;
  const std::shared_ptr<CommitTurn> turn_;
  const std::shared_ptr<UnitFate> fate_;
  std::shared_ptr<Spilling> spilling_;  // null: everything is in the ring
  uint64_t next_sequence_ = 1;
  uint64_t ring_bytes_ = 0;
  uint64_t stages_ = 0;
  std::vector<commit::SnapshotId> snapshots_;
};

// For the ring: the entry that names a spill file.
Submission stage_ref_submission(const UnitBlock& unit, const SpilledFile& file,
                                uint64_t group_bytes_max);

}  // namespace millrace::log
