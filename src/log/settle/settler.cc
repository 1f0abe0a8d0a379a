#include "log/settle/settler.h"

#include <algorithm>
#include <utility>

#include "log/units/ring_unit.h"

namespace millrace::log {
namespace {

constexpr int64_t kRetryNs = io::kNsPerSecond;
// With less in the ring a start is quick all the same: what trickles in does not make a file each
// time.
constexpr uint64_t kLittleBytes = 1 << 20;
constexpr int64_t kLittleFactor = 6;

}  // namespace

Settler::Settler(SettlerContext context, uint64_t checkpoint_generation,
                 const std::vector<Checkpoint::SegmentUse>& segments,
                 std::vector<SegmentPtr> replayed)
    : context_(std::move(context)),
      pace_(context_.files, context_.writer.space(), context_.unsettled_bytes_max),
      generation_(checkpoint_generation),
      merger_({context_.ledger, context_.segments, context_.writer.executor(), context_.executor,
               pace_, context_.merge}),
      replayed_(std::move(replayed)) {
  for (const Checkpoint::SegmentUse& use : segments) {
    const auto segment = context_.segments.load(use.name);
    if (segment && use.bases.empty()) runs_.push_back(*segment);
  }
}

void Settler::written() {
  const uint64_t live = context_.writer.space().live_bytes();
  pressed_ = pressed_ || context_.writer.stalled() || live > context_.files.capacity() / 4 * 3;
  if (running_ || stopped_) return;
  if (live >= pace_.enough_bytes() || (context_.writer.stalled() && live > 0)) return begin();
  arm_idle();
}

void Settler::settle_now() {
  if (!running_ && !stopped_ && anything_waits()) begin();
}

void Settler::stop() {
  stopped_ = true;
  merger_.stop();
}

void Settler::add_file(const SegmentPtr& segment) {
  runs_.push_back(segment);
  files_changed_ = true;
  if (!stopped_) arm_idle();
}

bool Settler::anything_waits() const {
  return files_changed_ || context_.writer.content_lsn() > settled_;
}

io::MonotonicTime Settler::quiet_at() const {
  const bool little = context_.writer.space().live_bytes() < kLittleBytes;
  return context_.writer.content_time() + context_.idle_ns * (little ? kLittleFactor : 1);
}

void Settler::arm_idle() {
  if (idle_armed_ || context_.idle_ns == 0 || !anything_waits()) return;
  idle_armed_ = true;
  io::Executor& writer = context_.writer.executor();
  writer.post_at(std::max(quiet_at(), writer.now() + context_.idle_ns), [this] { look_idle(); });
}

void Settler::look_idle() {
  idle_armed_ = false;
  if (running_ || stopped_ || !anything_waits()) return;
  if (context_.writer.executor().now() >= quiet_at()) return begin();
  arm_idle();
}

void Settler::begin() {
  running_ = true;
  files_changed_ = false;
  Ledger& ledger = context_.ledger;
  auto pass = std::make_shared<SettlePass>();
  pass->own_file_bytes = context_.merge.own_file_bytes;
  Checkpoint& checkpoint = pass->checkpoint;
  checkpoint.generation = generation() + 1;
  checkpoint.node_generation = context_.node_generation;
  checkpoint.settled = ledger.visible();
  for (auto& [tag, machine] : ledger.machines()) {
    checkpoint.machines.push_back(
        {tag, machine.version.load(std::memory_order_relaxed), machine.machine->snapshot()});
  }
  const int64_t now_ms = context_.clock.wall_us() / 1000;
  for (const PartitionPtr& partition : ledger.partitions()) {
    partition->producers().expire(now_ms, context_.producer_expiration_ms);
    const auto bounds = partition->bounds(checkpoint.settled);
    const auto epochs = partition->leader_epochs();
    checkpoint.partitions.push_back({.id = partition->id(),
                                     .start_offset = bounds->start_offset,
                                     .end_offset = bounds->high_watermark,
                                     .quarantined = partition->quarantined().has_value(),
                                     .epochs = {epochs->starts().begin(), epochs->starts().end()},
                                     .transactions = partition->snapshot_transactions()});
    auto ring = partition->unsettled(checkpoint.settled);
    if (!ring.empty()) pass->partitions.push_back({partition, std::move(ring), {}});
  }
  for (JobTable::JobPieces& job : ledger.jobs().all_pieces()) {
    pass->jobs.push_back({job.job, job.quarantined, std::move(job.pieces), {}});
  }
  capture_units(*pass);
  capture_segments(*pass);
  pass->unfinished_lsn = context_.writer.unfinished_lsn();
  context_.executor.post([this, pass] { write_files(pass); });
}

void Settler::capture_units(SettlePass& pass) const {
  const RingSpace& space = context_.writer.space();
  std::vector<OpenUnitPtr> units = context_.ledger.units().all();
  if (auto unit = context_.writer.committing()) units.push_back(std::move(unit));
  for (const OpenUnitPtr& unit : units) {
    SettlePass::UnitPart part{.unit = unit};
    Checkpoint::OpenUnitRefs refs{.unit = unit->id, .refs = {}};
    for (const StagedPiecePtr& piece : unit->pieces) {
      if (const auto* staged = std::get_if<StagedPiece::InRing>(&piece->place)) {
        if (staged->ref.first_lsn != commit::Lsn()) part.pieces.push_back(*piece);
        continue;
      }
      part.pieces.push_back(*piece);
      const auto& segment = std::get<SegmentPtr>(piece->place);
      refs.refs.push_back({segment->name(), piece->first_sequence, piece->last_sequence});
    }
    if (const auto first = unit->first_ring_lsn()) {
      part.first_ring_lsn = *first;
      part.spill = !unit->closed && space.bytes_from(*first) > space.live_bytes() / 2;
    }
    if (!refs.refs.empty()) pass.checkpoint.open_units.push_back(std::move(refs));
    pass.units.push_back(std::move(part));
  }
}

void Settler::capture_segments(SettlePass& pass) {
  std::erase_if(runs_, [](const auto& run) { return run.expired(); });
  for (const auto& run : runs_) {
    SegmentPtr segment = run.lock();
    if (segment == nullptr) continue;
    pass.checkpoint.segments.push_back({segment->name(), {}});
    pass.named.push_back(std::move(segment));
  }
  auto& adopted = context_.ledger.adopted_bases();
  for (auto file = adopted.begin(); file != adopted.end();) {
    SegmentPtr segment = file->second.segment.lock();
    if (segment == nullptr) {
      file = adopted.erase(file);
      continue;
    }
    pass.checkpoint.segments.push_back({segment->name(), file->second.bases});
    pass.named.push_back(std::move(segment));
    ++file;
  }
  pass.unnamed = context_.segments.unnamed();
  pass.checkpoint.next_segment = context_.segments.next_number();
}

void Settler::write_files(PassPtr pass) {
  Result<bool> all = pass->write_some(context_.files, context_.segments, context_.ledger);
  if (all && !*all) return context_.executor.post([this, pass] { write_files(pass); });
  context_.writer.executor().post([this, pass, all = std::move(all)]() mutable {
    if (!all) return failed(std::move(all.error()));
    spill_units(pass);
  });
}

// Names the files of spilled units in the ring; goes on when all of that is durable.
void Settler::spill_units(PassPtr pass) {
  if (stopped_) return;
  auto left = std::make_shared<size_t>(1);
  const auto one_done = [this, pass, left] {
    if (--*left == 0) swap(pass);
  };
  for (const SettlePass::UnitPart& part : pass->units) {
    for (const SpilledFile& file : part.spilled) {
      if (part.unit->closed) continue;
      Submission submission =
          stage_ref_submission(part.unit->id, file, context_.files.group_bytes_max());
      std::get<LogEntry::StageRef>(submission.entry.detail).only_of = part.unit;
      submission.done = [one_done](Result<void>, LogEntry&) { one_done(); };
      ++*left;
      context_.writer.submit(Lane::kUrgent, std::move(submission));
    }
  }
  one_done();
}

commit::Lsn Settler::first_kept(const SettlePass& pass) const {
  commit::Lsn first = pass.checkpoint.settled.next();
  if (pass.unfinished_lsn) first = std::min(first, *pass.unfinished_lsn);
  for (const SettlePass::UnitPart& part : pass.units) {
    if (part.first_ring_lsn == commit::Lsn()) continue;
    if (part.unit->closed) {
      // Committed or aborted since: for who starts from this checkpoint its stages still count.
      first = std::min(first, part.first_ring_lsn);
    } else if (const auto own = part.unit->first_ring_lsn()) {
      first = std::min(first, *own);
    }
  }
  return first;
}

void Settler::swap(PassPtr pass) {
  if (stopped_ || context_.writer.failure()) return;
  const commit::Lsn through = pass->checkpoint.settled;
  for (SettlePass::PartitionPart& part : pass->partitions) {
    part.partition->settle(through, std::move(part.settled));
  }
  for (SettlePass::JobPart& job : pass->jobs) {
    context_.ledger.jobs().settle(job.job, through, std::move(job.settled));
  }
  for (const SegmentPtr& file : pass->written) runs_.push_back(file);
  pass->checkpoint.point = context_.writer.space().point_before(first_kept(*pass));
  context_.executor.post([this, pass] { checkpoint(pass); });
}

void Settler::checkpoint(PassPtr pass) {
  const auto crc =
      write_checkpoint(context_.file_system, context_.checkpoint_folder, pass->checkpoint);
  context_.writer.executor().post([this, pass, crc]() mutable {
    if (stopped_) return;
    if (!crc) return failed(std::move(crc.error()));
    pass->crc = *crc;
    generation_.store(pass->checkpoint.generation, std::memory_order_relaxed);
    Submission submission;
    submission.entry.type = EntryType::kSettled;
    submission.set_body(
        {encode(SettledBody{pass->checkpoint.settled, pass->checkpoint.generation, pass->crc})});
    submission.done = [this, pass](Result<void> result, LogEntry&) {
      if (result) release(pass);
    };
    context_.writer.submit(Lane::kUrgent, std::move(submission));
  });
}

void Settler::release(PassPtr pass) {
  if (stopped_) return;
  pass->pressed = std::exchange(pressed_, false);
  settled_ = pass->checkpoint.settled;
  replayed_.clear();
  context_.writer.set_space_error(std::nullopt);
  context_.writer.release(pass->checkpoint.point.next_lsn);
  context_.executor.post([this, pass] { clean_up(pass); });
}

// What cannot be removed or grown now is tried again with the next pass.
void Settler::clean_up(PassPtr pass) {
  (void)remove_older_checkpoints(context_.file_system, context_.checkpoint_folder,
                                 pass->checkpoint.generation);
  (void)context_.segments.remove(pass->unnamed);
  if (pass->pressed) (void)context_.files.grow();
  context_.writer.executor().post([this] {
    running_ = false;
    merge();
    written();
  });
}

void Settler::merge() {
  if (stopped_ || merger_.busy()) return;
  std::vector<SegmentPtr> files;
  for (const auto& run : runs_) {
    if (SegmentPtr file = run.lock()) files.push_back(std::move(file));
  }
  merger_.look(std::move(files), [this](const std::vector<SegmentPtr>& merged) {
    for (const SegmentPtr& file : merged) add_file(file);
  });
}

void Settler::failed(Error error) {
  if (stopped_) return;
  context_.writer.set_space_error(std::move(error));
  files_changed_ = true;
  io::Executor& writer = context_.writer.executor();
  writer.post_at(writer.now() + kRetryNs, [this] {
    running_ = false;
    written();
  });
}

}  // namespace millrace::log
