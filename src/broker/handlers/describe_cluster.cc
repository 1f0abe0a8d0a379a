#include "broker/handlers/describe_cluster.h"

#include <utility>

#include "broker/operations.h"
#include "broker/refusal.h"
#include "commit/topic_command.h"

namespace millrace::broker {

using kafka::ProtocolError;

namespace {

constexpr int8_t kBrokers = 1;
constexpr int8_t kControllers = 2;
constexpr std::string_view kMetadataTopic = "__cluster_metadata";
constexpr int16_t kWithNodes = 2;  // DescribeQuorum

}  // namespace

void DescribeClusterHandler::handle(Call call, Request request, Reply<Response> reply) {
  Response response;
  response.endpoint_type = request.endpoint_type;
  response.cluster_id = cluster_.id.to_string();
  if (request.endpoint_type != kBrokers) {
    const bool controllers = request.endpoint_type == kControllers;
    Refusal{controllers ? ProtocolError::kMismatchedEndpointType
                        : ProtocolError::kUnsupportedEndpointType,
            "This is a door of brokers."}
        .put(response);
    return reply.send(response);
  }
  response.controller_id = cluster_.node_id;
  auto& broker = response.brokers.emplace_back();
  broker.node_id = cluster_.node_id;
  broker.host = call.endpoint.host;
  broker.port = call.endpoint.port;
  if (request.include_cluster_authorized_operations) {
    response.cluster_authorized_operations = kAllClusterOperations;
  }
  reply.send(response);
}

kafka::DescribeQuorumResponse::Partition DescribeQuorumHandler::describe(int16_t version) const {
  Response::Partition partition;
  const auto end = static_cast<int64_t>(proposals_.version(commit::kTopicMachine));
  partition.leader_id = cluster_.node_id;
  partition.leader_epoch = cluster_.leader_epoch;
  partition.high_watermark = end;
  auto& voter = partition.current_voters.emplace_back();
  voter.replica_id = cluster_.node_id;
  voter.log_end_offset = end;
  if (version >= kWithNodes) voter.replica_directory_id = cluster_.id;
  return partition;
}

void DescribeQuorumHandler::handle(Call call, Request request, Reply<Response> reply) {
  Response response;
  for (const Request::Topic& wanted : request.topics) {
    auto& topic = response.topics.emplace_back();
    topic.name = wanted.name;
    for (const Request::Partition& partition : wanted.partitions) {
      auto& answer = topic.partitions.emplace_back();
      if (wanted.name == kMetadataTopic && partition.index == 0) {
        answer = describe(call.version());
        continue;
      }
      answer.index = partition.index;
      answer.leader_id = -1;
      answer.leader_epoch = -1;
      answer.high_watermark = -1;
      Refusal{ProtocolError::kUnknownTopicOrPartition, "Only __cluster_metadata-0 has a quorum."}
          .put(answer);
    }
  }
  auto& node = response.nodes.emplace_back();
  node.node_id = cluster_.node_id;
  node.listeners.push_back(
      {.name = "PLAINTEXT", .host = call.endpoint.host, .port = call.endpoint.port});
  reply.send(response);
}

}  // namespace millrace::broker
