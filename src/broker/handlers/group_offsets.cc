#include "broker/handlers/group_offsets.h"

#include "kafka/protocol_error.h"

namespace millrace::broker {

using kafka::ProtocolError;

namespace {

// First versions: of OffsetCommit and OffsetFetch, of OffsetCommit, of OffsetFetch.
constexpr int16_t kWithTopicIds = 10;
constexpr int16_t kCommitWithMissingGroups = 9;
constexpr int16_t kFetchWithGroupError = 2;
constexpr int16_t kFetchOfManyGroups = 8;

// Fills the answer for each partition as far as it is known, and the offsets of the others.
// `commit_ms(partition)` is when a commit was made, as the client says.
template <class Request, class Response, class CommitTime>
std::vector<OffsetToCommit> checked_offsets(const Request& request, bool by_id,
                                            const TopicDirectory& topics,
                                            uint32_t metadata_bytes_max, CommitTime commit_ms,
                                            Response& response) {
  std::vector<OffsetToCommit> offsets;
  for (const auto& topic : request.topics) {
    auto& answered = response.topics.emplace_back();
    answered.name = topic.name;
    KnownTopicPtr known;
    if constexpr (requires { topic.id; }) {
      answered.id = topic.id;
      if (by_id) known = topics.find(topic.id);
    }
    if (!by_id) known = topics.find(topic.name);
    for (const auto& partition : topic.partitions) {
      auto& answer = answered.partitions.emplace_back();
      answer.index = partition.index;
      std::string metadata = partition.metadata.value_or("");
      if (known == nullptr || !known->has(partition.index)) {
        answer.error_code =
            code_of(known == nullptr && by_id ? ProtocolError::kUnknownTopicId
                                              : ProtocolError::kUnknownTopicOrPartition);
      } else if (metadata.size() > metadata_bytes_max) {
        answer.error_code = code_of(ProtocolError::kOffsetMetadataTooLarge);
      } else {
        offsets.push_back({.partition = {known->topic.name, partition.index},
                           .value = {.offset = partition.offset,
                                     .leader_epoch = partition.leader_epoch,
                                     .metadata = std::move(metadata),
                                     .commit_ms = commit_ms(partition),
                                     .topic_id = known->id}});
      }
    }
  }
  return offsets;
}

// What came of the offsets that were committed is said for each of them.
template <class Response>
void fill_error(Response& response, ProtocolError error) {
  for (auto& topic : response.topics) {
    for (auto& partition : topic.partitions) {
      if (partition.error_code == 0) partition.error_code = code_of(error);
    }
  }
}

}  // namespace

void commit_in_transaction(GroupCoordinator& groups, const TopicDirectory& topics,
                           const kafka::TxnOffsetCommitRequest& request,
                           io::Completion<kafka::TxnOffsetCommitResponse> done) {
  kafka::TxnOffsetCommitResponse response;
  CommitAttempt attempt;
  attempt.group = request.group;
  attempt.member = {request.member_id, request.instance_id};
  attempt.generation = request.generation;
  attempt.producer = ProducerName{request.producer_id, request.producer_epoch};
  attempt.offsets = checked_offsets(
      request, false, topics, groups.options().offset_metadata_bytes_max,
      [](const auto&) { return int64_t{-1}; }, response);
  groups.commit_offsets(std::move(attempt), [response = std::move(response),
                                             done = std::move(done)](ProtocolError error) mutable {
    fill_error(response, error);
    done(std::move(response));
  });
}

void OffsetCommitHandler::handle(Call call, Request request, Reply<Response> reply) {
  Response response;
  CommitAttempt attempt;
  attempt.group = std::move(request.group);
  attempt.member = {std::move(request.member_id), std::move(request.instance_id)};
  attempt.generation = request.generation;
  if (call.version() >= kCommitWithMissingGroups) {
    attempt.if_unknown = ProtocolError::kGroupIdNotFound;
  }
  attempt.retention_ms = request.retention_time_ms;
  attempt.offsets = checked_offsets(
      request, call.version() >= kWithTopicIds, topics_,
      groups_.options().offset_metadata_bytes_max,
      [](const Request::Partition& partition) { return partition.timestamp; }, response);
  groups_.commit_offsets(
      std::move(attempt),
      [response = std::move(response), reply = std::move(reply)](ProtocolError error) mutable {
        fill_error(response, error);
        reply.send(response);
      });
}

// ---- OffsetFetch ------------------------------------------------------------------------------

namespace {

kafka::OffsetFetchResponse::GroupTopicPartition fetched_partition(int32_t index,
                                                                  FetchedOffset found) {
  kafka::OffsetFetchResponse::GroupTopicPartition partition;
  partition.index = index;
  partition.offset = found.value.offset;
  partition.leader_epoch = found.value.leader_epoch;
  partition.metadata = std::move(found.value.metadata);
  partition.error_code = code_of(found.error);
  return partition;
}

// Before many groups could be asked for in one request.
void put_into_old_layout(kafka::OffsetFetchResponse& response, int16_t version) {
  kafka::OffsetFetchResponse::Group group = std::move(response.groups.front());
  response.groups.clear();
  if (version >= kFetchWithGroupError) response.error_code = group.error_code;
  for (auto& topic : group.topics) {
    auto& to = response.topics.emplace_back();
    to.name = std::move(topic.name);
    for (auto& partition : topic.partitions) {
      to.partitions.push_back({.index = partition.index,
                               .offset = partition.offset,
                               .leader_epoch = partition.leader_epoch,
                               .metadata = std::move(partition.metadata),
                               .error_code = partition.error_code});
    }
  }
}

std::vector<kafka::OffsetFetchRequest::Group> groups_of(kafka::OffsetFetchRequest& request,
                                                        int16_t version) {
  if (version >= kFetchOfManyGroups) return std::move(request.groups);
  std::vector<kafka::OffsetFetchRequest::Group> groups(1);
  groups[0].group = std::move(request.group);
  if (!request.topics) return groups;
  auto& topics = groups[0].topics.emplace();
  for (auto& topic : *request.topics) {
    auto& to = topics.emplace_back();
    to.name = std::move(topic.name);
    to.partitions = std::move(topic.partitions);
  }
  return groups;
}

// `found` has what was found for each partition of the topics that are known, in order.
kafka::OffsetFetchResponse::Group answer(const kafka::OffsetFetchRequest::Group& asked,
                                         FetchedOffsets found, const TopicDirectory& topics,
                                         int16_t version) {
  using Response = kafka::OffsetFetchResponse;
  using Request = kafka::OffsetFetchRequest;
  Response::Group group;
  group.group = asked.group;
  group.error_code = code_of(found.error);
  if (found.error != ProtocolError::kNone && version >= kFetchWithGroupError) return group;
  auto next = found.offsets.begin();
  if (!asked.topics) {
    for (; next != found.offsets.end(); ++next) {
      const auto& [name, index] = next->partition;
      if (group.topics.empty() || group.topics.back().name != name) {
        Response::GroupTopic& topic = group.topics.emplace_back();
        topic.name = name;
        if (const KnownTopicPtr known = topics.find(name)) topic.id = known->id;
      }
      group.topics.back().partitions.push_back(fetched_partition(index, std::move(*next)));
    }
    return group;
  }
  for (const Request::GroupTopic& topic : *asked.topics) {
    Response::GroupTopic& to = group.topics.emplace_back();
    to.name = topic.name;
    to.id = topic.id;
    for (const int32_t index : topic.partitions) {
      FetchedOffset offset;
      if (topic.name.empty()) {
        offset.error = ProtocolError::kUnknownTopicId;
      } else if (found.error != ProtocolError::kNone) {
        offset.error = found.error;
      } else {
        offset = std::move(*next++);
      }
      to.partitions.push_back(fetched_partition(index, std::move(offset)));
    }
  }
  return group;
}

}  // namespace

void OffsetFetchHandler::handle(Call call, Request request, Reply<Response> reply) {
  const int16_t version = call.version();
  std::vector<Request::Group> asked = groups_of(request, version);
  std::vector<FetchAttempt> attempts;
  for (Request::Group& group : asked) {
    FetchAttempt& attempt = attempts.emplace_back();
    attempt.group = group.group;
    attempt.only_stable = request.require_stable;
    if (!group.topics) continue;
    attempt.partitions.emplace();
    for (Request::GroupTopic& topic : *group.topics) {
      if (version >= kWithTopicIds) {
        const KnownTopicPtr known = topics_.find(topic.id);
        topic.name = known == nullptr ? "" : known->topic.name;
      }
      if (topic.name.empty()) continue;
      for (const int32_t index : topic.partitions) {
        attempt.partitions->emplace_back(topic.name, index);
      }
    }
  }
  groups_.fetch_offsets(
      std::move(attempts), [&topics = topics_, version, asked = std::move(asked),
                            reply = std::move(reply)](std::vector<FetchedOffsets> found) mutable {
        Response response;
        for (size_t i = 0; i < asked.size(); ++i) {
          response.groups.push_back(answer(asked[i], std::move(found[i]), topics, version));
        }
        if (version < kFetchOfManyGroups) put_into_old_layout(response, version);
        reply.send(response);
      });
}

// ---- OffsetDelete -----------------------------------------------------------------------------

void OffsetDeleteHandler::handle(Call, Request request, Reply<Response> reply) {
  Response response;
  std::vector<GroupOffsets::Partition> partitions;
  for (const Request::Topic& topic : request.topics) {
    auto& answered = response.topics.emplace_back();
    answered.name = topic.name;
    const KnownTopicPtr known = topics_.find(topic.name);
    for (const Request::Partition& partition : topic.partitions) {
      auto& answer = answered.partitions.emplace_back();
      answer.index = partition.index;
      if (known == nullptr || !known->has(partition.index)) {
        answer.error_code = code_of(ProtocolError::kUnknownTopicOrPartition);
      } else {
        partitions.emplace_back(topic.name, partition.index);
      }
    }
  }
  groups_.remove_offsets(
      std::move(request.group), std::move(partitions),
      [response = std::move(response), reply = std::move(reply)](GroupErrors errors) mutable {
        response.error_code = code_of(errors.error);
        if (errors.error != ProtocolError::kNone) response.topics.clear();
        auto next = errors.each.begin();
        for (auto& topic : response.topics) {
          for (auto& partition : topic.partitions) {
            if (partition.error_code != 0) continue;
            partition.error_code = code_of(*next++);
          }
        }
        reply.send(response);
      });
}

}  // namespace millrace::broker
