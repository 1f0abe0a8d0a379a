#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "commit/jobs.h"
#include "commit/state_machine.h"
#include "log/ring/ring_place.h"
#include "log/settle/segment.h"

namespace millrace::log {

// A part of a job's state: a delta in the ring, or what a segment file holds of one task.
struct StatePiece {
  commit::TaskId task;
  commit::Epoch first_epoch;  // of a snapshot: begun
  commit::Epoch last_epoch;
  bool snapshot = false;
  commit::Lsn lsn;  // of the commit
  uint64_t bytes = 0;
  std::variant<RingRef, SegmentPtr> place;

  bool in_ring() const { return std::holds_alternative<RingRef>(place); }
};

// What a commit does to its job.
struct JobCommit {
  commit::JobId job;
  commit::Epoch epoch;
  commit::Tick tick;
  commit::Positions positions;
  std::vector<StatePiece> deltas;
  struct Snapshot {
    StatePiece piece;
    std::vector<commit::TaskId> replaces;
  };
  std::vector<Snapshot> snapshots;
};

// JobTable: jobs, the fold of their commits, and where their state stands: the machine `log.jobs`.
//
// Threading:  as StateMachine; admit, commit, settle from the log's writer; the rest from anywhere.
class JobTable final : public commit::StateMachine {
 public:
  static commit::Command open_command(const std::string& name);
  static commit::Command drop_command(const std::string& name);

  std::string_view tag() const override;
  Result<void> check(std::span<const commit::Command> commands) const override;
  void apply(commit::Lsn lsn, std::string_view command) override;
  std::string snapshot() const override;
  Result<void> restore(std::string_view snapshot) override;

  std::optional<commit::OpenedJob> find(std::string_view name) const;
  // kFenced unless this is the job's newest incarnation.
  Result<void> check_incarnation(commit::JobId job, commit::Incarnation incarnation) const;
  // The rules of a commit; counts it as under way.
  Result<void> admit(commit::JobId job, commit::Incarnation incarnation, commit::Epoch epoch);
  void commit(JobCommit commit);

  Result<commit::RecoveredJob> recover(commit::JobId job) const;
  std::vector<commit::RecoveredJob> list() const;
  // kPartitionQuarantined: recovery found the job damaged.
  Result<std::vector<StatePiece>> pieces(commit::JobId job) const;

  struct JobPieces {
    commit::JobId job;
    bool quarantined = false;
    std::vector<StatePiece> pieces;
  };
  std::vector<JobPieces> all_pieces() const;
  void restore_pieces(JobPieces pieces);
  // Puts `settled` in place of the job's pieces in the ring with lsn <= `through`.
  void settle(commit::JobId job, commit::Lsn through, std::vector<StatePiece> settled);
  void quarantine(commit::JobId job, Error why);

 private:
  struct Job {
    commit::JobId id;
    std::string name;
    commit::Incarnation incarnation;
    commit::Epoch last_epoch;
    commit::Epoch admitted_epoch;
    commit::Tick tick;
    std::map<std::pair<std::string, std::string>, commit::SplitPosition> positions;
    std::vector<StatePiece> pieces;  // in the order in which they apply
    std::optional<Error> quarantined;
  };
  commit::RecoveredJob recovered(const Job& job) const;
  // What the snapshot covers goes; then it comes in its place.
  static void cover(Job& job, const JobCommit::Snapshot& snapshot);
  static void adopt(Job& job, StatePiece snapshot);

  mutable std::mutex mutex_;
  std::map<std::string, commit::JobId, std::less<>> by_name_;
  std::map<commit::JobId, Job> jobs_;
  uint64_t next_id_ = 1;
};

}  // namespace millrace::log
