#include "engine/epochs/snapshot_dump.h"

#include <algorithm>
#include <utility>

namespace millrace::engine {
namespace {

constexpr size_t kSliceBytes = 256 << 10;

}  // namespace

void SnapshotDump::at_barrier(commit::Epoch epoch, int64_t state_bytes) {
  const uint64_t due = std::max(settings_.delta_bytes_min, static_cast<uint64_t>(state_bytes));
  if (writer_ != nullptr || delta_bytes_ < due) return;
  if (!begin(epoch)) give_up();
}

Result<void> SnapshotDump::begin_required(commit::Epoch epoch) {
  required_ = true;
  MILLRACE_TRY(begin(commit::Epoch(epoch.value() - 1)));
  waker_->wake();
  return {};
}

Result<void> SnapshotDump::begin(commit::Epoch begun) {
  settings_.spec.begun = begun;
  delta_bytes_at_start_ = delta_bytes_;
  writer_ = MILLRACE_TRY(settings_.jobs->begin_snapshot(settings_.spec));
  all_sliced_ = false;
  return {};
}

Result<bool> SnapshotDump::may_pass() const {
  if (failure_) return *failure_;
  if (!required_) return true;
  if (finish_ == nullptr || !finish_->done) return false;
  if (finish_->error) return *finish_->error;
  return true;
}

void SnapshotDump::fail(Error error) {
  if (required_) failure_.emplace(std::move(error));
  give_up();
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
      fail(staged.error());
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
                    if (id) {
                      finish->id = *id;
                    } else {
                      finish->error.emplace(std::move(id).error());
                    }
                    waker->wake();
                  });
  return false;
}

std::optional<commit::SnapshotId> SnapshotDump::take_finished() {
  if (finish_ == nullptr || !finish_->done) return std::nullopt;
  const std::optional<commit::SnapshotId> id = finish_->id;
  give_up();
  settings_.spec.replaces.clear();
  required_ = false;
  return id;
}

}  // namespace millrace::engine
