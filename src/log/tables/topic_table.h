#pragma once

#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "commit/state_machine.h"
#include "commit/topics.h"
#include "log/tables/retention_limits.h"

namespace millrace::log {

// TopicTable: names, partitions and settings of topics: the machine `log.topics`.
//
// Threading:  as StateMachine; find and list from anywhere.
// Ownership:  the listeners outlive it.
class TopicTable final : public commit::StateMachine {
 public:
  // Called by apply and restore: the topic now has these partitions; on_removed: it is gone.
  std::function<void(const commit::Topic&)> on_partitions;
  std::function<void(const commit::Topic&)> on_removed;
  // Whether a partition may start at this offset; and now it does.
  std::function<Result<void>(commit::PartitionId, int64_t)> check_start;
  std::function<void(commit::PartitionId, int64_t)> on_start;

  std::string_view tag() const override;
  Result<void> check(std::span<const commit::Command> commands) const override;
  void apply(commit::Lsn lsn, std::string_view command) override;
  std::string snapshot() const override;
  Result<void> restore(std::string_view snapshot) override;

  Result<commit::Topic> find(std::string_view name) const;
  Result<commit::Topic> find(commit::TopicId topic) const;
  std::vector<commit::Topic> list() const;
  // As Topics::changes.
  commit::TopicChanges changes(uint64_t moment) const;
  // Those that let old records go, by their settings or by the defaults.
  bool any_retention() const;
  std::vector<commit::Topic> with_retention() const;
  void set_defaults(commit::TopicDefaults defaults);
  commit::TopicDefaults defaults() const;
  // Of a topic that is gone: the usual ones.
  SegmentLimits segment_limits(commit::TopicId topic) const;
  // Those that keep the newest record of each key, by their settings or by the defaults.
  bool any_compaction() const;
  bool compacted(commit::TopicId topic) const;
  std::vector<commit::Topic> with_compaction() const;

 private:
  // With mutex_ held.
  void note_settings(const commit::Topic& topic);
  std::vector<commit::Topic> all() const;

  mutable std::mutex mutex_;
  std::map<std::string, commit::TopicId, std::less<>> by_name_;
  std::unordered_map<commit::TopicId, commit::Topic> topics_;
  commit::TopicDefaults defaults_;
  std::set<commit::TopicId> with_retention_;
  std::set<commit::TopicId> with_compaction_;
  uint64_t next_id_ = 1;
  // Which topics the last changes were of, up to `moment_`; the newest last.
  std::deque<commit::TopicId> recent_;
  uint64_t moment_ = 1;
};

}  // namespace millrace::log
