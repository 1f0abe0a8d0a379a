#include "broker/handlers/create_topics.h"

#include <fmt/core.h>

#include <map>
#include <utility>

#include "broker/propose_each.h"
#include "broker/quotas/mutation_charge.h"
#include "broker/refusal.h"
#include "broker/topics/topic_settings.h"
#include "commit/topics.h"

namespace millrace::broker {

using kafka::ProtocolError;

namespace {

const Refusal kNamedTwice{ProtocolError::kInvalidRequest, "The topic is named more than once."};

template <class Topic>
std::map<std::string, int> counts_of(const std::vector<Topic>& topics) {
  std::map<std::string, int> counts;
  for (const Topic& topic : topics) ++counts[topic.name];
  return counts;
}

Refusal check_values(const kafka::CreateTopicsRequest::Topic& topic) {
  for (const auto& config : topic.configs) {
    if (config.value) continue;
    return {ProtocolError::kInvalidConfig, fmt::format("'{}' has no value.", config.name)};
  }
  return {};
}

WantedTopic wanted_of(kafka::CreateTopicsRequest::Topic topic) {
  WantedTopic wanted;
  wanted.name = std::move(topic.name);
  wanted.partitions = topic.num_partitions;
  wanted.replication = topic.replication_factor;
  for (auto& assignment : topic.replica_assignment) {
    wanted.assignment.emplace_back(assignment.partition, std::move(assignment.replicas));
  }
  for (auto& config : topic.configs) wanted.config[config.name] = config.value.value_or("");
  return wanted;
}

}  // namespace

void CreateTopicsHandler::fill(Response::Topic& answer, MadeTopic made) const {
  Refusal{made.error, std::move(made.message)}.put(answer);
  if (made.error != ProtocolError::kNone) return;
  answer.id = made.id;
  answer.num_partitions = static_cast<int32_t>(made.partitions);
  answer.replication_factor = 1;
  for (const Setting& setting : topic_settings()) {
    SettingValue value = topic_values(setting, made.config, settings_).front();
    answer.configs->push_back({.name = std::string(setting.name),
                               .value = std::move(value.text),
                               .read_only = false,
                               .source = static_cast<int8_t>(value.source),
                               .is_sensitive = false});
  }
}

Refusal CreateTopicsHandler::charge(const Call& call, const WantedTopic& wanted) const {
  if (call.toll == nullptr) return {};
  const MadeTopic checked = maker_.check(wanted);
  // What is wrong with it is said by whoever makes it, and costs nothing.
  if (checked.error != ProtocolError::kNone) return {};
  return charge_mutations(call, checked.partitions);
}

void CreateTopicsHandler::handle(Call call, Request request, Reply<Response> reply) {
  auto counts = counts_of(request.topics);
  Response response;
  std::vector<size_t> places;
  std::vector<WantedTopic> wanted;
  for (Request::Topic& topic : request.topics) {
    const int count = std::exchange(counts[topic.name], 0);
    if (count == 0) continue;
    Response::Topic& answer = response.topics.emplace_back();
    answer.name = topic.name;
    answer.configs.emplace();
    Refusal refusal = count > 1 ? kNamedTwice : check_values(topic);
    WantedTopic next = wanted_of(std::move(topic));
    if (!refusal && !request.validate_only) refusal = charge(call, next);
    refusal.put(answer);
    if (refusal) continue;
    places.push_back(response.topics.size() - 1);
    wanted.push_back(std::move(next));
  }
  auto done = [this, response = std::move(response), places = std::move(places),
               reply = std::move(reply)](std::vector<MadeTopic> made) mutable {
    for (size_t at = 0; at < places.size(); ++at) {
      fill(response.topics[places[at]], std::move(made[at]));
    }
    reply.send(response);
  };
  if (!request.validate_only) return maker_.make_all(wanted, *call.executor, std::move(done));
  std::vector<MadeTopic> checked;
  for (const WantedTopic& topic : wanted) checked.push_back(maker_.check(topic));
  done(std::move(checked));
}

Refusal CreatePartitionsHandler::check(const Request::Topic& wanted,
                                       const KnownTopicPtr& topic) const {
  if (topic == nullptr) {
    return {ProtocolError::kUnknownTopicOrPartition,
            fmt::format("There is no topic '{}'.", wanted.name)};
  }
  if (topic->internal) {
    return {ProtocolError::kInvalidTopicException,
            "Where a group's offsets stand depends on the number of partitions."};
  }
  const auto now = static_cast<int32_t>(topic->topic.partitions);
  if (wanted.count <= now || wanted.count > kPartitionsMax) {
    return {ProtocolError::kInvalidPartitions,
            fmt::format("The topic has {} partitions, it can have {} to {}; {} were asked for.",
                        now, now + 1, kPartitionsMax, wanted.count)};
  }
  if (!wanted.assignment) return {};
  const auto added = static_cast<size_t>(wanted.count - now);
  if (wanted.assignment->size() != added) {
    return {
        ProtocolError::kInvalidReplicaAssignment,
        fmt::format("{} partitions are added, {} are assigned.", added, wanted.assignment->size())};
  }
  for (const auto& assignment : *wanted.assignment) {
    if (std::string wrong = check_replicas(assignment.replicas, cluster_.node_id); !wrong.empty()) {
      return {ProtocolError::kInvalidReplicaAssignment, std::move(wrong)};
    }
  }
  return {};
}

void CreatePartitionsHandler::handle(Call call, Request request, Reply<Response> reply) {
  auto counts = counts_of(request.topics);
  Response response;
  std::vector<size_t> places;
  std::vector<commit::Command> commands;
  for (const Request::Topic& wanted : request.topics) {
    const int count = std::exchange(counts[wanted.name], 0);
    if (count == 0) continue;
    const KnownTopicPtr topic = topics_.find(wanted.name);
    Refusal refusal = count > 1 ? kNamedTwice : check(wanted, topic);
    if (!refusal && !request.validate_only) {
      refusal = charge_mutations(call, static_cast<size_t>(wanted.count) - topic->topic.partitions);
    }
    Response::Topic& answer = response.topics.emplace_back();
    answer.name = wanted.name;
    refusal.put(answer);
    if (refusal || request.validate_only) continue;
    places.push_back(response.topics.size() - 1);
    commands.push_back(
        commit::alter_topic_command(topic->topic.id, static_cast<uint32_t>(wanted.count), {}));
  }
  propose_each(proposals_, std::move(commands), *call.executor,
               [response = std::move(response), places = std::move(places),
                reply = std::move(reply)](std::vector<Result<void>> answers) mutable {
                 for (size_t at = 0; at < places.size(); ++at) {
                   if (answers[at]) continue;
                   const Error& error = answers[at].error();
                   // Somebody else was quicker, and asked for more.
                   const bool fewer = error.code() == ErrorCode::kInvalidArgument;
                   const Refusal refusal =
                       fewer ? Refusal::of(ProtocolError::kInvalidPartitions, error)
                             : Refusal::of(error);
                   refusal.put(response.topics[places[at]]);
                 }
                 reply.send(response);
               });
}

}  // namespace millrace::broker
