#include "broker/handlers/create_topics.h"

#include <fmt/core.h>

#include <map>
#include <utility>

#include "broker/gather.h"
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

kafka::CreateTopicsResponse::Topic CreateTopicsHandler::made(const std::string& name,
                                                             MadeTopic made) const {
  Response::Topic answer;
  answer.name = name;
  answer.configs.emplace();
  Refusal{made.error, std::move(made.message)}.put(answer);
  if (made.error != ProtocolError::kNone) return answer;
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
  return answer;
}

void CreateTopicsHandler::make(Request::Topic wanted, bool validate_only, io::Executor& executor,
                               io::Completion<Response::Topic> done) {
  std::string name = wanted.name;
  for (const auto& config : wanted.configs) {
    if (config.value) continue;
    return done(made(name, {.error = ProtocolError::kInvalidConfig,
                            .message = fmt::format("'{}' has no value.", config.name),
                            .partitions = 0,
                            .config = {},
                            .id = {}}));
  }
  WantedTopic topic = wanted_of(std::move(wanted));
  if (validate_only) return done(made(name, maker_.check(topic)));
  maker_.make(std::move(topic), executor,
              [this, name = std::move(name), done = std::move(done)](MadeTopic topic_made) mutable {
                done(made(name, std::move(topic_made)));
              });
}

void CreateTopicsHandler::handle(Call call, Request request, Reply<Response> reply) {
  auto counts = counts_of(request.topics);
  Gather<Response::Topic> answers(
      [reply = std::move(reply)](std::vector<Response::Topic> topics) mutable {
        Response response;
        response.topics = std::move(topics);
        reply.send(response);
      });
  for (Request::Topic& topic : request.topics) {
    const int count = std::exchange(counts[topic.name], 0);
    if (count == 1) {
      make(std::move(topic), request.validate_only, *call.executor, answers.place());
    } else if (count > 1) {
      Response::Topic answer;
      answer.name = std::move(topic.name);
      kNamedTwice.put(answer);
      answers.put(std::move(answer));
    }
  }
  answers.start();
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

void CreatePartitionsHandler::grow(const Request::Topic& wanted, bool validate_only,
                                   io::Executor& executor, io::Completion<Refusal> done) {
  const KnownTopicPtr topic = topics_.find(wanted.name);
  Refusal refusal = check(wanted, topic);
  if (refusal || validate_only) return done(std::move(refusal));
  proposals_.propose(
      {commit::alter_topic_command(topic->topic.id, static_cast<uint32_t>(wanted.count), {})},
      executor, [done = std::move(done)](Result<commit::Lsn> written) mutable {
        if (written) return done({});
        // Somebody else was quicker, and asked for more.
        const bool fewer = written.error().code() == ErrorCode::kInvalidArgument;
        done(fewer ? Refusal::of(ProtocolError::kInvalidPartitions, written.error())
                   : Refusal::of(written.error()));
      });
}

void CreatePartitionsHandler::handle(Call call, Request request, Reply<Response> reply) {
  auto counts = counts_of(request.topics);
  std::vector<Request::Topic> topics;
  std::vector<std::string> names;
  std::vector<bool> once;
  for (Request::Topic& topic : request.topics) {
    const int count = std::exchange(counts[topic.name], 0);
    if (count == 0) continue;
    names.push_back(topic.name);
    once.push_back(count == 1);
    topics.push_back(std::move(topic));
  }
  Gather<Refusal> answers(
      [names = std::move(names), reply = std::move(reply)](std::vector<Refusal> refusals) mutable {
        Response response;
        for (size_t index = 0; index < names.size(); ++index) {
          auto& answer = response.topics.emplace_back();
          answer.name = std::move(names[index]);
          refusals[index].put(answer);
        }
        reply.send(response);
      });
  for (size_t index = 0; index < topics.size(); ++index) {
    if (once[index]) {
      grow(topics[index], request.validate_only, *call.executor, answers.place());
    } else {
      answers.put(kNamedTwice);
    }
  }
  answers.start();
}

}  // namespace millrace::broker
