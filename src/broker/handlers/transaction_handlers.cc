#include "broker/handlers/transaction_handlers.h"

#include <memory>
#include <utility>

#include "broker/gather.h"
#include "broker/handlers/group_offsets.h"
#include "kafka/protocol_error.h"

namespace millrace::broker {

using kafka::ProtocolError;

namespace {

// Below these versions clients know of one code for every stale epoch.
constexpr int16_t kInitWithFenced = 4;
constexpr int16_t kOthersWithFenced = 2;
constexpr int16_t kEndWithNewEpoch = 5;
constexpr int16_t kCommitWithAbortable = 4;
constexpr int16_t kCommitJoins = 5;

int16_t code_for(ProtocolError error, int16_t version, int16_t with_fenced) {
  const bool unknown = error == ProtocolError::kProducerFenced && version < with_fenced;
  return code_of(unknown ? ProtocolError::kInvalidProducerEpoch : error);
}

// The partitions of a transaction, with the answer for each: of those that are there, until
// something is done, that nothing was.
struct Wanted {
  std::set<TransactionPartition> partitions;
  bool all_known = true;
};

template <class Topics, class Answers>
Wanted read_partitions(const Topics& topics, const TopicDirectory& directory, Answers& answers) {
  Wanted wanted;
  for (const auto& topic : topics) {
    const KnownTopicPtr found = directory.find(topic.name);
    auto& answered = answers.emplace_back();
    answered.name = topic.name;
    for (const int32_t index : topic.partitions) {
      auto& partition = answered.partitions.emplace_back();
      partition.index = index;
      const bool there = found != nullptr && found->has(index);
      wanted.all_known = wanted.all_known && there;
      partition.error_code = code_of(there ? ProtocolError::kOperationNotAttempted
                                           : ProtocolError::kUnknownTopicOrPartition);
      wanted.partitions.insert({topic.name, index});
    }
  }
  return wanted;
}

template <class Answers>
void fill(Answers& answers, int16_t code) {
  for (auto& topic : answers) {
    for (auto& partition : topic.partitions) partition.error_code = code;
  }
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
  const bool one_of_two = (request.producer_id == -1) != (request.producer_epoch == -1);
  if (one_of_two) return send(reply, {.error = ProtocolError::kInvalidRequest});
  std::optional<ProducerIdentity> known;
  if (request.producer_id >= 0) known = {request.producer_id, request.producer_epoch};
  transactions_.begin_producer(
      *std::move(request.transactional_id), request.transaction_timeout_ms, known,
      [send, reply = std::move(reply)](TransactionAnswer answer) mutable { send(reply, answer); });
}

void AddPartitionsToTxnHandler::handle(Call call, Request request, Reply<Response> reply) {
  constexpr int16_t kOfBrokers = 4;
  if (call.version() >= kOfBrokers) {
    return handle_many(std::move(request), *call.executor, std::move(reply));
  }
  Response response;
  Wanted wanted = read_partitions(request.topics, topics_, response.topics);
  if (!wanted.all_known) return reply.send(response);
  transactions_.add_partitions(
      std::move(request.transactional_id), {request.producer_id, request.producer_epoch},
      std::move(wanted.partitions),
      [response = std::move(response), version = call.version(),
       reply = std::move(reply)](TransactionAnswer answer) mutable {
        fill(response.topics, code_for(answer.error, version, kOthersWithFenced));
        reply.send(response);
      });
}

void AddPartitionsToTxnHandler::handle_many(Request request, io::Executor& executor,
                                            Reply<Response> reply) {
  auto response = std::make_shared<Response>();
  std::vector<Wanted> wanted;
  for (const Request::Transaction& each : request.transactions) {
    auto& answer = response->transactions.emplace_back();
    answer.transactional_id = each.transactional_id;
    wanted.push_back(read_partitions(each.topics, topics_, answer.topics));
  }
  Gather<bool> all([response, reply = std::move(reply)](const std::vector<bool>&) mutable {
    reply.send(*response);
  });
  for (size_t at = 0; at < wanted.size(); ++at) {
    if (!wanted[at].all_known) continue;
    Request::Transaction& each = request.transactions[at];
    const ProducerIdentity producer{each.producer_id, each.producer_epoch};
    auto answered = [&executor, response, at, done = all.place()](TransactionAnswer told) mutable {
      executor.post([response, at, told, done = std::move(done)]() mutable {
        fill(response->transactions[at].topics, code_of(told.error));
        done(true);
      });
    };
    if (each.verify_only) {
      transactions_.claim({.id = std::move(each.transactional_id),
                           .producer = producer,
                           .partitions = std::move(wanted[at].partitions)},
                          std::move(answered));
    } else {
      transactions_.add_partitions(std::move(each.transactional_id), producer,
                                   std::move(wanted[at].partitions), std::move(answered));
    }
  }
  all.start();
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

void TxnOffsetCommitHandler::handle(Call call, Request request, Reply<Response> reply) {
  const auto refuse = [version = call.version()](const Request& of, ProtocolError error) {
    const bool unknown =
        error == ProtocolError::kTransactionAbortable && version < kCommitWithAbortable;
    Response response;
    for (const auto& topic : of.topics) {
      auto& answered = response.topics.emplace_back();
      answered.name = topic.name;
      for (const auto& partition : topic.partitions) {
        auto& answer = answered.partitions.emplace_back();
        answer.index = partition.index;
        answer.error_code = code_of(unknown ? ProtocolError::kInvalidTxnState : error);
      }
    }
    return response;
  };
  const ProducerIdentity producer{request.producer_id, request.producer_epoch};
  std::string id = request.transactional_id;
  std::string group = request.group;
  transactions_.claim_offsets(
      std::move(id), producer, std::move(group), call.version() >= kCommitJoins,
      [this, refuse, request = std::move(request),
       reply = std::move(reply)](const OffsetsClaim& claim) mutable {
        if (claim.error != ProtocolError::kNone) return reply.send(refuse(request, claim.error));
        commit_in_transaction(
            groups_, topics_, request,
            [held = claim.held, reply = std::move(reply)](Response response) mutable {
              // Before the client asks for the end.
              held.reset();
              reply.send(response);
            });
      });
}

}  // namespace millrace::broker
