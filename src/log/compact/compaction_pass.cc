#include "log/compact/compaction_pass.h"

#include <algorithm>
#include <utility>

#include "base/assert.h"
#include "log/partitions/piece_batches.h"

namespace millrace::log {
namespace {

// A frame covers at most so many offsets.
constexpr int64_t kCoveredMax = INT32_MAX;

}  // namespace

CompactionPass::CompactionPass(PartitionPtr partition, CompactionPlan plan,
                               CompactionSubject subject, CompactionLimits limits,
                               SegmentStore& segments)
    : partition_(std::move(partition)),
      plan_(std::move(plan)),
      subject_(std::move(subject)),
      limits_(limits),
      segments_(segments),
      epochs_(partition_->leader_epochs()),
      keys_(limits_.key_bytes_max),
      mapper_(subject_),
      filter_(keys_, subject_),
      at_(plan_.first_dirty),
      end_(plan_.pieces.size()) {}

Result<void> CompactionPass::step() {
  const uint64_t enough = bytes_read_ + limits_.step_bytes;
  while (!done_ && !replacement_ && bytes_read_ < enough) {
    if (mapping_ && at_ == end_) {
      mapping_ = false;
      at_ = 0;
    } else if (mapping_) {
      MILLRACE_TRY(map_piece());
    } else {
      MILLRACE_TRY(rewrite_piece());
    }
  }
  return {};
}

Result<void> CompactionPass::map_piece() {
  const LogPiece& piece = plan_.pieces[at_];
  // One piece at least, else there would be no end of passes.
  const bool beyond = at_ == plan_.first_dirty;
  bool all = true;
  bytes_read_ += piece.bytes();
  MILLRACE_TRY(for_each_batch(piece, *epochs_, [&](const PlacedBatch& batch) -> Result<void> {
    if (all) all = MILLRACE_TRY(mapper_.map(batch.bytes, keys_, beyond));
    return {};
  }));
  if (all) {
    ++at_;
  } else {
    end_ = at_;
  }
  return {};
}

Result<void> CompactionPass::rewrite_piece() {
  const LogPiece& piece = plan_.pieces[at_];
  bytes_read_ += piece.bytes();
  const bool last_piece = at_ + 1 == end_;
  // The batch behind which nothing comes stays: readers must get to the end.
  std::optional<PlacedBatch> last;
  const auto take = [&](const PlacedBatch& batch, bool keep_header) -> Result<void> {
    const int64_t cover = waiting_ ? waiting_->cover : plan_.pieces[group_].base_offset;
    const bool far = batch.end_offset - cover > kCoveredMax;
    Buffer kept = MILLRACE_TRY(filter_.filter(batch.bytes, keep_header || far));
    if (!kept.empty()) MILLRACE_TRY(keep(std::move(kept)));
    return {};
  };
  MILLRACE_TRY(for_each_batch(piece, *epochs_, [&](PlacedBatch batch) -> Result<void> {
    if (last) MILLRACE_TRY(take(*last, false));
    last = std::move(batch);
    return {};
  }));
  if (last) MILLRACE_TRY(take(*last, last_piece));
  ++at_;
  const bool full = file_ != nullptr && file_->bytes() >= limits_.file_bytes;
  if (last_piece || (full && waiting_)) {
    MILLRACE_TRY(write_waiting(piece.end_offset));
    MILLRACE_TRY(finish_file());
  }
  done_ = last_piece;
  return {};
}

Result<void> CompactionPass::keep(Buffer batch) {
  const auto header = MILLRACE_TRY(record::read_batch_header(batch.span()));
  int64_t cover = header.base_offset;
  if (waiting_) {
    MILLRACE_TRY(write_waiting(cover));
  } else {
    cover = plan_.pieces[group_].base_offset;
  }
  waiting_ = Waiting{std::move(batch), cover, header.max_timestamp_ms};
  return {};
}

Result<void> CompactionPass::write_waiting(int64_t end) {
  if (file_ == nullptr) file_ = MILLRACE_TRY(segments_.create());
  Waiting waiting = *std::exchange(waiting_, std::nullopt);
  MILLRACE_ASSERT(waiting.cover < end);
  const commit::PartitionId id = partition_->id();
  return file_->add({.kind = FrameKind::kCompacted,
                     .owner = id.topic.value(),
                     .part = id.index,
                     .first = waiting.cover,
                     .max_timestamp_ms = waiting.max_timestamp_ms,
                     .records = static_cast<uint32_t>(end - waiting.cover),
                     .body = std::move(waiting.batch)});
}

Result<void> CompactionPass::finish_file() {
  bytes_written_ += file_->bytes();
  Replacement replacement;
  replacement.file = MILLRACE_TRY(file_->finish());
  file_.reset();
  const auto first = plan_.pieces.begin() + static_cast<ptrdiff_t>(group_);
  replacement.old.assign(first, plan_.pieces.begin() + static_cast<ptrdiff_t>(at_));
  const commit::Lsn lsn = replacement.old.back().lsn;
  for (const SegmentExtent& extent : replacement.file->extents()) {
    replacement.by.push_back(settled_piece(replacement.file, extent, extent.first, lsn));
  }
  for (const int64_t marker : filter_.markers_gone()) {
    if (markers_told_.insert(marker).second) replacement.markers_gone.insert(marker);
  }
  group_ = at_;
  replacement_ = std::move(replacement);
  return {};
}

}  // namespace millrace::log
