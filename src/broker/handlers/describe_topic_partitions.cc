#include "broker/handlers/describe_topic_partitions.h"

#include <algorithm>
#include <set>
#include <utility>

#include "broker/operations.h"
#include "commit/topic_command.h"
#include "kafka/protocol_error.h"

namespace millrace::broker {

using kafka::ProtocolError;

kafka::DescribeTopicPartitionsResponse::Partition DescribeTopicPartitionsHandler::describe(
    uint32_t index) const {
  Response::Partition partition;
  partition.index = static_cast<int32_t>(index);
  partition.leader_id = cluster_.node_id;
  partition.leader_epoch = cluster_.leader_epoch;
  partition.replicas = {cluster_.node_id};
  partition.isr = {cluster_.node_id};
  partition.eligible_leader_replicas.emplace();
  partition.last_known_elr.emplace();
  return partition;
}

void DescribeTopicPartitionsHandler::handle(Call, Request request, Reply<Response> reply) {
  std::set<std::string> names;
  for (Request::Topic& topic : request.topics) names.insert(std::move(topic.name));
  if (request.topics.empty()) {
    for (const KnownTopicPtr& topic : topics_.list()) names.insert(topic->topic.name);
  }
  const int64_t most = settings_.number("max.request.partition.size.limit");
  auto room = std::clamp<int64_t>(request.response_partition_limit, 1, most);
  Response response;
  for (const std::string& name : names) {
    if (request.cursor && name < request.cursor->topic) continue;
    const bool resumed = request.cursor && name == request.cursor->topic;
    const auto first = static_cast<uint32_t>(resumed ? std::max(request.cursor->partition, 0) : 0);
    if (room == 0) {
      response.next_cursor = {.topic = name, .partition = static_cast<int32_t>(first)};
      break;
    }
    auto& topic = response.topics.emplace_back();
    topic.name = name;
    const KnownTopicPtr known = topics_.find(name);
    if (known == nullptr) {
      topic.error_code =
          code_of(commit::check_topic_name(name) ? ProtocolError::kUnknownTopicOrPartition
                                                 : ProtocolError::kInvalidTopicException);
      continue;
    }
    topic.id = known->id;
    topic.is_internal = known->internal;
    topic.authorized_operations = kAllTopicOperations;
    uint32_t index = first;
    for (; index < known->topic.partitions && room > 0; ++index, --room) {
      topic.partitions.push_back(describe(index));
    }
    if (index < known->topic.partitions) {
      response.next_cursor = {.topic = name, .partition = static_cast<int32_t>(index)};
      break;
    }
  }
  reply.send(response);
}

}  // namespace millrace::broker
