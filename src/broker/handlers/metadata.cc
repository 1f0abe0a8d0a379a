#include "broker/handlers/metadata.h"

#include <memory>

#include "broker/operations.h"
#include "broker/quotas/mutation_charge.h"
#include "commit/topic_command.h"
#include "kafka/protocol_error.h"

namespace millrace::broker {

using kafka::ProtocolError;

namespace {

constexpr int16_t kFirstVersionWithIdsInRequests = 12;

}  // namespace

// The response while topics are being made; sends when the last one was.
class MetadataHandler::Gathering {
 public:
  Gathering(Response response, Reply<Response> reply)
      : response_(std::move(response)), reply_(std::move(reply)) {}
  ~Gathering() { reply_.send(response_); }
  Gathering(const Gathering&) = delete;
  Gathering& operator=(const Gathering&) = delete;
  Response& response() { return response_; }

 private:
  Response response_;
  Reply<Response> reply_;
};

kafka::MetadataResponse::Topic MetadataHandler::describe(const KnownTopic& topic,
                                                         bool operations) const {
  Response::Topic described;
  described.name = topic.topic.name;
  described.id = topic.id;
  described.is_internal = topic.internal;
  if (operations) described.authorized_operations = kAllTopicOperations;
  for (uint32_t index = 0; index < topic.topic.partitions; ++index) {
    auto& partition = described.partitions.emplace_back();
    partition.index = static_cast<int32_t>(index);
    partition.leader = cluster_.node_id;
    partition.leader_epoch = cluster_.leader_epoch;
    partition.replicas = {cluster_.node_id};
    partition.isr = {cluster_.node_id};
  }
  return described;
}

void MetadataHandler::find(const Call& call, const Request::Topic& wanted, bool may_make,
                           const std::shared_ptr<Gathering>& gathering, size_t at) {
  Response::Topic& answer = gathering->response().topics[at];
  answer.name = wanted.name;
  answer.id = wanted.id;
  const bool by_id = !wanted.id.empty() || !wanted.name;
  if (by_id && call.version() < kFirstVersionWithIdsInRequests) {
    answer.error_code = code_of(ProtocolError::kInvalidRequest);
    return;
  }
  const bool operations = answer.authorized_operations != INT32_MIN;
  const KnownTopicPtr known = by_id ? topics_.find(wanted.id) : topics_.find(*wanted.name);
  if (known != nullptr) {
    answer = describe(*known, operations);
    return;
  }
  if (by_id) {
    answer.error_code = code_of(ProtocolError::kUnknownTopicId);
    return;
  }
  const bool good_name = commit::check_topic_name(*wanted.name).has_value();
  answer.error_code = code_of(good_name ? ProtocolError::kUnknownTopicOrPartition
                                        : ProtocolError::kInvalidTopicException);
  if (!may_make || !good_name) return;
  charge_mutations(call, static_cast<size_t>(maker_.defaults().partitions));
  maker_.make({.name = *wanted.name}, *call.executor,
              [this, gathering, at, operations, name = *wanted.name](const MadeTopic& made) {
                const KnownTopicPtr fresh = topics_.find(name);
                Response::Topic& late = gathering->response().topics[at];
                if (fresh != nullptr) {
                  late = describe(*fresh, operations);
                } else {
                  late.error_code = code_of(made.error);
                }
              });
}

void MetadataHandler::handle(Call call, Request request, Reply<Response> reply) {
  Response response;
  auto& broker = response.brokers.emplace_back();
  broker.node_id = cluster_.node_id;
  broker.host = call.endpoint.host;
  broker.port = call.endpoint.port;
  response.cluster_id = cluster_.id.to_string();
  response.controller_id = cluster_.node_id;
  if (request.include_cluster_authorized_operations) {
    response.authorized_operations = kAllClusterOperations;
  }
  const bool operations = request.include_topic_authorized_operations;
  const bool all = !request.topics || (call.version() == 0 && request.topics->empty());
  if (all) {
    for (const KnownTopicPtr& topic : topics_.list()) {
      response.topics.push_back(describe(*topic, operations));
    }
    return reply.send(response);
  }
  response.topics.resize(request.topics->size());
  for (auto& topic : response.topics) {
    if (operations) topic.authorized_operations = kAllTopicOperations;
  }
  const bool may_make = maker_.defaults().create_on_first_use && request.allow_auto_topic_creation;
  const auto gathering = std::make_shared<Gathering>(std::move(response), std::move(reply));
  for (size_t at = 0; at < request.topics->size(); ++at) {
    find(call, (*request.topics)[at], may_make, gathering, at);
  }
}

}  // namespace millrace::broker
