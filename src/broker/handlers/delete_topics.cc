#include "broker/handlers/delete_topics.h"

#include <fmt/core.h>

#include <map>
#include <utility>

#include "broker/gather.h"

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
  std::vector<Response::Topic> answers;
  for (const Request::Topic& wanted : request.topics) {
    auto& answer = answers.emplace_back();
    answer.name = wanted.name;
    answer.id = wanted.id;
    found.push_back(find(wanted));
    check(wanted, found.back(), call.version()).put(answer);
    if (answer.error_code != 0) continue;
    answer.name = found.back()->topic.name;
    answer.id = found.back()->id;
    ++counts[found.back()->topic.id];
  }
  Gather<Response::Topic> gather(
      [reply = std::move(reply)](std::vector<Response::Topic> topics) mutable {
        Response response;
        response.topics = std::move(topics);
        reply.send(response);
      });
  for (size_t index = 0; index < answers.size(); ++index) {
    Response::Topic& answer = answers[index];
    if (answer.error_code == 0 && counts[found[index]->topic.id] > 1) {
      Refusal{ProtocolError::kInvalidRequest, "The topic is named more than once."}.put(answer);
    }
    if (answer.error_code != 0) {
      gather.put(std::move(answer));
      continue;
    }
    log_.remove(found[index]->topic.id, *call.executor,
                [answer = std::move(answer), done = gather.place()](Result<void> removed) mutable {
                  if (!removed) Refusal::of(removed.error()).put(answer);
                  done(std::move(answer));
                });
  }
  gather.start();
}

}  // namespace millrace::broker
