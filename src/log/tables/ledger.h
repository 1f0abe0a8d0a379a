#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <shared_mutex>
#include <span>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/result.h"
#include "commit/state_machine.h"
#include "log/settle/checkpoint.h"
#include "log/tables/job_table.h"
#include "log/tables/log_entry.h"
#include "log/tables/topic_table.h"
#include "log/units/open_unit.h"

namespace millrace::log {

// Ledger: everything that entries of the log change: partitions, jobs, open units, state machines,
// and the one moment of visibility. The same code runs on the way in and at recovery.
//
// Threading:  admit, apply, show and the units from the log's writer only; the rest from anywhere.
// Ownership:  the registered machines outlive it.
// Order:      admit in the order of LSNs; apply in the same order, after the sync; show once per
//             group.
class Ledger {
 public:
  explicit Ledger(std::span<commit::StateMachine* const> machines);
  Ledger(const Ledger&) = delete;
  Ledger& operator=(const Ledger&) = delete;

  // Checks the rules and assigns offsets. An Error: the entry must not be written.
  Result<void> admit(LogEntry& entry);
  // The same for an entry that was written by an earlier process: it was admitted then.
  // kRingDamaged: it does not follow from what came before.
  Result<void> readmit(LogEntry& entry);
  void apply(LogEntry& entry);
  // All that was applied is visible as of `lsn`, at once.
  void show(commit::Lsn lsn);

  commit::Lsn visible() const { return visible_.load(std::memory_order_acquire); }
  PartitionPtr partition(commit::PartitionId id) const;
  std::vector<PartitionPtr> partitions() const;
  TopicTable& topics() { return topics_; }
  JobTable& jobs() { return jobs_; }
  UnitTable& units() { return units_; }

  struct Machine {
    commit::StateMachine* machine;
    std::atomic<uint64_t> version{0};
  };
  // By tag, the log's own among them. The set never changes.
  std::map<std::string, Machine, std::less<>>& machines() { return machines_; }

  // Base offsets of the partitions in adopted spill files, by segment number.
  struct AdoptedFile {
    std::weak_ptr<const Segment> segment;
    std::vector<Checkpoint::Base> bases;
  };
  std::map<uint64_t, AdoptedFile>& adopted_bases() { return adopted_bases_; }

 private:
  Result<void> admit_append(LogEntry& entry);
  // Each batch follows its producer's last one, or was written before.
  static Result<void> check_producers(LogEntry::Append& append);
  Result<void> admit_stage(LogEntry& entry);
  Result<void> admit_stage_ref(LogEntry& entry);
  Result<void> admit_commit(LogEntry& entry);
  Result<void> admit_meta(const LogEntry& entry) const;
  void assign_offsets(LogEntry::Commit& commit);
  StagedPiece::Target assign(commit::PartitionId id, uint32_t records, LogEntry::Commit& commit,
                             std::map<commit::PartitionId, Assignment>& assignments);
  void apply_append(LogEntry& entry);
  void apply_commit(LogEntry& entry);
  void apply_piece(StagedPiece& piece, const LogEntry& entry, JobCommit& job);
  void apply_meta(LogEntry& entry);
  void publish(Partition& partition, LogPiece piece, const LogEntry& entry, bool damaged);

  std::atomic<commit::Lsn> visible_{commit::Lsn()};
  mutable std::shared_mutex partitions_mutex_;
  std::unordered_map<commit::PartitionId, PartitionPtr> partitions_;
  TopicTable topics_;
  JobTable jobs_;
  UnitTable units_;
  std::map<std::string, Machine, std::less<>> machines_;
  std::map<uint64_t, AdoptedFile> adopted_bases_;
  std::unordered_set<Partition*> changed_;
};

}  // namespace millrace::log
