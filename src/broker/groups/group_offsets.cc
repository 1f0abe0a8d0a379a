#include "broker/groups/group_offsets.h"

#include <set>

namespace millrace::broker {

void GroupOffsets::commit(Partition partition, CommittedOffset offset) {
  committed_.insert_or_assign(std::move(partition), std::move(offset));
}

void GroupOffsets::pend(int64_t producer, Partition partition, CommittedOffset offset) {
  const auto [at, added] = pending_[producer].insert_or_assign(partition, std::move(offset));
  if (added) ++pending_count_[std::move(partition)];
}

void GroupOffsets::drop_pending(const Partition& partition) {
  const auto found = pending_count_.find(partition);
  if (--found->second == 0) pending_count_.erase(found);
}

void GroupOffsets::end_transaction(int64_t producer, bool committed) {
  const auto found = pending_.find(producer);
  if (found == pending_.end()) return;
  const ByPartition ended = std::move(found->second);
  pending_.erase(found);
  for (const auto& [partition, offset] : ended) {
    drop_pending(partition);
    if (!committed) continue;
    const CommittedOffset* current = find(partition);
    if (current == nullptr || current->record_offset < offset.record_offset) {
      commit(partition, offset);
    }
  }
}

void GroupOffsets::remove(const Partition& partition) {
  committed_.erase(partition);
  if (!pending(partition)) return;
  for (auto& [producer, offsets] : pending_) {
    if (offsets.erase(partition) > 0) drop_pending(partition);
  }
  std::erase_if(pending_, [](const auto& at) { return at.second.empty(); });
}

const CommittedOffset* GroupOffsets::find(const Partition& partition) const {
  const auto found = committed_.find(partition);
  return found == committed_.end() ? nullptr : &found->second;
}

std::vector<GroupOffsets::Partition> GroupOffsets::all() const {
  std::set<Partition> partitions;
  for (const auto& [partition, offset] : committed_) partitions.insert(partition);
  for (const auto& [partition, count] : pending_count_) partitions.insert(partition);
  return {partitions.begin(), partitions.end()};
}

}  // namespace millrace::broker
