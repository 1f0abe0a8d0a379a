#include "broker/handlers/delete_topics.h"

#include <fmt/core.h>

#include <map>
#include <utility>

#include "broker/propose_each.h"
#include "broker/quotas/mutation_charge.h"
#include "commit/topics.h"

namespace millrace::broker {

using kafka::ProtocolError;

namespace {

// First versions: with ids, with the code for "switched off".
constexpr int16_t kWithIds = 6;
constexpr int16_t kDisabled = 3;

}  // namespace

KnownTopicPtr DeleteTopicsHandler::find(const Request::Topic& wanted) const {
  return wanted.name ? topics_.find(*wanted.name) : topics_.find(wanted.id);
}

Refusal DeleteTopicsHandler::check(const Request::Topic& wanted, const KnownTopicPtr& topic,
                                   int16_t version) const {
  if (wanted.name.has_value() != wanted.id.empty()) {
    return {ProtocolError::kInvalidRequest, "A topic has either a name or an id here."};
  }
  if (!settings_.flag("delete.topic.enable")) {
    return {version < kDisabled ? ProtocolError::kInvalidRequest
                                : ProtocolError::kTopicDeletionDisabled,
            "delete.topic.enable is false."};
  }
  if (topic == nullptr) {
    return wanted.name ? Refusal{ProtocolError::kUnknownTopicOrPartition,
                                 fmt::format("There is no topic '{}'.", *wanted.name)}
                       : Refusal{ProtocolError::kUnknownTopicId, "There is no topic of this id."};
  }
  if (topic->internal) {
    return {ProtocolError::kInvalidTopicException,
            fmt::format("The broker itself needs '{}'.", topic->topic.name)};
  }
  return {};
}

void DeleteTopicsHandler::handle(Call call, Request request, Reply<Response> reply) {
  if (call.version() < kWithIds) {
    request.topics.clear();
    for (std::string& name : request.topic_names) {
      request.topics.push_back({.name = std::move(name), .id = {}});
    }
  }
  std::map<commit::TopicId, int> counts;
  std::vector<KnownTopicPtr> found;
  Response response;
  for (const Request::Topic& wanted : request.topics) {
    auto& answer = response.topics.emplace_back();
    answer.name = wanted.name;
    answer.id = wanted.id;
    found.push_back(find(wanted));
    check(wanted, found.back(), call.version()).put(answer);
    if (answer.error_code != 0) continue;
    answer.name = found.back()->topic.name;
    answer.id = found.back()->id;
    ++counts[found.back()->topic.id];
  }
  std::vector<size_t> places;
  std::vector<commit::Command> commands;
  for (size_t index = 0; index < found.size(); ++index) {
    Response::Topic& answer = response.topics[index];
    if (answer.error_code != 0) continue;
    if (counts[found[index]->topic.id] > 1) {
      Refusal{ProtocolError::kInvalidRequest, "The topic is named more than once."}.put(answer);
      continue;
    }
    const Refusal refusal = charge_mutations(call, found[index]->topic.partitions);
    refusal.put(answer);
    if (refusal) continue;
    places.push_back(index);
    commands.push_back(commit::delete_topic_command(found[index]->topic.id));
  }
  propose_each(proposals_, std::move(commands), *call.executor,
               [response = std::move(response), places = std::move(places),
                reply = std::move(reply)](std::vector<Result<void>> answers) mutable {
                 for (size_t at = 0; at < places.size(); ++at) {
                   if (answers[at]) continue;
                   Refusal::of(answers[at].error()).put(response.topics[places[at]]);
                 }
                 reply.send(response);
               });
}

}  // namespace millrace::broker
