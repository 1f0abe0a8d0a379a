#include "engine/snapshot_dump.h"

#include <algorithm>

namespace millrace::engine {
namespace {

constexpr size_t kSliceBytes = 256 << 10;

}  // namespace

void SnapshotDump::at_barrier(commit::Epoch epoch, int64_t state_bytes) {
  const uint64_t due = std::max(settings_.delta_bytes_min, static_cast<uint64_t>(state_bytes));
  if (writer_ != nullptr || delta_bytes_ < due) return;
  settings_.spec.begun = epoch;
  auto writer = settings_.jobs->begin_snapshot(settings_.spec);
  delta_bytes_at_start_ = delta_bytes_;
  if (!writer) return give_up();
  writer_ = std::move(*writer);
  all_sliced_ = false;
}

void SnapshotDump::give_up() {
  // Not before as much again has gathered.
  delta_bytes_ -= delta_bytes_at_start_;
  while (!all_sliced_) all_sliced_ = store_.next_snapshot_slice(kSliceBytes).empty();
  writer_.reset();
  slice_ = {};
  finish_.reset();
}

bool SnapshotDump::step() {
  if (writer_ == nullptr || finish_ != nullptr) return false;
  if (slice_.empty() && !all_sliced_) {
    slice_ = store_.next_snapshot_slice(kSliceBytes);
    all_sliced_ = slice_.empty();
  }
  if (!slice_.empty()) {
    const auto staged = writer_->write(slice_, waker_->make_wake());
    if (!staged) {
      give_up();
    } else if (*staged == commit::Staged::kAccepted) {
      slice_ = {};
      return true;
    }
    return false;
  }
  finish_ = std::make_shared<Finish>();
  writer_->finish(waker_->worker(),
                  [finish = finish_, waker = waker_](Result<commit::SnapshotId> id) {
                    finish->done = true;
                    if (id) finish->id = *id;
                    waker->wake();
                  });
  return false;
}

std::optional<commit::SnapshotId> SnapshotDump::take_finished() {
  if (finish_ == nullptr || !finish_->done) return std::nullopt;
  const std::optional<commit::SnapshotId> id = finish_->id;
  give_up();
  return id;
}

}  // namespace millrace::engine
