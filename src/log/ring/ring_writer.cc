#include "log/ring/ring_writer.h"

#include <algorithm>
#include <utility>

#include "base/assert.h"

namespace millrace::log {
namespace {

constexpr uint64_t kReserveShare = 16;

// What of the reserve an entry must leave, in halves of it.
int reserve_halves(Lane lane, EntryType type) {
  if (lane == Lane::kUrgent) return 0;
  const bool bulk = type == EntryType::kAppend || type == EntryType::kStage;
  return bulk ? 2 : 1;
}

}  // namespace

RingWriter::RingWriter(RingFiles& files, Ledger& ledger, RingWriterOptions options, RingPoint end,
                       std::deque<GroupRecord> live, io::Executor& executor)
    : files_(files),
      ledger_(ledger),
      options_(std::move(options)),
      executor_(executor),
      space_(files, end, std::move(live)),
      group_(files.group_bytes_max()),
      durable_(end.next_lsn.value() - 1),
      content_lsn_(options_.content_lsn),
      content_time_(executor.now()) {}

// With the headers of its fragments and what they leave unused it still fits into an empty ring.
uint64_t RingWriter::body_bytes_max() const {
  return files_.capacity() / 4;
}

std::optional<Error> RingWriter::failure() const {
  const std::lock_guard lock(mutex_);
  return failure_;
}

void RingWriter::answer(Submission& submission, Result<void> result) {
  if (submission.done != nullptr) {
    std::exchange(submission.done, nullptr)(std::move(result), submission.entry);
  }
}

void RingWriter::submit(Lane to, Submission submission) {
  {
    const std::lock_guard lock(mutex_);
    if (!failure_) {
      LaneQueue& lane = this->lane(to);
      const bool carried = submission.carried;
      lane.bytes += submission.body_bytes;
      lane.carried += carried ? 1 : 0;
      lane.queue.push_back(std::move(submission));
      if (carried) return schedule_carried();
      if (!std::exchange(scheduled_, true)) executor_.post([this] { work(); });
      return;
    }
  }
  // Not here: the caller may hold what `done` needs.
  executor_.post([this, submission = std::move(submission)]() mutable {
    answer(submission, Result<void>(*failure()));
  });
}

bool RingWriter::room_for_stages(io::Wake& wake) {
  const std::lock_guard lock(mutex_);
  if (failure_ || lane(Lane::kUnit).bytes < options_.unit_queue_bytes_max) return true;
  stage_wakes_.push_back(std::move(wake));
  return false;
}

void RingWriter::schedule() {
  const std::lock_guard lock(mutex_);
  if (failure_ || std::exchange(scheduled_, true)) return;
  executor_.post([this] { work(); });
}

// Under the lock.
void RingWriter::schedule_carried() {
  if (std::exchange(carried_scheduled_, true)) return;
  executor_.post_at(executor_.now() + options_.carried_ns_max, [this] {
    {
      const std::lock_guard lock(mutex_);
      carried_scheduled_ = false;
    }
    schedule();
  });
}

void RingWriter::work() {
  {
    const std::lock_guard lock(mutex_);
    scheduled_ = false;
    if (failure_) return;
  }
  if (!fill_group()) return;
  write_group();
}

// True: there is a group to write.
bool RingWriter::fill_group() {
  stalled_ = false;
  close_group_ = false;
  group_open_ = false;
  while (!close_group_) {
    if (!current_) {
      auto next = pop();
      if (!next) break;
      if (!admit(std::move(*next))) continue;
    }
    if (!emit()) break;
  }
  const bool filled = group_open_ && !group_.empty();
  if (stalled_ && !filled) {
    refuse_waiting();
    if (options_.on_written) options_.on_written();
  }
  return filled;
}

bool RingWriter::room_for(const Submission& submission, Lane lane) const {
  const uint64_t group_max = files_.group_bytes_max();
  const uint64_t bytes = submission.ring_bytes(group_max);
  const uint64_t reserve = files_.capacity() / kReserveShare;
  const int halves = reserve_halves(lane, submission.entry.type);
  if (halves == 2 && space_.live_bytes() > options_.unsettled_bytes_max) return false;
  const uint64_t used = round_up((group_open_ ? group_.bytes() : 0) + bytes, kBlockBytes);
  // The end of a file may be left unused, if the entry does not fit there.
  const uint64_t gap = std::min(bytes, group_max);
  return used + gap + reserve * static_cast<uint64_t>(halves) / 2 <= space_.free_bytes();
}

std::optional<Submission> RingWriter::pop() {
  std::vector<io::Wake> wakes;
  std::optional<Submission> popped;
  {
    const std::lock_guard lock(mutex_);
    // Clients first, but units keep a quarter of the group.
    const bool clients_enough = group_open_ && group_.bytes() > files_.group_bytes_max() / 4 * 3 &&
                                !lane(Lane::kUnit).queue.empty();
    const Lane order[3] = {Lane::kUrgent, clients_enough ? Lane::kUnit : Lane::kClient,
                           clients_enough ? Lane::kClient : Lane::kUnit};
    for (const Lane next : order) {
      LaneQueue& from = lane(next);
      if (from.queue.empty()) continue;
      if (!room_for(from.queue.front(), next)) {
        stalled_ = true;
        continue;
      }
      popped = std::move(from.queue.front());
      from.queue.pop_front();
      from.bytes -= popped->body_bytes;
      from.carried -= popped->carried ? 1 : 0;
      break;
    }
    if (lane(Lane::kUnit).bytes <= options_.unit_queue_bytes_max / 2) {
      wakes = std::exchange(stage_wakes_, {});
    }
  }
  for (io::Wake& wake : wakes) wake();
  return popped;
}

// Checks the entry and makes it the current one; false: it was refused.
bool RingWriter::admit(Submission submission) {
  Result<void> admitted = ledger_.admit(submission.entry);
  if (!admitted) {
    answer(submission, std::move(admitted));
    return false;
  }
  const auto* append = std::get_if<LogEntry::Append>(&submission.entry.detail);
  if (append != nullptr && append->duplicate_of) {
    answer_duplicate(std::move(submission));
    return false;
  }
  if (submission.entry.type == EntryType::kCommit) {
    submission.set_body({encode(std::get<LogEntry::Commit>(submission.entry.detail).body)});
  }
  if (submission.cuts.empty()) submission.cut_body(files_.group_bytes_max());
  if (submission.answer_when_assigned) answer(submission, {});
  current_ = Current{.submission = std::move(submission), .pieces = {}, .first_lsn = {}};
  return true;
}

void RingWriter::answer_duplicate(Submission submission) {
  // The first one is durable, or in the group that is being formed.
  submission.entry.lsn = durable_;
  if (group_open_ && !submission.answer_when_assigned) {
    duplicates_.push_back(std::move(submission));
  } else {
    answer(submission, {});
  }
}

bool RingWriter::begin_group(uint64_t wanted) {
  uint64_t queued = wanted;
  {
    const std::lock_guard lock(mutex_);
    for (const LaneQueue& queue : lanes_) {
      queued += queue.bytes + queue.queue.size() * kEntryHeaderBytesMin * 2;
    }
  }
  const uint64_t least = round_up(wanted, kBlockBytes);
  const uint64_t best = round_up(std::min(queued, files_.group_bytes_max()), kBlockBytes);
  auto place = space_.place(std::max(least, best));
  if (!place || place->bytes_max < least) place = space_.place(least);
  if (!place || place->bytes_max < least) return false;
  group_.begin(*place, space_.end(), durable_, options_.generation);
  group_open_ = true;
  return true;
}

// Puts as many fragments of the current entry into the group as fit; false: the group is full.
bool RingWriter::emit() {
  Submission& submission = current_->submission;
  LogEntry& entry = submission.entry;
  std::vector<std::span<const std::byte>> spans;
  for (; current_->next_cut < submission.cuts.size(); ++current_->next_cut) {
    const FragmentCut& cut = submission.cuts[current_->next_cut];
    const bool first = current_->next_cut == 0;
    const bool last = current_->next_cut + 1 == submission.cuts.size();
    EntryHeader header;
    header.type = entry.type;
    header.unit = entry.unit;
    header.flags = static_cast<uint8_t>((last ? 0 : kMoreFragments) | (first ? 0 : kContinued));
    if (last) header.rows = entry.rows;
    header.body_bytes = cut.bytes;
    header.body_crc = cut.crc;
    if (!group_open_ && !begin_group(header.entry_bytes())) {
      stalled_ = true;
      return false;
    }
    if (!group_.fits(header)) return false;
    spans.clear();
    append_spans(submission.body, cut.offset, cut.bytes, spans);
    entry.lsn = group_.next_lsn();
    if (first) current_->first_lsn = entry.lsn;
    current_->pieces.push_back({group_.add(std::move(header), spans), cut.bytes, cut.crc});
  }
  entry.leader_epoch = leader_epoch_of(options_.generation);
  entry.ref = {current_->first_lsn, current_->pieces[0], nullptr};
  if (current_->pieces.size() > 1) {
    entry.ref.more = std::make_shared<std::vector<RingPiece>>(current_->pieces.begin() + 1,
                                                              current_->pieces.end());
  }
  // Whatever follows a change of the tables is checked against the changed tables.
  if (entry.type == EntryType::kMeta) close_group_ = true;
  in_group_.push_back(std::move(submission));
  current_.reset();
  return true;
}

void RingWriter::write_group() {
  const GroupRecord record = group_.finish();
  Result<void> written = files_.write(group_.address(), group_.pieces());
  if (!written) return fail(std::move(written.error()));
  if (options_.sync) {
    const io::MonotonicTime begun = executor_.now();
    Result<void> synced = files_.sync(group_.address());
    sync_ns_.add(executor_.now() - begun);
    if (!synced) {
      return fail(Error(ErrorCode::kSyncFailed, synced.error().message())
                      .at(files_.place(group_.address()))
                      .remedy("Check the disk, then start again: what was acknowledged is there."));
    }
  }
  group_bytes_.add(static_cast<int64_t>(group_.bytes()));
  space_.add(record, group_.end());
  durable_ = record.last;
  ++groups_written_;
  publish();
}

void RingWriter::publish() {
  for (Submission& submission : in_group_) {
    ledger_.apply(submission.entry);
    if (!changes_anything(submission.entry.type)) continue;
    content_lsn_ = submission.entry.lsn;
    content_time_ = executor_.now();
  }
  ledger_.show(durable_);
  last_was_seal_ = in_group_.size() == 1 && in_group_[0].entry.type == EntryType::kSeal;
  std::vector<Submission> finished = std::exchange(in_group_, {});
  for (Submission& submission : finished) {
    if (!submission.carried) answer(submission, {});
  }
  for (Submission& submission : std::exchange(duplicates_, {})) {
    submission.entry.lsn = durable_;
    answer(submission, {});
  }
  // Nobody waits for these.
  for (Submission& submission : finished) answer(submission, {});
  last_written_ = executor_.now();
  if (options_.on_written) options_.on_written();
  if (options_.sync && !last_was_seal_) arm_seal();
  bool more = current_.has_value();
  {
    const std::lock_guard lock(mutex_);
    for (const LaneQueue& queue : lanes_) more = more || queue.hurries();
  }
  if (more) schedule();
}

void RingWriter::arm_seal() {
  if (std::exchange(seal_armed_, true)) return;
  executor_.post_at(last_written_ + options_.seal_after_ns, [this] {
    seal_armed_ = false;
    if (last_was_seal_) return;
    if (executor_.now() - last_written_ < options_.seal_after_ns) return arm_seal();
    Submission seal;
    seal.entry.type = EntryType::kSeal;
    submit(Lane::kUrgent, std::move(seal));
  });
}

void RingWriter::release(commit::Lsn first_kept) {
  space_.release(first_kept);
  schedule();
}

std::optional<commit::Lsn> RingWriter::unfinished_lsn() const {
  if (!current_ || current_->next_cut == 0) return std::nullopt;
  return current_->first_lsn;
}

OpenUnitPtr RingWriter::committing() const {
  if (!current_ || current_->submission.entry.type != EntryType::kCommit) return nullptr;
  return std::get<LogEntry::Commit>(current_->submission.entry.detail).open;
}

void RingWriter::set_space_error(std::optional<Error> error) {
  space_error_ = std::move(error);
  schedule();
}

// Nothing can be written for want of room, and none will be made: says so instead of waiting.
void RingWriter::refuse_waiting() {
  if (!space_error_) return;
  std::vector<Submission> refused;
  {
    const std::lock_guard lock(mutex_);
    for (const Lane from : {Lane::kClient, Lane::kUnit}) {
      std::ranges::move(lane(from).queue, std::back_inserter(refused));
      lane(from) = {};
    }
  }
  for (Submission& submission : refused) answer(submission, Result<void>(*space_error_));
}

void RingWriter::fail(Error error) {
  stop(error);
  if (options_.on_fatal) options_.on_fatal(error);
}

void RingWriter::close(Error why) {
  if (options_.sync && !last_was_seal_ && !current_ && !failure()) write_seal();
  stop(std::move(why));
}

// Whoever could be told that it fails is gone.
void RingWriter::write_seal() {
  Submission seal;
  seal.entry.type = EntryType::kSeal;
  seal.cut_body(files_.group_bytes_max());
  current_ = Current{.submission = std::move(seal), .pieces = {}, .first_lsn = {}};
  group_open_ = false;
  if (!emit()) return;
  (void)group_.finish();
  if (files_.write(group_.address(), group_.pieces())) (void)files_.sync(group_.address());
}

void RingWriter::stop(Error why) {
  std::vector<Submission> refused = std::exchange(in_group_, {});
  std::ranges::move(std::exchange(duplicates_, {}), std::back_inserter(refused));
  if (current_) refused.push_back(std::move(current_->submission));
  current_.reset();
  std::vector<io::Wake> wakes;
  {
    const std::lock_guard lock(mutex_);
    if (!failure_) failure_ = why;
    for (LaneQueue& queue : lanes_) {
      std::ranges::move(queue.queue, std::back_inserter(refused));
      queue = {};
    }
    wakes = std::exchange(stage_wakes_, {});
  }
  for (io::Wake& wake : wakes) wake();
  for (Submission& submission : refused) answer(submission, Result<void>(why));
}

}  // namespace millrace::log
