#include "log/repair/examination.h"

#include <algorithm>
#include <utility>

#include "log/ring/ring_scan.h"

namespace millrace::log {

Result<std::unique_ptr<Examination>> Examination::run(io::FileSystem& files,
                                                      const std::string& data,
                                                      const PartitionMend::OnBytes& on_bytes) {
  auto log = MILLRACE_TRY(ClosedLog::open(files, data));
  std::unique_ptr<Examination> found(new Examination(std::move(log)));
  std::optional<Error> damage;
  MILLRACE_TRY(found->log_->load_checkpoints(
      [&](const Result<Checkpoint>& checkpoint, uint64_t bytes) -> Result<void> {
        if (!checkpoint) damage = checkpoint.error();
        return on_bytes(bytes);
      }));
  if (found->log_->lost()) {
    found->hopeless_ = std::move(damage);
    return found;
  }
  MILLRACE_TRY(found->drop_lost_files());
  MILLRACE_TRY(found->look_at_ring());
  if (!found->hopeless_) MILLRACE_TRY(found->read_partitions(on_bytes));
  return found;
}

commit::Lsn Examination::settled() const {
  return log_->checkpoint() ? log_->checkpoint()->settled : commit::Lsn();
}

Result<void> Examination::drop_lost_files() {
  if (!log_->checkpoint()) return {};
  Checkpoint amended = *log_->checkpoint();
  const auto is_lost = [&](uint64_t number) {
    return std::ranges::any_of(lost_files_,
                               [&](const LostFile& lost) { return lost.name.number == number; });
  };
  const auto look = [&](const SegmentName& name) -> Result<void> {
    const auto loaded = log_->segments().load(name);
    if (loaded || is_lost(name.number)) return {};
    if (!is_damage(loaded.error())) return loaded.error();
    lost_files_.push_back({name, loaded.error(), {}});
    return {};
  };
  for (const Checkpoint::SegmentUse& use : amended.segments) MILLRACE_TRY(look(use.name));
  for (const Checkpoint::OpenUnitRefs& open : amended.open_units) {
    for (const StageRefBody& ref : open.refs) MILLRACE_TRY(look(ref.segment));
  }
  if (lost_files_.empty()) return {};
  std::erase_if(amended.segments, [&](const auto& use) { return is_lost(use.name.number); });
  // A unit that was still open has not been committed: without it nothing is missing, and what
  // committed it afterwards is found to name what is not there.
  std::erase_if(amended.open_units, [&](const auto& open) {
    return std::ranges::any_of(
        open.refs, [&](const StageRefBody& ref) { return is_lost(ref.segment.number); });
  });
  for (Checkpoint::JobState& job : amended.jobs) {
    for (LostFile& lost : lost_files_) {
      const auto removed = std::erase_if(
          job.pieces, [&](const auto& piece) { return piece.segment == lost.name.number; });
      if (removed == 0) continue;
      lost.jobs.push_back(job.job);
      job.quarantined = true;
    }
  }
  log_->amend(std::move(amended));
  return {};
}

Result<void> Examination::look_at_ring() {
  const auto opened = log_->open_ring();
  if (opened) {
    MILLRACE_TRY(find_bad_bodies());
    return replay();
  }
  Error why = opened.error();
  const bool missing = why.code() == ErrorCode::kFileNotFound;
  if (!missing && !is_damage(why)) return why;
  if (missing) {
    why = Error(ErrorCode::kRingDamaged, "there is no file of the ring")
              .at(io::join_path(log_->folder(), "ring"));
  }
  if (!log_->checkpoint()) {
    hopeless_ = std::move(why);
  } else {
    ring_failure_ = RingFailure{std::move(why), settled().next(), true};
  }
  return {};
}

Result<void> Examination::find_bad_bodies() {
  RingScan scan(*log_->ring(), log_->begin());
  commit::Lsn witnessed;
  while (const auto entry = MILLRACE_TRY(scan.next())) {
    witnessed = std::max(witnessed, entry->header.durable_lsn);
    if (entry->body_good || entry->header.lsn <= settled()) continue;
    bad_bodies_.push_back({entry->header, log_->ring()->place(entry->address)});
  }
  chain_end_ = scan.point().next_lsn;
  witnessed = std::max(witnessed, MILLRACE_TRY(scan.witnessed()));
  // What lies behind that is a torn tail.
  std::erase_if(bad_bodies_, [&](const BadBody& bad) { return bad.header.lsn > witnessed; });
  return {};
}

Result<void> Examination::replay() {
  const auto recovered = log_->replay(MILLRACE_TRY(log_->tags()));
  if (recovered) return {};
  if (!is_damage(recovered.error())) return recovered.error();
  const commit::Lsn reached = log_->reached();
  if (reached == commit::Lsn()) {
    hopeless_ = recovered.error();
  } else {
    ring_failure_ =
        RingFailure{recovered.error(), std::max(reached, settled().next()), reached <= settled()};
  }
  return {};
}

Result<void> Examination::read_partitions(const PartitionMend::OnBytes& on_bytes) {
  if (!log_->checkpoint()) return {};
  const Checkpoint& checkpoint = *log_->checkpoint();
  std::set<uint64_t> numbers;
  for (const Checkpoint::SegmentUse& use : checkpoint.segments) numbers.insert(use.name.number);
  for (Checkpoint::PartitionEnds ends : checkpoint.partitions) {
    const PartitionPtr partition = log_->ledger().partition(ends.id);
    if (partition == nullptr) continue;
    // The ring may have let records go since.
    ends.start_offset = std::max(ends.start_offset, partition->start_offset());
    std::vector<LogPiece> pieces = partition->settled_pieces(numbers);
    std::erase_if(pieces, [&](const LogPiece& piece) { return piece.lsn > checkpoint.settled; });
    PartitionMend mend(ends, std::move(pieces));
    MILLRACE_TRY(mend.read(on_bytes));
    if (!mend.whole() || mend.quarantined()) mends_.push_back(std::move(mend));
  }
  return {};
}

std::vector<commit::JobId> Examination::damaged_jobs() const {
  std::vector<commit::JobId> damaged;
  for (const JobTable::JobPieces& job : log_->ledger().jobs().all_pieces()) {
    if (job.quarantined) damaged.push_back(job.job);
  }
  return damaged;
}

std::vector<uint64_t> Examination::unsettled_files() const {
  std::set<uint64_t> settled;
  if (log_->checkpoint()) {
    for (const auto& use : log_->checkpoint()->segments) settled.insert(use.name.number);
  }
  std::vector<uint64_t> files;
  for (const uint64_t number : log_->segments().numbers()) {
    if (!settled.contains(number)) files.push_back(number);
  }
  return files;
}

Result<RingLoss> Examination::loss(commit::Lsn from) const {
  const bool anew = ring_failure_ && ring_failure_->begins_anew;
  return find_loss(*log_->ring(), log_->begin(), anew ? chain_end_ : from, settled());
}

}  // namespace millrace::log
