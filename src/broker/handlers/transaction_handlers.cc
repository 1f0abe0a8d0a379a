#include "broker/handlers/transaction_handlers.h"

#include <utility>

#include "broker/handlers/group_offsets.h"
#include "kafka/protocol_error.h"

namespace millrace::broker {

using kafka::ProtocolError;

namespace {

// Below these versions clients know of one code for every stale epoch.
constexpr int16_t kInitWithFenced = 4;
constexpr int16_t kOthersWithFenced = 2;
constexpr int16_t kEndWithNewEpoch = 5;

int16_t code_for(ProtocolError error, int16_t version, int16_t with_fenced) {
  const bool unknown = error == ProtocolError::kProducerFenced && version < with_fenced;
  return code_of(unknown ? ProtocolError::kInvalidProducerEpoch : error);
}

}  // namespace

void InitProducerIdHandler::handle(Call call, Request request, Reply<Response> reply) {
  const auto send = [version = call.version()](Reply<Response>& to, TransactionAnswer answer) {
    Response response;
    response.error_code = code_for(answer.error, version, kInitWithFenced);
    response.producer_id = answer.producer.id;
    response.producer_epoch = answer.producer.epoch;
    to.send(response);
  };
  if (!request.transactional_id) {
    return ids_.next([send, reply = std::move(reply)](Result<int64_t> id) mutable {
      if (!id) return send(reply, {.error = ProtocolError::kCoordinatorNotAvailable});
      send(reply, {.producer = {*id, 0}});
    });
  }
  if (request.transactional_id->empty()) {
    return send(reply, {.error = ProtocolError::kInvalidRequest});
  }
  std::optional<ProducerIdentity> known;
  if (request.producer_id >= 0) known = {request.producer_id, request.producer_epoch};
  transactions_.begin_producer(
      *std::move(request.transactional_id), request.transaction_timeout_ms, known,
      [send, reply = std::move(reply)](TransactionAnswer answer) mutable { send(reply, answer); });
}

void AddPartitionsToTxnHandler::handle(Call call, Request request, Reply<Response> reply) {
  constexpr int16_t kOfBrokers = 4;  // from this version on, brokers ask for several
  Response response;
  if (call.version() >= kOfBrokers) {
    response.error_code = code_of(ProtocolError::kClusterAuthorizationFailed);
    return reply.send(response);
  }
  std::set<TransactionPartition> partitions;
  bool known = true;
  for (const auto& topic : request.topics) {
    const KnownTopicPtr found = topics_.find(topic.name);
    auto& answered = response.topics.emplace_back();
    answered.name = topic.name;
    for (const int32_t index : topic.partitions) {
      auto& partition = answered.partitions.emplace_back();
      partition.index = index;
      const bool there = found != nullptr && found->has(index);
      known = known && there;
      partition.error_code = code_of(there ? ProtocolError::kOperationNotAttempted
                                           : ProtocolError::kUnknownTopicOrPartition);
      partitions.insert({topic.name, index});
    }
  }
  // All of them, or none.
  if (!known) return reply.send(response);
  transactions_.add_partitions(std::move(request.transactional_id),
                               {request.producer_id, request.producer_epoch}, std::move(partitions),
                               [response = std::move(response), version = call.version(),
                                reply = std::move(reply)](TransactionAnswer answer) mutable {
                                 for (auto& topic : response.topics) {
                                   for (auto& partition : topic.partitions) {
                                     partition.error_code =
                                         code_for(answer.error, version, kOthersWithFenced);
                                   }
                                 }
                                 reply.send(response);
                               });
}

void AddOffsetsToTxnHandler::handle(Call call, Request request, Reply<Response> reply) {
  transactions_.add_offsets(
      std::move(request.transactional_id), {request.producer_id, request.producer_epoch},
      std::move(request.group),
      [version = call.version(), reply = std::move(reply)](TransactionAnswer answer) mutable {
        Response response;
        response.error_code = code_for(answer.error, version, kOthersWithFenced);
        reply.send(response);
      });
}

void EndTxnHandler::handle(Call call, Request request, Reply<Response> reply) {
  transactions_.end(
      std::move(request.transactional_id), {request.producer_id, request.producer_epoch},
      request.commit, call.version() >= kEndWithNewEpoch,
      [version = call.version(), reply = std::move(reply)](TransactionAnswer answer) mutable {
        Response response;
        response.error_code = code_for(answer.error, version, kOthersWithFenced);
        response.producer_id = answer.producer.id;
        response.producer_epoch = answer.producer.epoch;
        reply.send(response);
      });
}

void TxnOffsetCommitHandler::handle(Call, Request request, Reply<Response> reply) {
  const auto refuse = [](const Request& of, ProtocolError error) {
    Response response;
    for (const auto& topic : of.topics) {
      auto& answered = response.topics.emplace_back();
      answered.name = topic.name;
      for (const auto& partition : topic.partitions) {
        auto& answer = answered.partitions.emplace_back();
        answer.index = partition.index;
        answer.error_code = code_of(error);
      }
    }
    return response;
  };
  const ProducerIdentity producer{request.producer_id, request.producer_epoch};
  std::string id = request.transactional_id;
  std::string group = request.group;
  groups_.locate(
      std::move(group), [this, refuse, id = std::move(id), producer, request = std::move(request),
                         reply = std::move(reply)](Result<commit::PartitionId> at) mutable {
        if (!at) return reply.send(refuse(request, ProtocolError::kCoordinatorNotAvailable));
        transactions_.verify(
            std::move(id), producer, {std::string(kGroupTopic), static_cast<int32_t>(at->index)},
            [this, refuse, request = std::move(request),
             reply = std::move(reply)](TransactionAnswer answer) mutable {
              if (answer.error != ProtocolError::kNone) {
                const bool outside = answer.error == ProtocolError::kTransactionAbortable;
                return reply.send(
                    refuse(request, outside ? ProtocolError::kInvalidTxnState : answer.error));
              }
              commit_in_transaction(
                  groups_, topics_, request,
                  [reply = std::move(reply)](Response response) mutable { reply.send(response); });
            });
      });
}

}  // namespace millrace::broker
