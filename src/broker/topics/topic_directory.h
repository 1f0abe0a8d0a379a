#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <vector>

#include "broker/settings/broker_settings.h"
#include "broker/topics/topic_settings.h"
#include "commit/commit_log.h"
#include "kafka/wire/uuid.h"

namespace millrace::broker {

inline constexpr std::string_view kGroupTopic = "__consumer_offsets";
inline constexpr std::string_view kTransactionTopic = "__transaction_state";

// A topic as handlers need it. Immutable.
struct KnownTopic {
  commit::Topic topic;
  kafka::Uuid id;
  TopicLimits limits;
  bool internal = false;

  bool has(int32_t partition) const {
    return partition >= 0 && static_cast<uint32_t>(partition) < topic.partitions;
  }
  commit::PartitionId partition(int32_t index) const {
    return {topic.id, static_cast<uint32_t>(index)};
  }
};
using KnownTopicPtr = std::shared_ptr<const KnownTopic>;

// TopicDirectory: the topics of the log by name and by the id that clients see, which is made of
// the cluster's id and the topic's, so it is another one after a topic was made again.
//
// Threading:  synchronised inside; reads what changed, and no more, when it is asked.
// Ownership:  log and settings outlive it.
class TopicDirectory {
 public:
  // `settings`: the broker's, which hold for limits that a topic does not set; nullptr: defaults.
  TopicDirectory(commit::CommitLog& log, kafka::Uuid cluster,
                 const BrokerSettings* settings = nullptr);

  // nullptr: there is none.
  KnownTopicPtr find(std::string_view name) const;
  KnownTopicPtr find(const kafka::Uuid& id) const;
  // One whose name differs in dots and underscores at most: metrics of other systems write both as
  // an underscore.
  KnownTopicPtr find_alike(std::string_view name) const;
  // In order of names.
  std::vector<KnownTopicPtr> list() const;

  kafka::Uuid id_of(commit::TopicId topic) const;

 private:
  // Runs `look` on tables that are as new as the log when it was asked.
  template <class Look>
  auto look_up(Look look) const;
  // With mutex_ held.
  void catch_up(uint64_t version, uint64_t settings_version) const;
  void put(commit::Topic topic) const;
  void drop(commit::TopicId topic) const;
  TopicLimits limits_of(const commit::Topic& topic) const;

  commit::CommitLog& log_;
  const kafka::Uuid cluster_;
  const BrokerSettings* const settings_;
  mutable std::shared_mutex mutex_;
  // What of the log and of the settings has been read; 0: nothing yet.
  mutable uint64_t version_ = 0;
  mutable uint64_t settings_version_ = 0;
  mutable uint64_t moment_ = 0;  // of the last changes
  mutable std::map<std::string, KnownTopicPtr, std::less<>> by_name_;
  mutable std::map<kafka::Uuid, KnownTopicPtr> by_id_;
  // Without dots; names that have dots or underscores.
  mutable std::map<std::string, std::set<std::string>, std::less<>> alike_;
  mutable std::optional<TopicLimits> plain_;  // of topics that set nothing themselves
};

}  // namespace millrace::broker
