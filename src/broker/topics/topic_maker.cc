#include "broker/topics/topic_maker.h"

#include <fmt/core.h>

#include <algorithm>

#include "broker/propose_each.h"
#include "broker/refusal.h"
#include "broker/topics/topic_settings.h"
#include "commit/topic_command.h"
#include "commit/topics.h"

namespace millrace::broker {

using kafka::ProtocolError;

namespace {

// Where other brokers keep what they know of the cluster; here it is no topic.
constexpr std::string_view kClusterTopic = "__cluster_metadata";

MadeTopic refused(ProtocolError error, std::string message) {
  return {.error = error, .message = std::move(message), .partitions = 0, .config = {}, .id = {}};
}

MadeTopic refused(Refusal refusal) {
  return refused(refusal.error, std::move(refusal.message));
}

MadeTopic with_partitions(size_t partitions) {
  return {.error = ProtocolError::kNone,
          .message = {},
          .partitions = static_cast<uint32_t>(partitions),
          .config = {},
          .id = {}};
}

}  // namespace

const SettingValues& internal_topic_config(std::string_view name) {
  static const SettingValues none;
  static const SettingValues of_groups{{"cleanup.policy", "compact"},
                                       {"compression.type", "producer"},
                                       {"segment.bytes", "104857600"}};
  static const SettingValues of_transactions{{"cleanup.policy", "compact"},
                                             {"compression.type", "uncompressed"},
                                             {"segment.bytes", "104857600"}};
  if (name == kGroupTopic) return of_groups;
  return name == kTransactionTopic ? of_transactions : none;
}

std::string check_replicas(const std::vector<int32_t>& replicas, int32_t node_id) {
  if (replicas.empty()) return "A partition has at least one replica.";
  for (const int32_t node : replicas) {
    if (node != node_id) return fmt::format("There is no broker {}.", node);
  }
  return replicas.size() == 1 ? "" : "A broker holds one replica of a partition.";
}

TopicDefaults TopicMaker::defaults() const {
  return {.partitions = static_cast<int32_t>(settings_.number("num.partitions")),
          .replication = static_cast<int32_t>(settings_.number("default.replication.factor")),
          .create_on_first_use = settings_.flag("auto.create.topics.enable"),
          .clamp_replication = settings_.flag("replication.factor.clamp")};
}

MadeTopic TopicMaker::check_name(const std::string& name) const {
  if (const auto checked = commit::check_topic_name(name); !checked) {
    return refused(Refusal::of(checked.error()));
  }
  if (name == kClusterTopic) {
    return refused(ProtocolError::kInvalidTopicException,
                   fmt::format("'{}' is kept for the broker itself.", name));
  }
  if (directory_.find(name) != nullptr) {
    return refused(ProtocolError::kTopicAlreadyExists,
                   fmt::format("There is a topic '{}' already.", name));
  }
  if (const KnownTopicPtr alike = directory_.find_alike(name)) {
    return refused(ProtocolError::kInvalidTopicException,
                   fmt::format("'{}' differs from the topic '{}' only in dots and underscores.",
                               name, alike->topic.name));
  }
  return {};
}

MadeTopic TopicMaker::check_assignment(const WantedTopic& wanted) const {
  if (wanted.partitions != -1 || wanted.replication != -1) {
    return refused(ProtocolError::kInvalidRequest,
                   "An assignment was given: both numbers must be -1 then.");
  }
  std::vector<bool> seen(wanted.assignment.size());
  for (const auto& [index, replicas] : wanted.assignment) {
    const bool in_range = index >= 0 && static_cast<size_t>(index) < seen.size();
    if (!in_range || seen[static_cast<size_t>(index)]) {
      return refused(ProtocolError::kInvalidReplicaAssignment,
                     "Partitions are numbered from 0 on, each once.");
    }
    seen[static_cast<size_t>(index)] = true;
    if (std::string wrong = check_replicas(replicas, cluster_.node_id); !wrong.empty()) {
      return refused(ProtocolError::kInvalidReplicaAssignment, std::move(wrong));
    }
  }
  if (seen.size() > kPartitionsMax) {
    return refused(ProtocolError::kInvalidPartitions,
                   fmt::format("A topic has 1 to {} partitions.", kPartitionsMax));
  }
  return with_partitions(seen.size());
}

MadeTopic TopicMaker::check_counts(const WantedTopic& wanted) const {
  const TopicDefaults defaults = this->defaults();
  const int32_t partitions = wanted.partitions == -1 ? defaults.partitions : wanted.partitions;
  if (partitions <= 0 || partitions > kPartitionsMax) {
    return refused(ProtocolError::kInvalidPartitions,
                   fmt::format("{} partitions were asked for; a topic has 1 to {}.", partitions,
                               kPartitionsMax));
  }
  const int32_t replication = wanted.replication == -1 ? defaults.replication : wanted.replication;
  if (replication <= 0 || (replication > 1 && !defaults.clamp_replication)) {
    return refused(
        ProtocolError::kInvalidReplicationFactor,
        fmt::format("The replication factor is {}, and there is one broker.", replication));
  }
  return with_partitions(static_cast<size_t>(partitions));
}

MadeTopic TopicMaker::check(const WantedTopic& wanted) const {
  if (MadeTopic named = check_name(wanted.name); named.error != ProtocolError::kNone) return named;
  MadeTopic checked = wanted.assignment.empty() ? check_counts(wanted) : check_assignment(wanted);
  if (checked.error != ProtocolError::kNone) return checked;
  if (const auto config = check_topic_settings(wanted.config, settings_); !config) {
    return refused(Refusal::of(ProtocolError::kInvalidConfig, config.error()));
  }
  checked.config = wanted.config;
  for (const auto& setting : internal_topic_config(wanted.name)) checked.config.insert(setting);
  return checked;
}

void TopicMaker::make(WantedTopic wanted, io::Executor& executor, io::Completion<MadeTopic> done) {
  make_all({std::move(wanted)}, executor,
           [done = std::move(done)](std::vector<MadeTopic> made) mutable {
             done(std::move(made.front()));
           });
}

void TopicMaker::make_all(const std::vector<WantedTopic>& wanted, io::Executor& executor,
                          io::Completion<std::vector<MadeTopic>> done) {
  struct Proposed {
    size_t index;
    std::string name;
  };
  std::vector<MadeTopic> made;
  std::vector<Proposed> proposed;
  std::vector<commit::Command> commands;
  for (const WantedTopic& topic : wanted) {
    const MadeTopic& checked = made.emplace_back(check(topic));
    if (checked.error != ProtocolError::kNone) continue;
    proposed.push_back({made.size() - 1, topic.name});
    commands.push_back(commit::create_topic_command(
        {.name = topic.name, .partitions = checked.partitions, .config = checked.config}));
  }
  propose_each(proposals_, std::move(commands), executor,
               [this, made = std::move(made), proposed = std::move(proposed),
                done = std::move(done)](std::vector<Result<void>> answers) mutable {
                 for (size_t at = 0; at < proposed.size(); ++at) {
                   MadeTopic& topic = made[proposed[at].index];
                   const KnownTopicPtr known = directory_.find(proposed[at].name);
                   if (!answers[at]) {
                     topic = refused(Refusal::of(answers[at].error()));
                   } else if (known != nullptr) {
                     topic.id = known->id;
                   }
                 }
                 done(std::move(made));
               });
}

}  // namespace millrace::broker
