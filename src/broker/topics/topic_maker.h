#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "broker/topics/topic_directory.h"
#include "commit/topics.h"
#include "kafka/protocol_error.h"

namespace millrace::broker {

struct TopicDefaults {
  uint32_t partitions = 1;          // num.partitions
  bool create_on_first_use = true;  // auto.create.topics.enable
  // There is one replica. Whoever asks for three, as most scripts do, gets one instead of an error.
  bool clamp_replication = true;
  uint32_t partitions_max = 10'000;  // of one topic
};

// A topic that a client asks for.
struct WantedTopic {
  std::string name;
  int32_t partitions = -1;   // -1: the default
  int16_t replication = -1;  // -1: the default
  // Partition to replicas, where the client says it itself.
  std::vector<std::pair<int32_t, std::vector<int32_t>>> assignment;
  std::map<std::string, std::string> config;
};

// What a topic's making came to.
struct MadeTopic {
  kafka::ProtocolError error = kafka::ProtocolError::kNone;
  std::string message;  // of an error
  uint32_t partitions = 0;
};

// TopicMaker: makes topics, after every check.
//
// Threading:  synchronised inside.
// Ownership:  directory and log outlive it.
class TopicMaker {
 public:
  TopicMaker(commit::Topics& topics, const TopicDirectory& directory, int32_t node_id,
             TopicDefaults defaults)
      : topics_(topics), directory_(directory), node_id_(node_id), defaults_(defaults) {}

  const TopicDefaults& defaults() const { return defaults_; }
  // Every check, and nothing made.
  MadeTopic check(const WantedTopic& wanted) const;
  void make(WantedTopic wanted, io::Executor& executor, io::Completion<MadeTopic> done);

 private:
  MadeTopic check_name(const std::string& name) const;
  MadeTopic check_partitions(const WantedTopic& wanted) const;

  commit::Topics& topics_;
  const TopicDirectory& directory_;
  const int32_t node_id_;
  const TopicDefaults defaults_;
};

}  // namespace millrace::broker
