#include "broker/topics/topic_maker.h"

#include <fmt/core.h>

#include <algorithm>

#include "broker/topics/topic_settings.h"
#include "commit/topic_command.h"

namespace millrace::broker {

using kafka::ProtocolError;

namespace {

MadeTopic refused(ProtocolError error, std::string message) {
  return {.error = error, .message = std::move(message), .partitions = 0};
}

// Metrics of other systems write both as an underscore.
std::string without_dots(std::string name) {
  std::ranges::replace(name, '.', '_');
  return name;
}

}  // namespace

MadeTopic TopicMaker::check_name(const std::string& name) const {
  if (const auto checked = commit::check_topic_name(name); !checked) {
    return refused(ProtocolError::kInvalidTopicException, checked.error().message());
  }
  if (directory_.find(name) != nullptr) {
    return refused(ProtocolError::kTopicAlreadyExists,
                   fmt::format("there is a topic '{}' already", name));
  }
  if (name.find_first_of("._") == std::string::npos) return {};
  for (const KnownTopicPtr& known : directory_.list()) {
    if (without_dots(known->topic.name) == without_dots(name)) {
      return refused(ProtocolError::kInvalidTopicException,
                     fmt::format("'{}' differs from the topic '{}' only in dots and underscores",
                                 name, known->topic.name));
    }
  }
  return {};
}

MadeTopic TopicMaker::check_partitions(const WantedTopic& wanted) const {
  if (!wanted.assignment.empty()) {
    if (wanted.partitions != -1 || wanted.replication != -1) {
      return refused(ProtocolError::kInvalidRequest,
                     "either numbers of partitions and replicas, or an assignment");
    }
    for (const auto& [index, replicas] : wanted.assignment) {
      const bool in_range = index >= 0 && static_cast<size_t>(index) < wanted.assignment.size();
      if (!in_range || replicas != std::vector{node_id_}) {
        return refused(
            ProtocolError::kInvalidReplicaAssignment,
            fmt::format("partitions are numbered from 0 and live on broker {} alone", node_id_));
      }
    }
    return {.partitions = static_cast<uint32_t>(wanted.assignment.size())};
  }
  const int64_t partitions = wanted.partitions == -1 ? defaults_.partitions : wanted.partitions;
  if (partitions <= 0 || partitions > defaults_.partitions_max) {
    return refused(
        ProtocolError::kInvalidPartitions,
        fmt::format("{} partitions; a topic has 1 to {}", partitions, defaults_.partitions_max));
  }
  const bool too_many = wanted.replication > 1 && !defaults_.clamp_replication;
  if (wanted.replication == 0 || wanted.replication < -1 || too_many) {
    return refused(ProtocolError::kInvalidReplicationFactor,
                   fmt::format("replication factor {}; there is one broker", wanted.replication));
  }
  return {.partitions = static_cast<uint32_t>(partitions)};
}

MadeTopic TopicMaker::check(const WantedTopic& wanted) const {
  if (MadeTopic named = check_name(wanted.name); named.error != ProtocolError::kNone) return named;
  MadeTopic checked = check_partitions(wanted);
  if (checked.error != ProtocolError::kNone) return checked;
  if (const auto config = check_topic_settings(wanted.config); !config) {
    return refused(ProtocolError::kInvalidConfig, config.error().to_string());
  }
  return checked;
}

void TopicMaker::make(WantedTopic wanted, io::Executor& executor, io::Completion<MadeTopic> done) {
  const MadeTopic checked = check(wanted);
  if (checked.error != ProtocolError::kNone) return done(checked);
  topics_.create(
      {.name = std::move(wanted.name),
       .partitions = checked.partitions,
       .config = std::move(wanted.config)},
      executor, [checked, done = std::move(done)](Result<commit::TopicId> id) mutable {
        if (id) return done(checked);
        const ErrorInfo& info = error_info(id.error().code());
        done(refused(static_cast<ProtocolError>(info.kafka_error), id.error().message()));
      });
}

}  // namespace millrace::broker
