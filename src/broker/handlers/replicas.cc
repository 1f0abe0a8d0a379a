#include "broker/handlers/replicas.h"

#include <fmt/core.h>

#include <utility>

#include "broker/refusal.h"
#include "broker/topics/topic_maker.h"

namespace millrace::broker {

using kafka::ProtocolError;

namespace {

// ElectLeaders' kinds of elections.
constexpr int8_t kPreferred = 0;
constexpr int8_t kUnclean = 1;

Refusal unknown(std::string_view topic, int32_t partition) {
  return {ProtocolError::kUnknownTopicOrPartition,
          fmt::format("There is no partition {}-{}.", topic, partition)};
}

}  // namespace

void ElectLeadersHandler::handle(Call, Request request, Reply<Response> reply) {
  Response response;
  if (request.election_type != kPreferred && request.election_type != kUnclean) {
    response.error_code = code_of(ProtocolError::kInvalidRequest);
    return reply.send(response);
  }
  // Asked for all, only partitions that get another leader are answered: none.
  if (!request.topics) return reply.send(response);
  for (const Request::Topic& wanted : *request.topics) {
    auto& topic = response.topics.emplace_back();
    topic.name = wanted.name;
    const KnownTopicPtr known = topics_.find(wanted.name);
    for (const int32_t index : wanted.partitions) {
      auto& partition = topic.partitions.emplace_back();
      partition.index = index;
      const Refusal refusal =
          known != nullptr && known->has(index)
              ? Refusal{ProtocolError::kElectionNotNeeded, "The one replica leads already."}
              : unknown(wanted.name, index);
      refusal.put(partition);
    }
  }
  reply.send(response);
}

void AlterPartitionReassignmentsHandler::handle(Call, Request request, Reply<Response> reply) {
  Response response;
  response.allow_replication_factor_change = request.allow_replication_factor_change;
  for (const Request::Topic& wanted : request.topics) {
    auto& topic = response.topics.emplace_back();
    topic.name = wanted.name;
    const KnownTopicPtr known = topics_.find(wanted.name);
    for (const Request::Partition& partition : wanted.partitions) {
      Refusal refusal;
      if (known == nullptr || !known->has(partition.index)) {
        refusal = unknown(wanted.name, partition.index);
      } else if (!partition.replicas) {
        refusal = {ProtocolError::kNoReassignmentInProgress, "The partition is not on its way."};
      } else {
        refusal.message = check_replicas(*partition.replicas, cluster_.node_id);
        if (!refusal.message.empty()) refusal.error = ProtocolError::kInvalidReplicaAssignment;
      }
      auto& answer = topic.partitions.emplace_back();
      answer.index = partition.index;
      refusal.put(answer);
    }
  }
  reply.send(response);
}

void ListPartitionReassignmentsHandler::handle(Call, Request, Reply<Response> reply) {
  reply.send({});
}

}  // namespace millrace::broker
