#include "engine/task/task_staging.h"

#include <algorithm>

#include "base/assert.h"
#include "engine/in/decoded_rows.h"

namespace millrace::engine {
namespace {

constexpr size_t kRejectionsMax = 512;
constexpr size_t kRejectedBytesMax = 256 << 10;
constexpr size_t kRejectionOverheadBytes = 128;

}  // namespace

void UnitBoard::put(commit::Epoch epoch, std::unique_ptr<commit::Unit> unit) {
  std::vector<std::shared_ptr<TaskWaker>> waiting;
  {
    const std::lock_guard lock(mutex_);
    units_[epoch] = std::move(unit);
    waiting.swap(waiting_);
  }
  for (auto& waker : waiting) waker->wake();
}

commit::Unit* UnitBoard::find(commit::Epoch epoch, const std::shared_ptr<TaskWaker>& waker) {
  const std::lock_guard lock(mutex_);
  const auto found = units_.find(epoch);
  if (found != units_.end()) return found->second.get();
  if (std::ranges::find(waiting_, waker) == waiting_.end()) waiting_.push_back(waker);
  return nullptr;
}

std::unique_ptr<commit::Unit> UnitBoard::take(commit::Epoch epoch) {
  const std::lock_guard lock(mutex_);
  auto found = units_.extract(epoch);
  MILLRACE_ASSERT(!found.empty());
  return std::move(found.mapped());
}

void UnitBoard::clear() {
  const std::lock_guard lock(mutex_);
  while (!units_.empty()) units_.erase(std::prev(units_.end()));
  waiting_.clear();
}

Result<void> TaskStaging::stage(commit::PartitionId partition, Buffer batch) {
  Pending pending{partition, MILLRACE_TRY(commit::RecordBatch::of(std::move(batch))), {}, false};
  if (!pending_.empty() || !MILLRACE_TRY(try_stage(pending))) {
    pending_.push_back(std::move(pending));
  }
  return {};
}

void TaskStaging::stage_state(commit::TaskId task, Buffer delta) {
  commit::RecordBatch bytes;
  bytes.bytes = std::move(delta);
  pending_.push_back({{}, std::move(bytes), task, true});
}

Result<void> TaskStaging::adopt_snapshot(commit::SnapshotId snapshot) {
  if (unit_ == nullptr) unit_ = board_.find(epoch_, waker_);
  MILLRACE_ASSERT(unit_ != nullptr);
  return unit_->adopt_snapshot(snapshot);
}

void TaskStaging::reject(Rejection rejection) {
  if (rejection.origin != nullptr) name_read_row(rejection);
  if (rejection.on_rejection == OnRejection::kSkip) {
    return TaskCounters::add(counters_.rows_skipped, 1);
  }
  if (rejection.on_rejection == OnRejection::kFail) {
    if (failure_) return;
    failure_ = Error(ErrorCode::kRowFailed, rejection.reason)
                   .at(rejection.place)
                   .remedy(
                       "Correct the row, or let the table go on with 'on-error' = "
                       "'dead-letter'.");
    return;
  }
  TaskCounters::add(counters_.rows_rejected, 1);
  if (!errors_) return;
  rejected_bytes_ += rejection.row.size() + rejection.reason.size() + kRejectionOverheadBytes;
  rejections_.push_back(std::move(rejection));
}

Result<void> TaskStaging::stage_rejections() {
  if (rejections_.empty()) return {};
  Buffer batch = MILLRACE_TRY(errors_->encode(rejections_));
  rejections_.clear();
  rejected_bytes_ = 0;
  return stage(errors_->partition, std::move(batch));
}

Result<bool> TaskStaging::try_stage(const Pending& pending) {
  if (unit_ == nullptr) unit_ = board_.find(epoch_, waker_);
  if (unit_ == nullptr) return false;
  const commit::Staged staged =
      pending.is_state
          ? MILLRACE_TRY(unit_->stage_state(pending.task, pending.batch.bytes, waker_->make_wake()))
          : MILLRACE_TRY(unit_->stage(pending.partition, pending.batch, waker_->make_wake()));
  return staged == commit::Staged::kAccepted;
}

Result<bool> TaskStaging::flush() {
  if (failure_) return Error(*failure_);
  if (rejections_.size() >= kRejectionsMax || rejected_bytes_ >= kRejectedBytesMax) {
    MILLRACE_TRY(stage_rejections());
  }
  for (; !pending_.empty(); pending_.pop_front()) {
    if (!MILLRACE_TRY(try_stage(pending_.front()))) return false;
  }
  return true;
}

}  // namespace millrace::engine
