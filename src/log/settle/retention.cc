#include "log/settle/retention.h"

#include <utility>
#include <vector>

#include "commit/topics.h"
#include "log/tables/retention_limits.h"

namespace millrace::log {

void Retention::written() {
  if (armed_ || stopped_ || !context_.ledger.topics().any_retention()) return;
  armed_ = true;
  io::Executor& executor = context_.executor;
  executor.post_at(executor.now() + context_.interval_ns, [this] { look(); });
}

void Retention::look() {
  const int64_t now_ms = context_.clock.wall_us() / 1000;
  std::vector<commit::Command> commands;
  for (const commit::Topic& topic : context_.ledger.topics().with_retention()) {
    const auto limits = retention_of(topic);
    if (!limits) continue;
    std::optional<int64_t> oldest_ms;
    if (limits->ms) oldest_ms = now_ms - *limits->ms;
    for (uint32_t index = 0; index < topic.partitions; ++index) {
      const PartitionPtr partition = context_.ledger.partition({topic.id, index});
      if (partition == nullptr) continue;
      const int64_t start = partition->retained_start(oldest_ms, limits->bytes);
      if (start <= partition->start_offset()) continue;
      commands.push_back(commit::delete_records_command(partition->id(), start));
    }
  }
  context_.writer.post([this, commands = std::move(commands)]() mutable {
    armed_ = false;
    if (stopped_) return;
    // Each for itself: a topic that was deleted meanwhile must not keep the others from it.
    for (commit::Command& command : commands) {
      context_.proposals.propose_here({std::move(command)}, [](Result<commit::Lsn>) {});
    }
    written();
  });
}

}  // namespace millrace::log
