#include "log/recovery/replay.h"

#include <fmt/core.h>

#include <algorithm>
#include <functional>
#include <map>

#include "base/assert.h"

namespace millrace::log {

using commit::PartitionId;

namespace {

constexpr const char* kDamageRemedy =
    "Nothing was changed by this start. Restore a backup; `millrace log repair` shows what can be "
    "given up instead.";

uint64_t file_of(const LogPiece& piece) {
  return std::get<SegmentBatches>(piece.place).segment->name().number;
}

// A file may hold records that a later one has compacted: the file with the highest number counts.
// What lies before the start does not: of what replaced it nothing need be left.
void drop_replaced(std::vector<LogPiece>& pieces, int64_t start_offset) {
  std::ranges::sort(pieces, std::greater(), file_of);
  std::map<int64_t, int64_t> covered;  // runs of offsets that do not touch: first → end
  std::erase_if(pieces, [&](const LogPiece& piece) {
    int64_t first = std::max(piece.base_offset, start_offset);
    int64_t end = piece.end_offset;
    if (end <= first) return true;
    auto run = covered.upper_bound(first);
    if (run != covered.begin() && std::prev(run)->second >= end) return true;
    if (run != covered.begin() && std::prev(run)->second >= first) {
      --run;
      first = run->first;
    }
    while (run != covered.end() && run->first <= end) {
      end = std::max(end, run->second);
      run = covered.erase(run);
    }
    covered[first] = end;
    return false;
  });
}

}  // namespace

Result<RecoveredRing> Replay::run(const std::optional<Checkpoint>& checkpoint) {
  RingPoint from;
  if (checkpoint) {
    MILLRACE_TRY(restore(*checkpoint));
    from = checkpoint->point;
    result_.generation = checkpoint->node_generation;
  }
  RingScan scan(files_, from);
  while (auto entry = MILLRACE_TRY(scan.next())) {
    const commit::Lsn durable = entry->header.durable_lsn;
    note_group(*entry);
    pending_.push_back(std::move(*entry));
    MILLRACE_TRY(take_witnessed(durable));
  }
  MILLRACE_TRY(settle_tail(scan));
  pass_checkpoint();
  result_.generation = std::max(result_.generation, scan.generation());
  ledger_.show(commit::Lsn(std::max(settled_.value(), result_.end.next_lsn.value() - 1)));
  return std::move(result_);
}

void Replay::note_group(const ScannedEntry& entry) {
  const uint64_t end = entry.address + entry.header.entry_bytes();
  if ((entry.header.flags & kFirstOfGroup) != 0 || result_.live.empty()) {
    result_.live.push_back({entry.header.lsn, entry.header.lsn, entry.address, 0, entry.before});
  }
  GroupRecord& group = result_.live.back();
  group.last = entry.header.lsn;
  group.bytes = round_up(end, kBlockBytes) - group.address;
  result_.cut_in_group = (entry.header.flags & kLastOfGroup) == 0;
}

Result<void> Replay::take_witnessed(commit::Lsn through) {
  while (!pending_.empty() && pending_.front().header.lsn <= through) {
    ScannedEntry entry = std::move(pending_.front());
    pending_.pop_front();
    reached_ = entry.header.lsn;
    if (!entry.body_good) {
      const std::string place = files_.place(entry.address);
      const EntryType type = entry.header.type;
      if (type == EntryType::kMeta || type == EntryType::kStageRef) {
        return Error(ErrorCode::kRingDamaged,
                     fmt::format("the entry with LSN {} does not match its checksum, and what "
                                 "follows depends on it",
                                 entry.header.lsn.value()))
            .at(place)
            .remedy(kDamageRemedy);
      }
      result_.damages.push_back(place);
    }
    MILLRACE_TRY(take(std::move(entry)));
  }
  return {};
}

// The chain has ended: damage, or a tail that was torn.
Result<void> Replay::settle_tail(RingScan& scan) {
  const RingPoint& point = scan.point();
  const commit::Lsn witnessed = MILLRACE_TRY(scan.witnessed());
  if (witnessed >= point.next_lsn) {
    reached_ = point.next_lsn;
    return Error(ErrorCode::kRingDamaged,
                 fmt::format("the entry with LSN {} is damaged or missing, but everything up to "
                             "LSN {} was durable",
                             point.next_lsn.value(), witnessed.value()))
        .at(files_.place(point.address))
        .remedy(kDamageRemedy);
  }
  result_.end = point;
  while (!pending_.empty()) {
    if (!pending_.front().body_good) {
      cut_at(pending_.front());
      break;
    }
    ScannedEntry entry = std::move(pending_.front());
    pending_.pop_front();
    reached_ = entry.header.lsn;
    MILLRACE_TRY(take(std::move(entry)));
  }
  pending_.clear();
  assembly_.reset();
  return {};
}

void Replay::cut_at(const ScannedEntry& entry) {
  result_.end = entry.before;
  auto& live = result_.live;
  while (!live.empty() && live.back().first >= entry.header.lsn) live.pop_back();
  result_.cut_in_group = false;
  if (live.empty() || live.back().last < entry.header.lsn) return;
  live.back().last = commit::Lsn(entry.header.lsn.value() - 1);
  live.back().bytes = round_up(entry.before.address, kBlockBytes) - live.back().address;
  result_.cut_in_group = true;
}

Result<void> Replay::take(ScannedEntry entry) {
  const EntryHeader& header = entry.header;
  const RingPiece piece{entry.body_address, header.body_bytes, header.body_crc};
  if ((header.flags & kContinued) == 0) {
    assembly_ = Assembly{.ref = {header.lsn, piece, nullptr}, .more = {}, .body = {}};
  } else {
    if (!assembly_) return {};  // it began before the point that the checkpoint names
    assembly_->more.push_back(piece);
  }
  assembly_->damaged = assembly_->damaged || !entry.body_good;
  assembly_->body += entry.body.view();
  if ((header.flags & kMoreFragments) != 0) return {};
  Assembly whole = std::move(*assembly_);
  assembly_.reset();
  if (!whole.more.empty()) {
    whole.ref.more = std::make_shared<std::vector<RingPiece>>(std::move(whole.more));
  }
  return take_whole(header, std::move(whole));
}

Result<void> Replay::take_whole(const EntryHeader& header, Assembly assembly) {
  LogEntry entry;
  entry.type = header.type;
  entry.unit = header.unit;
  entry.rows = header.rows;
  entry.lsn = header.lsn;
  entry.leader_epoch = leader_epoch_of(header.generation);
  entry.ref = assembly.ref;
  entry.damaged = assembly.damaged;
  if (entry.lsn <= settled_) return take_before_checkpoint(entry);
  if (changes_anything(entry.type)) result_.content_lsn = entry.lsn;
  pass_checkpoint();
  MILLRACE_TRY(decode_body(entry, assembly));
  const auto readmitted = ledger_.readmit(entry);
  if (!readmitted) {
    Error error = readmitted.error();
    return std::move(error).at(files_.place(assembly.ref.piece.address)).remedy(kDamageRemedy);
  }
  ledger_.apply(entry);
  return {};
}

// Its effect is in the checkpoint; only stages of units that were still open count.
Result<void> Replay::take_before_checkpoint(LogEntry& entry) {
  if (entry.type == EntryType::kCommit) ledger_.units().take(entry.unit);
  if (entry.type == EntryType::kAbort) ledger_.units().abort_from(entry.unit);
  if (entry.type != EntryType::kStage) return {};
  if (!ledger_.jobs().check_incarnation(entry.unit.job, entry.unit.incarnation)) return {};
  MILLRACE_TRY(ledger_.admit(entry));
  ledger_.apply(entry);
  return {};
}

Result<void> Replay::decode_body(LogEntry& entry, const Assembly& assembly) {
  if (entry.type == EntryType::kAppend && !entry.damaged) {
    entry.detail = MILLRACE_TRY(decode_append(entry, assembly.body));
  }
  if (entry.type == EntryType::kMeta) {
    entry.detail = LogEntry::Meta{MILLRACE_TRY(decode_meta(assembly.body))};
  }
  if (entry.type == EntryType::kStageRef) {
    const StageRefBody body = MILLRACE_TRY(decode_stage_ref(assembly.body));
    entry.detail = LogEntry::StageRef{body, MILLRACE_TRY(load(body.segment)), nullptr};
  }
  if (entry.type == EntryType::kCommit) {
    LogEntry::Commit commit;
    if (!entry.damaged) commit.body = MILLRACE_TRY(decode_commit(assembly.body));
    for (const AdoptedSnapshot& snapshot : commit.body.snapshots) {
      commit.snapshots.push_back(MILLRACE_TRY(load(snapshot.segment)));
    }
    entry.detail = std::move(commit);
  }
  return {};
}

// Who wrote the batches stands in them.
Result<LogEntry::Append> Replay::decode_append(const LogEntry& entry, std::string_view body) {
  LogEntry::Append append;
  for (const PartitionRow& row : entry.rows) {
    if (row.bytes > body.size()) {
      return Error(ErrorCode::kRingDamaged,
                   fmt::format("the entry with LSN {} is shorter than its partitions say",
                               entry.lsn.value()));
    }
    const auto bytes = std::as_bytes(std::span(body.substr(0, row.bytes)));
    append.producers.push_back(MILLRACE_TRY(read_producer(bytes)));
    body.remove_prefix(row.bytes);
  }
  return append;
}

Result<SegmentPtr> Replay::load(const SegmentName& name) {
  result_.named.push_back(MILLRACE_TRY(segments_.load(name)));
  return result_.named.back();
}

Result<void> Replay::restore(const Checkpoint& checkpoint) {
  settled_ = checkpoint.settled;
  segments_.raise_next_number(checkpoint.next_segment);
  for (const Checkpoint::Machine& saved : checkpoint.machines) {
    const auto machine = ledger_.machines().find(saved.tag);
    if (machine == ledger_.machines().end()) {
      return Error(ErrorCode::kVersionMismatch,
                   fmt::format("the data directory holds '{}', which this program does not know",
                               saved.tag));
    }
    MILLRACE_TRY(machine->second.machine->restore(saved.snapshot));
    machine->second.version.store(saved.version, std::memory_order_relaxed);
  }
  MILLRACE_TRY(restore_partitions(checkpoint));
  MILLRACE_TRY(restore_jobs(checkpoint));
  return load_open_units(checkpoint);
}

Result<void> Replay::restore_partitions(const Checkpoint& checkpoint) {
  std::map<PartitionId, std::vector<LogPiece>> pieces;
  for (const Checkpoint::SegmentUse& use : checkpoint.segments) {
    const SegmentPtr segment = MILLRACE_TRY(load(use.name));
    std::map<PartitionId, int64_t> bases;
    if (!use.bases.empty()) ledger_.adopted_bases()[use.name.number] = {segment, use.bases};
    for (const auto& [partition, base] : use.bases) bases[partition] = base;
    for (const SegmentExtent& extent : segment->extents()) {
      if (extent.kind == FrameKind::kDelta) continue;
      const PartitionId id = extent.partition();
      const auto base = bases.find(id);
      // A spill file names here only what its commit gave to the partition.
      if (!use.bases.empty() && base == bases.end()) continue;
      const int64_t first = extent.first + (base == bases.end() ? 0 : base->second);
      pieces[id].push_back(settled_piece(segment, extent, first, checkpoint.settled));
    }
  }
  for (const Checkpoint::PartitionEnds& ends : checkpoint.partitions) {
    const PartitionPtr partition = ledger_.partition(ends.id);
    if (partition == nullptr) continue;
    auto& own = pieces[ends.id];
    drop_replaced(own, ends.start_offset);
    std::ranges::sort(own, {}, &LogPiece::base_offset);
    partition->restore(ends.start_offset, ends.end_offset, std::move(own));
    partition->restore_epochs(commit::LeaderEpochs(ends.epochs));
    if (!ends.transactions.empty()) {
      MILLRACE_TRY(partition->restore_transactions(ends.transactions));
    }
    if (ends.quarantined || !partition->complete()) {
      partition->quarantine(Error(ErrorCode::kPartitionQuarantined,
                                  "the partition holds records that do not match their checksum"));
    }
  }
  return {};
}

Result<void> Replay::restore_jobs(const Checkpoint& checkpoint) {
  std::map<uint64_t, SegmentName> names;
  for (const Checkpoint::SegmentUse& use : checkpoint.segments) {
    names[use.name.number] = use.name;
  }
  for (const Checkpoint::JobState& saved : checkpoint.jobs) {
    JobTable::JobPieces job{.job = saved.job, .quarantined = saved.quarantined, .pieces = {}};
    for (const Checkpoint::StateUse& use : saved.pieces) {
      const SegmentPtr segment = MILLRACE_TRY(load(names[use.segment]));
      uint64_t bytes = 0;
      for (const SegmentExtent& extent : segment->extents()) {
        if (extent.kind == FrameKind::kDelta && extent.part == use.task.value()) {
          bytes += extent.bytes;
        }
      }
      job.pieces.push_back({.task = use.task,
                            .first_epoch = use.first_epoch,
                            .last_epoch = use.last_epoch,
                            .snapshot = use.snapshot,
                            .lsn = checkpoint.settled,
                            .bytes = bytes,
                            .place = segment});
    }
    ledger_.jobs().restore_pieces(std::move(job));
    if (saved.quarantined) {
      ledger_.jobs().quarantine(
          saved.job, Error(ErrorCode::kPartitionQuarantined, "the job's state was found damaged"));
    }
  }
  return {};
}

Result<void> Replay::load_open_units(const Checkpoint& checkpoint) {
  for (const Checkpoint::OpenUnitRefs& open : checkpoint.open_units) {
    for (const StageRefBody& ref : open.refs) {
      auto piece = std::make_shared<StagedPiece>();
      piece->first_sequence = ref.first_sequence;
      piece->last_sequence = ref.last_sequence;
      piece->place = MILLRACE_TRY(load(ref.segment));
      spilled_.emplace_back(open.unit, std::move(piece));
    }
  }
  return {};
}

// The ring has told which units were open at the checkpoint; this is what spill files held of them.
void Replay::pass_checkpoint() {
  for (auto& [unit, piece] : spilled_) {
    ledger_.units().find_or_add(unit)->replace(std::move(piece));
  }
  spilled_.clear();
}

}  // namespace millrace::log
