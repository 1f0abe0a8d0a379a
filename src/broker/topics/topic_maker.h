#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "broker/cluster.h"
#include "broker/settings/broker_settings.h"
#include "broker/topics/topic_directory.h"
#include "commit/proposals.h"
#include "io/executor.h"
#include "kafka/protocol_error.h"

namespace millrace::broker {

// What holds for topics that do not say, by the broker's settings.
struct TopicDefaults {
  int32_t partitions = 1;           // num.partitions
  int32_t replication = 1;          // default.replication.factor
  bool create_on_first_use = true;  // auto.create.topics.enable
  // replication.factor.clamp: there is one replica. Whoever asks for three, as most scripts do,
  // gets one instead of an error.
  bool clamp_replication = true;
};

inline constexpr int32_t kPartitionsMax = 10'000;  // of one topic

// A topic that a client asks for.
struct WantedTopic {
  std::string name;
  int32_t partitions = -1;   // -1: the default
  int16_t replication = -1;  // -1: the default
  // Partition to replicas, where the client says it itself.
  std::vector<std::pair<int32_t, std::vector<int32_t>>> assignment;
  SettingValues config;
};

// What a topic's making came to.
struct MadeTopic {
  kafka::ProtocolError error = kafka::ProtocolError::kNone;
  std::string message;  // of an error
  uint32_t partitions = 0;
  SettingValues config;
  kafka::Uuid id;  // of a topic that was made
};

// What the broker's own topics are made with where nobody says otherwise; none for other topics.
const SettingValues& internal_topic_config(std::string_view name);

// What is wrong with the nodes that a client wants for one partition; empty: nothing, it is this
// one.
std::string check_replicas(const std::vector<int32_t>& replicas, int32_t node_id);

// TopicMaker: makes topics, after every check: name (17, also one that another topic's metrics
// would have), exists (36), partitions (37), replication factor (38), assignment (39), settings
// (40), numbers beside an assignment (42).
//
// Threading:  synchronised inside.
// Ownership:  all that it is given outlives it.
class TopicMaker {
 public:
  TopicMaker(commit::Proposals& proposals, const TopicDirectory& directory,
             const BrokerSettings& settings, const Cluster& cluster)
      : proposals_(proposals), directory_(directory), settings_(settings), cluster_(cluster) {}

  TopicDefaults defaults() const;
  // Every check, and nothing made.
  MadeTopic check(const WantedTopic& wanted) const;
  void make(WantedTopic wanted, io::Executor& executor, io::Completion<MadeTopic> done);
  // Each for itself. REQUIRES: no name twice.
  void make_all(const std::vector<WantedTopic>& wanted, io::Executor& executor,
                io::Completion<std::vector<MadeTopic>> done);

 private:
  MadeTopic check_name(const std::string& name) const;
  MadeTopic check_assignment(const WantedTopic& wanted) const;
  MadeTopic check_counts(const WantedTopic& wanted) const;

  commit::Proposals& proposals_;
  const TopicDirectory& directory_;
  const BrokerSettings& settings_;
  const Cluster& cluster_;
};

}  // namespace millrace::broker
