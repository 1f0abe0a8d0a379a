#include "log/units/commit_turn.h"

#include <fmt/core.h>

namespace millrace::log {

void CommitTurn::add(std::shared_ptr<UnitFate> fate) {
  const std::lock_guard lock(mutex_);
  std::erase_if(fates_, [](const auto& old) { return old.expired(); });
  fates_.push_back(std::move(fate));
}

std::optional<Error> CommitTurn::call(commit::Epoch epoch) {
  const std::lock_guard lock(mutex_);
  if (failed_) return failed_;
  if (epoch != called_.next()) {
    return Error(
        ErrorCode::kInvalidArgument,
        fmt::format("epoch {} was to be committed after epoch {}", epoch.value(), called_.value()));
  }
  called_ = epoch;
  return std::nullopt;
}

void CommitTurn::ready(commit::Epoch epoch, Submit submit) {
  std::vector<Submit> now;
  std::optional<Error> failed;
  {
    const std::lock_guard lock(mutex_);
    failed = failed_;
    if (failed) {
      now.push_back(std::move(submit));
    } else {
      waiting_[epoch] = std::move(submit);
      // Submitted with the lock held, so that a later epoch cannot overtake.
      for (auto at = waiting_.find(next_); at != waiting_.end(); at = waiting_.find(next_)) {
        at->second(std::nullopt);
        waiting_.erase(at);
        next_ = next_.next();
      }
    }
  }
  for (Submit& one : now) one(failed);
}

void CommitTurn::fail(commit::Epoch epoch, const Error& error) {
  std::map<commit::Epoch, Submit> waiting;
  {
    const std::lock_guard lock(mutex_);
    if (!failed_) failed_ = error;
    if (epoch <= next_) waiting.swap(waiting_);
  }
  for (auto& [later, submit] : waiting) submit(error);
}

bool CommitTurn::abort_from(commit::Epoch epoch) {
  std::vector<std::shared_ptr<UnitFate>> fates;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& weak : fates_) {
      if (auto fate = weak.lock()) fates.push_back(std::move(fate));
    }
  }
  bool any = false;
  for (const auto& fate : fates) {
    const std::lock_guard lock(fate->mutex);
    if (fate->epoch < epoch || fate->closed) continue;
    any = true;
    fate->closed = true;
    fate->error = Error(ErrorCode::kCancelled,
                        fmt::format("the unit of epoch {} was aborted", fate->epoch.value()));
  }
  return any;
}

}  // namespace millrace::log
