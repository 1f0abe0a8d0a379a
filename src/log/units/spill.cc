#include "log/units/spill.h"

namespace millrace::log {

Result<void> SpillWriter::add(uint64_t sequence, Frame frame) {
  if (file_ == nullptr) {
    file_ = MILLRACE_TRY(segments_.create());
    first_sequence_ = sequence;
    for (auto& counts : next_first_) counts.clear();
  }
  last_sequence_ = sequence;
  auto& counts = next_first_[frame.kind == FrameKind::kRecords ? 0 : 1];
  int64_t& next = counts[{frame.owner, frame.part}];
  frame.first = next;
  next += frame.records;
  return file_->add(frame);
}

Result<void> SpillWriter::add_batch(uint64_t sequence, commit::PartitionId partition,
                                    const commit::RecordBatch& batch) {
  return add(sequence, {.kind = FrameKind::kRecords,
                        .owner = partition.topic.value(),
                        .part = partition.index,
                        .max_timestamp_ms = batch.max_timestamp_ms,
                        .records = batch.records,
                        .body = batch.bytes});
}

Result<void> SpillWriter::add_delta(uint64_t sequence, commit::JobId job, commit::TaskId task,
                                    Buffer delta) {
  return add(sequence, {.kind = FrameKind::kDelta,
                        .owner = job.value(),
                        .part = task.value(),
                        .records = 1,
                        .body = std::move(delta)});
}

Result<std::optional<SpilledFile>> SpillWriter::take_file(bool all) {
  if (file_ == nullptr || (!all && file_->bytes() < file_bytes_)) return std::nullopt;
  SegmentPtr segment = MILLRACE_TRY(file_->finish());
  file_.reset();
  return SpilledFile{std::move(segment), first_sequence_, last_sequence_};
}

bool StagingRoom::take(uint64_t bytes, io::Wake& wake) {
  const std::lock_guard lock(mutex_);
  if (bytes_ != 0 && bytes_ + bytes > bytes_max_) {
    wakes_.push_back(std::move(wake));
    return false;
  }
  bytes_ += bytes;
  return true;
}

void StagingRoom::give_back(uint64_t bytes) {
  std::vector<io::Wake> wakes;
  {
    const std::lock_guard lock(mutex_);
    bytes_ -= bytes;
    if (bytes_ <= bytes_max_ / 2) wakes.swap(wakes_);
  }
  for (io::Wake& wake : wakes) wake();
}

}  // namespace millrace::log
