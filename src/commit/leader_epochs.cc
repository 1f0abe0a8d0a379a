#include "commit/leader_epochs.h"

#include <algorithm>

#include "base/assert.h"

namespace millrace::commit {

void LeaderEpochs::begin(int32_t epoch, int64_t offset) {
  MILLRACE_ASSERT(begins(epoch));
  starts_.push_back({epoch, offset});
}

void LeaderEpochs::raise_start(int64_t offset) {
  auto kept = std::ranges::upper_bound(starts_, offset, {}, &Start::offset);
  if (kept == starts_.begin()) return;
  --kept;
  kept->offset = offset;
  starts_.erase(starts_.begin(), kept);
}

int32_t LeaderEpochs::at(int64_t offset) const {
  const auto next = std::ranges::upper_bound(starts_, offset, {}, &Start::offset);
  return next == starts_.begin() ? 0 : std::prev(next)->epoch;
}

EpochEnd LeaderEpochs::end_of(int32_t epoch, int32_t current, int64_t log_end) const {
  if (epoch < 0 || epoch > current) return {};
  if (epoch == current) return {epoch, log_end};
  const auto next = std::ranges::upper_bound(starts_, epoch, {}, &Start::epoch);
  const int64_t end = next == starts_.end() ? log_end : next->offset;
  // Older than all that is left: its records are before those of the first.
  return {next == starts_.begin() ? epoch : std::prev(next)->epoch, end};
}

}  // namespace millrace::commit
