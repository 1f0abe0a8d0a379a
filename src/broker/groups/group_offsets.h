#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "broker/groups/group_records.h"

namespace millrace::broker {

struct CommittedOffset {
  OffsetValue value;
  int64_t record_offset = -1;  // where it stands in its partition of the offsets topic
};

// GroupOffsets: what one group has committed, and what open transactions will commit for it.
// Applies records in the order of the log, so a restart comes to the same.
//
// Threading:  confined to one task.
class GroupOffsets {
 public:
  using Partition = std::pair<std::string, int32_t>;
  using ByPartition = std::map<Partition, CommittedOffset>;

  void commit(Partition partition, CommittedOffset offset);
  // In a transaction of this producer: seen when it is committed.
  void pend(int64_t producer, Partition partition, CommittedOffset offset);
  // A commit that was made since by others, and so stands behind it in the log, stays.
  void end_transaction(int64_t producer, bool committed);
  // Also what transactions hold for it.
  void remove(const Partition& partition);

  const ByPartition& committed() const { return committed_; }
  const CommittedOffset* find(const Partition& partition) const;
  bool pending(const Partition& partition) const { return pending_count_.contains(partition); }
  bool any_pending() const { return !pending_.empty(); }
  bool empty() const { return committed_.empty() && pending_.empty(); }
  // Committed or pending.
  std::vector<Partition> all() const;

 private:
  void drop_pending(const Partition& partition);

  ByPartition committed_;
  std::map<int64_t, ByPartition> pending_;     // by producer
  std::map<Partition, size_t> pending_count_;  // in how many transactions it is
};

}  // namespace millrace::broker
