#include "log/settle/retention.h"

#include <algorithm>
#include <utility>

#include "commit/topics.h"
#include "log/tables/retention_limits.h"

namespace millrace::log {
namespace {

constexpr int64_t kDayMs = 86'400'000;

}  // namespace

void Retention::written() {
  if (stopped_ || !context_.ledger.topics().any_retention()) return;
  arm(context_.executor.now() + context_.interval_ns);
}

void Retention::arm(io::MonotonicTime when) {
  if (!rounds_.empty() && *rounds_.begin() <= when) return;
  rounds_.insert(when);
  context_.executor.post_at(when, [this, when] { look(when); });
}

void Retention::look_at(const commit::Topic& topic, int64_t now_ms, Found& found) const {
  const auto limits = retention_of(topic, context_.ledger.topics().defaults());
  if (!limits) return;
  std::optional<int64_t> oldest_ms;
  if (limits->ms) oldest_ms = now_ms - std::min(*limits->ms, now_ms);
  for (uint32_t index = 0; index < topic.partitions; ++index) {
    const PartitionPtr partition = context_.ledger.partition({topic.id, index});
    if (partition == nullptr) continue;
    const int64_t start = partition->retained_start(oldest_ms, limits->bytes);
    if (start > partition->start_offset()) {
      found.commands.push_back(commit::delete_records_command(partition->id(), start));
    } else if (const auto first = partition->first_timestamp_ms(); first && oldest_ms) {
      const int64_t wait = std::clamp<int64_t>(*first - *oldest_ms + 1, 0, kDayMs);
      found.next_ms = std::min(found.next_ms.value_or(wait), wait);
    }
  }
}

void Retention::look(io::MonotonicTime due) {
  const int64_t now_ms = context_.clock.wall_us() / 1000;
  Found found;
  for (const commit::Topic& topic : context_.ledger.topics().with_retention()) {
    look_at(topic, now_ms, found);
  }
  context_.writer.post(
      [this, due, found = std::move(found)]() mutable { apply(std::move(found), due); });
}

void Retention::apply(Found found, io::MonotonicTime due) {
  rounds_.erase(due);
  if (stopped_) return;
  // Each for itself: a topic that was deleted meanwhile must not keep the others from it.
  for (commit::Command& command : found.commands) {
    context_.proposals.propose_here({std::move(command)}, [this](Result<commit::Lsn> done) {
      if (!done) written();
    });
  }
  if (!found.next_ms) return;
  const int64_t wait_ns = std::max(context_.interval_ns, *found.next_ms * io::kNsPerMs);
  arm(context_.executor.now() + wait_ns);
}

}  // namespace millrace::log
