#include "log/settle/settle_pass.h"

#include <algorithm>
#include <iterator>
#include <set>

#include "commit/delta.h"
#include "log/settle/pace.h"

namespace millrace::log {
namespace {

constexpr size_t kDeltaSliceBytes = 1 << 20;

bool is_corrupt(const Error& error) {
  return error.code() == ErrorCode::kCorruptRecord || error.code() == ErrorCode::kCorruptState;
}

Error quarantined_by(const Error& error) {
  return Error(ErrorCode::kPartitionQuarantined, error.message())
      .at(error.place())
      .remedy("Restore a backup; `millrace log repair` shows what can be given up instead.");
}

// Consecutive deltas of one task in the ring, with none in a file between them.
struct DeltaRun {
  StatePiece settled;
  std::vector<RingRef> refs;
};

std::vector<DeltaRun> delta_runs(const std::vector<StatePiece>& pieces) {
  std::vector<DeltaRun> runs;
  std::map<commit::TaskId, size_t> open;
  for (const StatePiece& piece : pieces) {
    if (!piece.in_ring()) {
      open.erase(piece.task);
      continue;
    }
    auto at = open.find(piece.task);
    if (at == open.end()) {
      at = open.emplace(piece.task, runs.size()).first;
      runs.push_back({piece, {}});
      runs.back().settled.bytes = 0;
    }
    DeltaRun& run = runs[at->second];
    run.settled.last_epoch = piece.last_epoch;
    run.settled.lsn = piece.lsn;
    run.refs.push_back(std::get<RingRef>(piece.place));
  }
  return runs;
}

}  // namespace

Result<bool> SettlePass::write_some(const RingFiles& files, SegmentStore& segments,
                                    Ledger& ledger) {
  if (records_ == nullptr) records_ = std::make_unique<RecordFiles>(segments, own_file_bytes);
  if (next_.part < partitions.size()) {
    MILLRACE_TRY(write_records(files, ledger));
    if (next_.part == partitions.size()) MILLRACE_TRY(place_records());
    return false;
  }
  if (next_.job < jobs.size()) {
    MILLRACE_TRY(write_job(jobs[next_.job++], files, segments, ledger));
    return false;
  }
  if (next_.unit < units.size()) {
    UnitPart& unit = units[next_.unit++];
    if (unit.spill) MILLRACE_TRY(write_unit(unit, files, segments));
    return false;
  }
  finish_checkpoint();
  return true;
}

// About Pace::kStepBytes, or the rest.
Result<void> SettlePass::write_records(const RingFiles& files, Ledger& ledger) {
  for (uint64_t bytes = 0; bytes < Pace::kStepBytes && next_.part < partitions.size();) {
    PartitionPart& part = partitions[next_.part];
    if (next_.piece == 0) MILLRACE_TRY(begin_partition(part, ledger));
    const LogPiece& piece = part.ring[next_.piece];
    MILLRACE_TRY(write_piece(part, piece, files));
    bytes += piece.bytes();
    if (++next_.piece < part.ring.size()) continue;
    ++next_.part;
    next_.piece = 0;
  }
  return {};
}

Result<void> SettlePass::begin_partition(const PartitionPart& part, Ledger& ledger) {
  uint64_t bytes = 0;
  for (const LogPiece& piece : part.ring) bytes += piece.bytes();
  return records_->begin(bytes, ledger.topics().segment_limits(part.partition->id().topic));
}

Result<void> SettlePass::write_piece(PartitionPart& part, const LogPiece& piece,
                                     const RingFiles& files) {
  const commit::PartitionId id = part.partition->id();
  const auto& batch = std::get<RingBatch>(piece.place);
  const auto body = files.read_body(batch.ref);
  if (!body && is_corrupt(body.error())) {
    part.partition->quarantine(quarantined_by(body.error()));
    return {};
  }
  if (!body) return body.error();
  return records_->add({.kind = FrameKind::kRecords,
                        .owner = id.topic.value(),
                        .part = id.index,
                        .first = piece.base_offset,
                        .max_timestamp_ms = piece.max_timestamp_ms,
                        .records = static_cast<uint32_t>(piece.end_offset - piece.base_offset),
                        .body = body->slice(batch.offset, batch.bytes)});
}

Result<void> SettlePass::place_records() {
  std::map<commit::PartitionId, PartitionPart*> by_id;
  for (PartitionPart& part : partitions) by_id[part.partition->id()] = &part;
  written = MILLRACE_TRY(records_->finish());
  for (const SegmentPtr& segment : written) {
    for (const SegmentExtent& extent : segment->extents()) {
      by_id.at(extent.partition())
          ->settled.push_back(settled_piece(segment, extent, extent.first, checkpoint.settled));
    }
  }
  for (PartitionPart& part : partitions) {
    std::ranges::sort(part.settled, {}, &LogPiece::base_offset);
  }
  std::ranges::copy(written, std::back_inserter(named));
  return {};
}

Result<void> SettlePass::write_job(JobPart& job, const RingFiles& files, SegmentStore& segments,
                                   Ledger& ledger) {
  std::vector<DeltaRun> runs = delta_runs(job.pieces);
  if (runs.empty()) return {};
  const auto file = MILLRACE_TRY(segments.create());
  std::map<commit::TaskId, int64_t> next_first;
  for (DeltaRun& run : runs) {
    std::vector<Buffer> deltas;
    Result<std::vector<Buffer>> merged = std::vector<Buffer>();
    for (const RingRef& ref : run.refs) {
      auto body = files.read_body(ref);
      if (!body && !is_corrupt(body.error())) return body.error();
      if (!body) {
        merged = std::move(body.error());
        break;
      }
      deltas.push_back(std::move(*body));
    }
    if (merged) merged = commit::merge_deltas(deltas, kDeltaSliceBytes);
    if (!merged && !is_corrupt(merged.error())) return merged.error();
    if (!merged) {
      job.quarantined = true;
      ledger.jobs().quarantine(job.job, quarantined_by(merged.error()));
      continue;
    }
    for (Buffer& slice : *merged) {
      run.settled.bytes += slice.bytes();
      MILLRACE_TRY(file->add({.kind = FrameKind::kDelta,
                              .owner = job.job.value(),
                              .part = run.settled.task.value(),
                              .first = next_first[run.settled.task]++,
                              .records = 1,
                              .body = std::move(slice)}));
    }
  }
  const SegmentPtr segment = MILLRACE_TRY(file->finish());
  for (DeltaRun& run : runs) {
    run.settled.place = segment;
    job.settled.push_back(std::move(run.settled));
  }
  return {};
}

// Every run of stages in the ring goes to a spill file of its own, so that the order stays.
Result<void> SettlePass::write_unit(UnitPart& unit, const RingFiles& files,
                                    SegmentStore& segments) {
  std::unique_ptr<SpillWriter> spill;
  const auto close = [&]() -> Result<void> {
    if (spill == nullptr) return {};
    unit.spilled.push_back(*MILLRACE_TRY(spill->take_file(true)));
    spill.reset();
    return {};
  };
  for (const StagedPiece& piece : unit.pieces) {
    const auto* staged = std::get_if<StagedPiece::InRing>(&piece.place);
    if (staged == nullptr) {
      MILLRACE_TRY(close());
      continue;
    }
    Buffer body = MILLRACE_TRY(files.read_body(staged->ref));
    if (spill == nullptr) spill = std::make_unique<SpillWriter>(segments, UINT64_MAX);
    if (staged->row) {
      const commit::RecordBatch batch{std::move(body), staged->row->records,
                                      staged->row->max_timestamp_ms};
      MILLRACE_TRY(spill->add_batch(piece.first_sequence, staged->row->partition, batch));
    } else {
      MILLRACE_TRY(
          spill->add_delta(piece.first_sequence, unit.unit->id.job, staged->task, std::move(body)));
    }
  }
  return close();
}

void SettlePass::finish_checkpoint() {
  std::set<uint64_t> listed;
  for (const SegmentPtr& segment : written) {
    checkpoint.segments.push_back({segment->name(), {}});
    listed.insert(segment->name().number);
  }
  for (const Checkpoint::SegmentUse& use : checkpoint.segments) listed.insert(use.name.number);
  const auto list = [&](const StatePiece& piece) {
    const SegmentPtr& segment = std::get<SegmentPtr>(piece.place);
    if (listed.insert(segment->name().number).second) {
      checkpoint.segments.push_back({segment->name(), {}});
    }
    return Checkpoint::StateUse{piece.task, piece.first_epoch, piece.last_epoch, piece.snapshot,
                                segment->name().number};
  };
  for (const JobPart& job : jobs) {
    // In the order in which they apply: a run of deltas stands where its first one stood.
    Checkpoint::JobState state{.job = job.job, .quarantined = job.quarantined, .pieces = {}};
    size_t next_settled = 0;
    for (const StatePiece& piece : job.pieces) {
      if (!piece.in_ring()) {
        state.pieces.push_back(list(piece));
        continue;
      }
      if (next_settled == job.settled.size()) continue;
      const StatePiece& settled = job.settled[next_settled];
      if (settled.task == piece.task && settled.first_epoch == piece.first_epoch) {
        state.pieces.push_back(list(settled));
        ++next_settled;
      }
    }
    checkpoint.jobs.push_back(std::move(state));
  }
}

}  // namespace millrace::log
