#include "log/tables/ledger.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/assert.h"

namespace millrace::log {

using commit::PartitionId;

namespace {

Error no_partition(PartitionId id) {
  return Error(ErrorCode::kTopicNotFound,
               fmt::format("there is no partition {} of topic {}", id.index, id.topic.value()));
}

Error damaged_body(const LogEntry& entry) {
  return Error(ErrorCode::kPartitionQuarantined,
               fmt::format("the entry with LSN {} does not match its checksum", entry.lsn.value()))
      .remedy("Restore a backup; `millrace log repair` shows what can be given up instead.");
}

void run_all(std::vector<std::pair<io::Executor*, io::Wake>> wakes) {
  for (auto& [executor, wake] : wakes) executor->post(std::move(wake));
}

}  // namespace

Ledger::Ledger(std::span<commit::StateMachine* const> machines) {
  topics_.on_partitions = [this](const commit::Topic& topic) {
    const std::unique_lock lock(partitions_mutex_);
    for (uint32_t index = 0; index < topic.partitions; ++index) {
      const PartitionId id{topic.id, index};
      PartitionPtr& partition = partitions_[id];
      if (partition == nullptr) partition = std::make_shared<Partition>(id, 0, 0);
    }
  };
  topics_.on_removed = [this](const commit::Topic& topic) {
    for (uint32_t index = 0; index < topic.partitions; ++index) {
      PartitionPtr gone;
      {
        const std::unique_lock lock(partitions_mutex_);
        const auto found = partitions_.find({topic.id, index});
        if (found == partitions_.end()) continue;
        gone = std::move(found->second);
        partitions_.erase(found);
      }
      changed_.erase(gone.get());
      run_all(gone->take_watches());
    }
  };
  topics_.check_start = [this](PartitionId id, int64_t offset) -> Result<void> {
    const PartitionPtr found = partition(id);
    if (found == nullptr) return no_partition(id);
    const int64_t end = found->bounds(visible())->high_watermark;
    if (offset >= 0 && offset <= end) return {};
    return Error(ErrorCode::kOffsetOutOfRange,
                 fmt::format("records before offset {} cannot be deleted, the partition ends at {}",
                             offset, end));
  };
  topics_.on_start = [this](PartitionId id, int64_t offset) {
    const PartitionPtr found = partition(id);
    if (found == nullptr) return;
    found->raise_start(offset);
    changed_.insert(found.get());
  };
  machines_[std::string(topics_.tag())].machine = &topics_;
  machines_[std::string(jobs_.tag())].machine = &jobs_;
  for (commit::StateMachine* machine : machines) {
    const bool is_new = machines_.try_emplace(std::string(machine->tag())).second;
    MILLRACE_ASSERT(is_new);
    machines_.find(machine->tag())->second.machine = machine;
  }
}

PartitionPtr Ledger::partition(PartitionId id) const {
  const std::shared_lock lock(partitions_mutex_);
  const auto found = partitions_.find(id);
  return found == partitions_.end() ? nullptr : found->second;
}

std::vector<PartitionPtr> Ledger::partitions() const {
  std::vector<PartitionPtr> all;
  {
    const std::shared_lock lock(partitions_mutex_);
    all.reserve(partitions_.size());
    for (const auto& [id, partition] : partitions_) all.push_back(partition);
  }
  std::ranges::sort(all, {}, &Partition::id);
  return all;
}

Result<void> Ledger::admit(LogEntry& entry) {
  switch (entry.type) {
    case EntryType::kAppend:
      return admit_append(entry);
    case EntryType::kStage:
      return admit_stage(entry);
    case EntryType::kStageRef:
      return admit_stage_ref(entry);
    case EntryType::kCommit:
      return admit_commit(entry);
    case EntryType::kAbort:
      units_.abort_from(entry.unit);
      return {};
    case EntryType::kMeta:
      return admit_meta(entry);
    case EntryType::kSeal:
    case EntryType::kSettled:
      return {};
  }
  return {};
}

Result<void> Ledger::admit_append(LogEntry& entry) {
  if (!std::holds_alternative<LogEntry::Append>(entry.detail)) {
    entry.detail.emplace<LogEntry::Append>();
  }
  auto& append = std::get<LogEntry::Append>(entry.detail);
  append.producers.resize(entry.rows.size());
  append.partitions.reserve(entry.rows.size());
  for (const PartitionRow& row : entry.rows) {
    PartitionPtr found = partition(row.partition);
    if (found == nullptr) return no_partition(row.partition);
    append.partitions.push_back(std::move(found));
  }
  // What has an LSN was written by an earlier process: it was checked then, perhaps against
  // producers that have been forgotten, or quarantined, since.
  if (entry.lsn == commit::Lsn()) MILLRACE_TRY(check_producers(append));
  if (append.duplicate_of) return {};
  for (size_t i = 0; i < entry.rows.size(); ++i) {
    PartitionRow& row = entry.rows[i];
    row.base_offset = append.partitions[i]->assign(row.records);
    if (const auto& producer = append.producers[i]) {
      append.partitions[i]->producers().admit(*producer, row.base_offset);
    }
  }
  return {};
}

Result<void> Ledger::check_producers(LogEntry::Append& append) {
  for (size_t i = 0; i < append.producers.size(); ++i) {
    if (!append.producers[i]) continue;
    const auto known = MILLRACE_TRY(append.partitions[i]->producers().check(*append.producers[i]));
    if (!known) continue;
    if (append.producers.size() > 1) {
      return Error(ErrorCode::kInvalidArgument, "one batch among several was written before");
    }
    append.duplicate_of = known;
  }
  return {};
}

Result<void> Ledger::admit_stage(LogEntry& entry) {
  MILLRACE_TRY(jobs_.check_incarnation(entry.unit.job, entry.unit.incarnation));
  auto piece = std::make_shared<StagedPiece>();
  piece->first_sequence = piece->last_sequence = entry.unit.sequence;
  StagedPiece::InRing staged;
  staged.task = entry.unit.task;
  if (!entry.rows.empty()) staged.row = entry.rows[0];
  piece->place = std::move(staged);
  units_.find_or_add(entry.unit)->add(piece);
  entry.detail = LogEntry::Stage{std::move(piece)};
  return {};
}

Result<void> Ledger::admit_stage_ref(LogEntry& entry) {
  MILLRACE_TRY(jobs_.check_incarnation(entry.unit.job, entry.unit.incarnation));
  const auto& ref = std::get<LogEntry::StageRef>(entry.detail);
  if (ref.only_of != nullptr && ref.only_of->closed) {
    return Error(ErrorCode::kCancelled, "the unit is no longer open");
  }
  auto piece = std::make_shared<StagedPiece>();
  piece->first_sequence = ref.body.first_sequence;
  piece->last_sequence = ref.body.last_sequence;
  piece->place = ref.segment;
  units_.find_or_add(entry.unit)->replace(std::move(piece));
  return {};
}

Result<void> Ledger::admit_commit(LogEntry& entry) {
  MILLRACE_TRY(jobs_.admit(entry.unit.job, entry.unit.incarnation, entry.unit.epoch));
  auto& commit = std::get<LogEntry::Commit>(entry.detail);
  commit.open = units_.take(entry.unit);
  assign_offsets(commit);
  return {};
}

StagedPiece::Target Ledger::assign(PartitionId id, uint32_t records, LogEntry::Commit& commit,
                                   std::map<PartitionId, Assignment>& assignments) {
  PartitionPtr found = partition(id);
  if (found == nullptr) {
    if (std::ranges::find(commit.dropped, id.topic) == commit.dropped.end()) {
      commit.dropped.push_back(id.topic);
    }
    return {};
  }
  const int64_t base = found->assign(records);
  Assignment& assignment = assignments.try_emplace(id, id, 0, base).first->second;
  assignment.records += records;
  return {std::move(found), base};
}

void Ledger::assign_offsets(LogEntry::Commit& commit) {
  std::map<PartitionId, Assignment> assignments;
  if (commit.open != nullptr) {
    for (const StagedPiecePtr& piece : commit.open->pieces) {
      piece->targets.clear();
      if (const auto* staged = std::get_if<StagedPiece::InRing>(&piece->place)) {
        if (!staged->row) continue;
        piece->targets.push_back(
            assign(staged->row->partition, staged->row->records, commit, assignments));
        continue;
      }
      for (const SegmentExtent& extent : std::get<SegmentPtr>(piece->place)->extents()) {
        piece->targets.push_back(
            extent.kind == FrameKind::kRecords
                ? assign(extent.partition(), extent.records, commit, assignments)
                : StagedPiece::Target());
      }
    }
  }
  commit.body.assignments.clear();
  for (const auto& [id, assignment] : assignments) commit.body.assignments.push_back(assignment);
}

Result<void> Ledger::admit_meta(const LogEntry& entry) const {
  std::map<std::string_view, std::vector<commit::Command>> by_machine;
  for (const commit::Command& command : std::get<LogEntry::Meta>(entry.detail).commands) {
    const auto machine = machines_.find(command.machine);
    if (machine == machines_.end()) {
      return Error(ErrorCode::kInvalidArgument,
                   fmt::format("no state machine '{}' is registered", command.machine));
    }
    const uint64_t version = machine->second.version.load(std::memory_order_relaxed);
    if (command.expected_version && *command.expected_version != version) {
      return Error(ErrorCode::kVersionConflict,
                   fmt::format("'{}' has version {}, the change was made for version {}",
                               command.machine, version, *command.expected_version));
    }
    by_machine[machine->first].push_back(command);
  }
  for (const auto& [tag, commands] : by_machine) {
    MILLRACE_TRY(machines_.find(tag)->second.machine->check(commands));
  }
  return {};
}

Result<void> Ledger::readmit(LogEntry& entry) {
  const auto contradicts = [&](const char* what) {
    return Error(ErrorCode::kRingDamaged,
                 fmt::format("the entry with LSN {} {}", entry.lsn.value(), what));
  };
  if (entry.type == EntryType::kMeta) {
    for (const commit::Command& command : std::get<LogEntry::Meta>(entry.detail).commands) {
      if (!machines_.contains(command.machine)) {
        return Error(ErrorCode::kVersionMismatch,
                     fmt::format("the data directory holds '{}', which this program does not know",
                                 command.machine));
      }
    }
    return {};
  }
  const std::vector<PartitionRow> rows = entry.rows;
  uint64_t row_bytes = 0;
  for (const PartitionRow& row : rows) row_bytes += row.bytes;
  if (!rows.empty() && row_bytes != entry.ref.bytes()) {
    return contradicts("does not have the length that its partitions name");
  }
  std::vector<Assignment> assignments;
  if (auto* commit = std::get_if<LogEntry::Commit>(&entry.detail)) {
    assignments = commit->body.assignments;
  }
  if (!admit(entry)) return contradicts("was not allowed after what came before it");
  for (size_t i = 0; entry.type == EntryType::kAppend && i < rows.size(); ++i) {
    if (rows[i].base_offset != entry.rows[i].base_offset) {
      return contradicts("has other offsets than those before it leave");
    }
  }
  if (auto* commit = std::get_if<LogEntry::Commit>(&entry.detail)) {
    if (!entry.damaged && assignments != commit->body.assignments) {
      return contradicts("assigns other offsets than its stages take");
    }
  }
  return {};
}

void Ledger::apply(LogEntry& entry) {
  switch (entry.type) {
    case EntryType::kAppend:
      return apply_append(entry);
    case EntryType::kStage: {
      StagedPiece& piece = *std::get<LogEntry::Stage>(entry.detail).piece;
      piece.damaged = entry.damaged;
      std::get<StagedPiece::InRing>(piece.place).ref = entry.ref;
      return;
    }
    case EntryType::kCommit:
      return apply_commit(entry);
    case EntryType::kMeta:
      return apply_meta(entry);
    default:
      return;
  }
}

void Ledger::publish(Partition& partition, LogPiece piece, const LogEntry& entry, bool damaged) {
  if (damaged) {
    partition.quarantine(
        Error(ErrorCode::kPartitionQuarantined,
              fmt::format("offsets {} to {} do not match their checksum", piece.base_offset,
                          piece.end_offset - 1))
            .remedy("Restore a backup; `millrace log repair` shows what can be given up instead."));
  }
  partition.publish(std::move(piece), entry.leader_epoch);
  changed_.insert(&partition);
}

void Ledger::apply_append(LogEntry& entry) {
  const auto& [partitions, producers, duplicate_of] = std::get<LogEntry::Append>(entry.detail);
  uint32_t offset = 0;
  for (size_t i = 0; i < entry.rows.size(); ++i) {
    const PartitionRow& row = entry.rows[i];
    publish(*partitions[i],
            {row.base_offset, row.base_offset + row.records, row.max_timestamp_ms, entry.lsn,
             RingBatch{entry.ref, offset, row.bytes}},
            entry, entry.damaged);
    if (producers[i]) {
      partitions[i]->producers().apply(*producers[i], row.base_offset);
      partitions[i]->note_transaction(*producers[i], row.base_offset);
    }
    offset += row.bytes;
  }
}

void Ledger::apply_piece(StagedPiece& piece, const LogEntry& entry, JobCommit& job) {
  const commit::Epoch epoch = entry.unit.epoch;
  if (const auto* staged = std::get_if<StagedPiece::InRing>(&piece.place)) {
    if (!staged->row) {
      job.deltas.push_back({.task = staged->task,
                            .first_epoch = epoch,
                            .last_epoch = epoch,
                            .lsn = entry.lsn,
                            .bytes = staged->ref.bytes(),
                            .place = staged->ref});
      if (piece.damaged) jobs_.quarantine(entry.unit.job, damaged_body(entry));
      return;
    }
    const auto& [partition, base] = piece.targets[0];
    if (partition == nullptr) return;
    publish(*partition,
            {base, base + staged->row->records, staged->row->max_timestamp_ms, entry.lsn,
             RingBatch{staged->ref, 0, staged->row->bytes}},
            entry, piece.damaged);
    return;
  }
  const SegmentPtr& segment = std::get<SegmentPtr>(piece.place);
  std::map<commit::TaskId, uint64_t> tasks;
  for (size_t i = 0; i < segment->extents().size(); ++i) {
    const SegmentExtent& extent = segment->extents()[i];
    if (extent.kind == FrameKind::kDelta) {
      tasks[commit::TaskId(extent.part)] += extent.bytes;
      continue;
    }
    const auto& [partition, base] = piece.targets[i];
    if (partition == nullptr) continue;
    AdoptedFile& file = adopted_bases_[segment->name().number];
    file.segment = segment;
    if (extent.first == 0) file.bases.push_back({partition->id(), base});
    publish(*partition, settled_piece(segment, extent, base, entry.lsn), entry, false);
  }
  for (const auto& [task, bytes] : tasks) {
    job.deltas.push_back({.task = task,
                          .first_epoch = epoch,
                          .last_epoch = epoch,
                          .lsn = entry.lsn,
                          .bytes = bytes,
                          .place = segment});
  }
}

void Ledger::apply_commit(LogEntry& entry) {
  auto& commit = std::get<LogEntry::Commit>(entry.detail);
  JobCommit job{.job = entry.unit.job,
                .epoch = entry.unit.epoch,
                .tick = commit.body.tick,
                .positions = std::move(commit.body.positions)};
  if (commit.open != nullptr) {
    for (const StagedPiecePtr& piece : commit.open->pieces) apply_piece(*piece, entry, job);
  }
  for (size_t i = 0; i < commit.snapshots.size(); ++i) {
    const AdoptedSnapshot& adopted = commit.body.snapshots[i];
    job.snapshots.push_back({{.task = adopted.task,
                              .first_epoch = adopted.begun,
                              .last_epoch = adopted.begun,
                              .snapshot = true,
                              .lsn = entry.lsn,
                              .bytes = adopted.segment.bytes,
                              .place = commit.snapshots[i]},
                             adopted.replaces});
  }
  jobs_.commit(std::move(job));
  if (entry.damaged) jobs_.quarantine(entry.unit.job, damaged_body(entry));
}

void Ledger::apply_meta(LogEntry& entry) {
  for (const commit::Command& command : std::get<LogEntry::Meta>(entry.detail).commands) {
    Machine& machine = machines_.find(command.machine)->second;
    machine.machine->apply(entry.lsn, command.body);
    machine.version.fetch_add(1, std::memory_order_relaxed);
  }
  // An incarnation that was fenced, or a job that was dropped, cannot commit what it staged.
  units_.remove_if([&](commit::JobId job, commit::Incarnation incarnation) {
    return !jobs_.check_incarnation(job, incarnation);
  });
}

void Ledger::show(commit::Lsn lsn) {
  const commit::Lsn before = visible();
  std::vector<std::pair<io::Executor*, io::Wake>> wakes;
  for (Partition* partition : changed_) {
    auto ended = partition->show(lsn, before);
    std::ranges::move(ended, std::back_inserter(wakes));
  }
  changed_.clear();
  visible_.store(lsn, std::memory_order_release);
  run_all(std::move(wakes));
}

}  // namespace millrace::log
