#include "log/units/ring_unit.h"

#include <fmt/core.h>

#include "log/calls/reply.h"

namespace millrace::log {

using commit::Committed;
using commit::Staged;

namespace {

// Of a partition in the body of a commit.
constexpr uint64_t kAssignmentBytes = 24;

}  // namespace

Submission stage_ref_submission(const UnitBlock& unit, const SpilledFile& file,
                                uint64_t group_bytes_max) {
  const StageRefBody body{file.segment->name(), file.first_sequence, file.last_sequence};
  Submission submission;
  submission.entry.type = EntryType::kStageRef;
  submission.entry.unit = unit;
  submission.entry.detail = LogEntry::StageRef{body, file.segment};
  submission.set_body({encode(body)});
  submission.cut_body(group_bytes_max);
  return submission;
}

void RingUnit::Spilling::fail(Error error) {
  const std::lock_guard lock(fate->mutex);
  if (!fate->error) fate->error = std::move(error);
}

void RingUnit::Spilling::submit_full_file(bool all) {
  auto file = writer.take_file(all);
  if (!file) return fail(std::move(file.error()));
  if (!*file) return;
  Submission submission = stage_ref_submission(id, **file, context.writer.group_bytes_max());
  submission.done = [fate = fate](Result<void> result, LogEntry&) {
    const std::lock_guard lock(fate->mutex);
    if (!result && !fate->error) fate->error = std::move(result.error());
  };
  // A unit that was aborted meanwhile must not come back.
  const std::lock_guard lock(fate->mutex);
  if (!fate->error) context.writer.submit(Lane::kUnit, std::move(submission));
}

void RingUnit::Spilling::add(std::move_only_function<Result<void>(SpillWriter&)> write,
                             uint64_t bytes) {
  bool failed = false;
  {
    const std::lock_guard lock(fate->mutex);
    failed = fate->error.has_value();
  }
  if (!failed) {
    Result<void> written = write(writer);
    if (!written) fail(std::move(written.error()));
    if (written) submit_full_file(false);
  }
  context.spill_room.give_back(bytes);
}

void RingUnit::Spilling::finish() {
  {
    const std::lock_guard lock(fate->mutex);
    if (fate->error) return;
  }
  submit_full_file(true);
}

RingUnit::RingUnit(UnitContext& context, commit::UnitSpec spec, std::shared_ptr<CommitTurn> turn)
    : context_(context),
      id_{.job = spec.job,
          .incarnation = spec.incarnation,
          .epoch = spec.epoch,
          .participant = spec.participant},
      turn_(std::move(turn)),
      fate_(std::make_shared<UnitFate>()) {
  fate_->epoch = spec.epoch;
  turn_->add(fate_);
}

RingUnit::~RingUnit() {
  abort();
}

Result<void> RingUnit::check_open(const std::lock_guard<std::mutex>&) const {
  if (fate_->error) return *fate_->error;
  if (fate_->closed) return Error(ErrorCode::kCancelled, "the unit is committed already");
  if (auto why = context_.writer.failure()) return std::move(*why);
  return context_.ledger.jobs().check_incarnation(id_.job, id_.incarnation);
}

Submission RingUnit::new_submission(EntryType type) {
  Submission submission;
  submission.entry.type = type;
  submission.entry.unit = id_;
  submission.done = [fate = fate_](Result<void> result, LogEntry&) {
    if (result) return;
    const std::lock_guard lock(fate->mutex);
    if (!fate->error) fate->error = std::move(result.error());
  };
  return submission;
}

Result<Staged> RingUnit::place(
    uint64_t bytes, io::Wake wake, Submission submission,
    std::move_only_function<Result<void>(SpillWriter&, uint64_t)> spill) {
  const std::lock_guard lock(fate_->mutex);
  MILLRACE_TRY(check_open(lock));
  const bool small = ring_bytes_ + bytes <= context_.ring_bytes_max;
  if (spilling_ == nullptr && small) {
    if (!context_.writer.room_for_stages(wake)) return Staged::kFull;
    submission.entry.unit.sequence = next_sequence_++;
    ring_bytes_ += bytes;
    ++stages_;
    context_.writer.submit(Lane::kUnit, std::move(submission));
    return Staged::kAccepted;
  }
  if (!context_.spill_room.take(bytes, wake)) return Staged::kFull;
  if (spilling_ == nullptr) spilling_ = std::make_shared<Spilling>(context_, id_, fate_);
  ++stages_;
  context_.files.post([spilling = spilling_, spill = std::move(spill), bytes,
                       sequence = next_sequence_++]() mutable {
    spilling->add([&](SpillWriter& writer) { return spill(writer, sequence); }, bytes);
  });
  return Staged::kAccepted;
}

Result<Staged> RingUnit::stage(commit::PartitionId partition, commit::RecordBatch batch,
                               io::Wake wake) {
  const PartitionPtr found = context_.ledger.partition(partition);
  if (found == nullptr && context_.ledger.topics().find(partition.topic)) {
    return Error(ErrorCode::kTopicNotFound, fmt::format("topic {} has no partition {}",
                                                        partition.topic.value(), partition.index));
  }
  if (found != nullptr) {
    if (auto why = found->quarantined()) return std::move(*why);
  }
  const uint64_t bytes = batch.bytes.bytes();
  Submission submission = new_submission(EntryType::kStage);
  submission.entry.rows.push_back({.partition = partition,
                                   .max_timestamp_ms = batch.max_timestamp_ms,
                                   .records = batch.records,
                                   .bytes = static_cast<uint32_t>(bytes)});
  submission.set_body({batch.bytes});
  submission.cut_body(context_.writer.group_bytes_max());
  return place(bytes, std::move(wake), std::move(submission),
               [partition, batch = std::move(batch)](SpillWriter& writer, uint64_t sequence) {
                 return writer.add_batch(sequence, partition, batch);
               });
}

Result<Staged> RingUnit::stage_state(commit::TaskId task, Buffer delta, io::Wake wake) {
  const uint64_t bytes = delta.bytes();
  Submission submission = new_submission(EntryType::kStage);
  submission.entry.unit.task = task;
  submission.set_body({delta});
  submission.cut_body(context_.writer.group_bytes_max());
  return place(
      bytes, std::move(wake), std::move(submission),
      [job = id_.job, task, delta = std::move(delta)](SpillWriter& writer, uint64_t sequence) {
        return writer.add_delta(sequence, job, task, delta);
      });
}

Result<void> RingUnit::adopt_snapshot(commit::SnapshotId snapshot) {
  const std::lock_guard lock(fate_->mutex);
  MILLRACE_TRY(check_open(lock));
  const auto finished = context_.snapshots.find(snapshot);
  if (!finished || finished->spec.job != id_.job) {
    return Error(ErrorCode::kInvalidArgument,
                 fmt::format("there is no finished snapshot {} of this job", snapshot.value()));
  }
  snapshots_.push_back(snapshot);
  return {};
}

void RingUnit::commit(commit::Positions positions, commit::Tick tick, io::Executor& executor,
                      Done done) {
  auto pending = std::make_unique<PendingCommit>(context_, turn_, fate_, executor, std::move(done));
  std::shared_ptr<Spilling> spilling;
  std::optional<Error> refused;
  uint64_t stages = 0;
  {
    const std::lock_guard lock(fate_->mutex);
    if (auto open = check_open(lock); !open) refused = std::move(open.error());
    if (!refused) refused = turn_->call(id_.epoch);
    fate_->closed = true;
    spilling = spilling_;
    stages = stages_;
    pending->snapshots = snapshots_;
  }
  if (refused) return pending->answer(std::move(*refused));
  LogEntry::Commit commit;
  commit.body.tick = tick;
  commit.body.positions = std::move(positions);
  for (const commit::SnapshotId id : pending->snapshots) {
    const auto finished = context_.snapshots.find(id);
    if (!finished) continue;
    commit.body.snapshots.push_back({finished->segment->name(), finished->spec.task,
                                     finished->spec.begun, finished->spec.replaces});
    commit.snapshots.push_back(finished->segment);
  }
  Submission& submission = pending->submission;
  submission.entry.type = EntryType::kCommit;
  submission.entry.unit = id_;
  submission.body_bytes_expected = encode(commit.body).bytes() + stages * kAssignmentBytes;
  submission.entry.detail = std::move(commit);
  if (submission.body_bytes_expected > context_.writer.body_bytes_max()) {
    Error error(ErrorCode::kRecordTooLarge,
                fmt::format("the commit of epoch {} has {} bytes of positions and offsets, the "
                            "ring takes {}",
                            id_.epoch.value(), submission.body_bytes_expected,
                            context_.writer.body_bytes_max()));
    turn_->fail(id_.epoch, error);
    return pending->answer(std::move(error).remedy("Use a larger ring, or fewer splits."));
  }
  if (spilling == nullptr) return PendingCommit::submit(std::move(pending));
  context_.files.post([pending = std::move(pending), spilling]() mutable {
    spilling->finish();
    PendingCommit::submit(std::move(pending));
  });
}

void RingUnit::PendingCommit::answer(Result<Committed> result) {
  reply<Committed>(executor, std::move(done), std::move(result));
}

void RingUnit::PendingCommit::submit(std::unique_ptr<PendingCommit> pending) {
  std::optional<Error> failed;
  {
    const std::lock_guard lock(pending->fate->mutex);
    failed = pending->fate->error;
  }
  CommitTurn& turn = *pending->turn;
  const commit::Epoch epoch = pending->fate->epoch;
  if (failed) {
    turn.fail(epoch, *failed);
    return pending->answer(std::move(*failed));
  }
  turn.ready(epoch, [pending = std::move(pending)](std::optional<Error> earlier) mutable {
    if (earlier) return pending->answer(std::move(*earlier));
    RingWriter& writer = pending->context.writer;
    Submission submission = std::move(pending->submission);
    submission.done = [pending = std::move(pending)](Result<void> result, LogEntry& entry) {
      if (!result) {
        pending->turn->fail(entry.unit.epoch, result.error());
        return pending->answer(std::move(result.error()));
      }
      for (const commit::SnapshotId id : pending->snapshots) pending->context.snapshots.remove(id);
      auto& commit = std::get<LogEntry::Commit>(entry.detail);
      pending->answer(Committed{entry.lsn, std::move(commit.dropped)});
    };
    writer.submit(Lane::kUnit, std::move(submission));
  });
}

void RingUnit::abort() {
  uint64_t stages = 0;
  {
    const std::lock_guard lock(fate_->mutex);
    if (fate_->closed) return;
    fate_->closed = true;
    if (!fate_->error) fate_->error = Error(ErrorCode::kCancelled, "the unit was aborted");
    stages = stages_;
  }
  const bool later = turn_->abort_from(id_.epoch);
  if (stages == 0 && !later) return;
  Submission submission = new_submission(EntryType::kAbort);
  submission.cut_body(context_.writer.group_bytes_max());
  context_.writer.submit(Lane::kUnit, std::move(submission));
}

}  // namespace millrace::log
