#include "broker/handlers/produce.h"

#include <fmt/core.h>

#include <memory>

#include "kafka/protocol_error.h"

namespace millrace::broker {

using kafka::ProtocolError;

namespace {

constexpr int16_t kFirstVersionWithIds = 13;

constexpr int16_t kFirstVersionWithAbortable = 11;
constexpr int16_t kFirstVersionOfTransactionsTwo = 12;

// What a client of this version understands.
ProtocolError error_for(ProtocolError error, int16_t version) {
  switch (error) {
    case ProtocolError::kProducerFenced:
      return ProtocolError::kInvalidProducerEpoch;
    case ProtocolError::kTransactionAbortable:
      return version < kFirstVersionWithAbortable ? ProtocolError::kInvalidTxnState : error;
    case ProtocolError::kConcurrentTransactions:
      return version < kFirstVersionOfTransactionsTwo ? ProtocolError::kNotEnoughReplicas : error;
    case ProtocolError::kCoordinatorLoadInProgress:
    case ProtocolError::kCoordinatorNotAvailable:
      return ProtocolError::kNotEnoughReplicas;
    default:
      return error;
  }
}

bool are_acks(int16_t acks) {
  return acks >= -1 && acks <= 1;
}

}  // namespace

// The answers of all partitions of one request; sends when it goes, which is when the last one has
// come.
class ProduceHandler::Gathering {
 public:
  Gathering(const Call& call, const Request& request, Reply<Response> reply)
      : acks_(request.acks), place_(call.client_host), reply_(std::move(reply)) {
    for (const Request::Topic& topic : request.topics) {
      auto& answered = response_.topics.emplace_back();
      answered.name = topic.name;
      answered.id = topic.id;
      for (const Partition& partition : topic.partitions) {
        auto& answer = answered.partitions.emplace_back();
        answer.index = partition.index;
        answer.base_offset = -1;
      }
    }
  }
  ~Gathering() {
    if (acks_ != 0) {
      reply_.send(response_);
    } else if (failed_.empty()) {
      reply_.skip();
    } else {
      reply_.close(Error(ErrorCode::kMalformedRequest, failed_).at(place_));
    }
  }
  Gathering(const Gathering&) = delete;
  Gathering& operator=(const Gathering&) = delete;

  commit::Acks acks() const {
    return acks_ == -1 ? commit::Acks::kDurable : commit::Acks::kAssigned;
  }
  Response::Partition& at(size_t topic, size_t partition) {
    return response_.topics[topic].partitions[partition];
  }
  void fail(size_t topic, size_t partition, ProtocolError error, std::string message) {
    Response::Partition& answer = at(topic, partition);
    answer.error_code = code_of(error);
    failed_ =
        fmt::format("{}-{} with acks=0: {}", response_.topics[topic].name, answer.index, message);
    answer.error_message = std::move(message);
  }

 private:
  const int16_t acks_;
  const std::string place_;
  Reply<Response> reply_;
  Response response_;
  std::string failed_;
};

void ProduceHandler::append(commit::RecordBatch batch, Place place) {
  const auto& gathering = place.gathering;
  appender_.append(
      place.id, std::move(batch), gathering->acks(), *place.executor,
      [place](Result<commit::Appended> done) {
        if (!done) {
          const auto error =
              static_cast<ProtocolError>(error_info(done.error().code()).kafka_error);
          return place.gathering->fail(place.topic, place.partition, error, done.error().message());
        }
        Response::Partition& answer = place.gathering->at(place.topic, place.partition);
        answer.base_offset = done->base_offset;
        answer.log_start_offset = done->start_offset;
        answer.log_append_time = place.append_time;
      });
}

void ProduceHandler::claim_together(int16_t version, TransactionClaim claim,
                                    std::vector<Claimed> claimed) {
  claim_(std::move(claim),
         [this, version, claimed = std::move(claimed)](ProtocolError error) mutable {
           for (Claimed& each : claimed) {
             if (error == ProtocolError::kNone) {
               append(std::move(each.batch), std::move(each.place));
               continue;
             }
             io::Executor& executor = *each.place.executor;
             executor.post([place = std::move(each.place), code = error_for(error, version)] {
               place.gathering->fail(place.topic, place.partition, code,
                                     "the batch is not part of an open transaction");
             });
           }
         });
}

void ProduceHandler::claim(int16_t version, const std::string& transactional_id,
                           std::vector<Claimed> claimed) {
  const bool joins = version >= kFirstVersionOfTransactionsTwo;
  while (!claimed.empty()) {
    TransactionClaim claim{.id = transactional_id,
                           .producer = claimed.front().producer,
                           .partitions = {},
                           .joins = joins};
    std::vector<Claimed> together;
    std::vector<Claimed> others;
    for (Claimed& each : claimed) {
      // Without joining, each partition has an answer of its own.
      const bool same = together.empty() || (joins && each.producer == claim.producer);
      if (same) claim.partitions.insert(each.partition);
      (same ? together : others).push_back(std::move(each));
    }
    claim_together(version, std::move(claim), std::move(together));
    claimed = std::move(others);
  }
}

void ProduceHandler::take(const Call& call, const Request& request, const KnownTopicPtr& topic,
                          Partition partition, Place place, std::vector<Claimed>& claimed) {
  const int64_t now_ms = clock_.wall_us() / 1000;
  auto batch = check_.check(std::move(partition.records).value_or(std::vector<Buffer>()),
                            {topic->limits, call.version(), now_ms});
  if (!batch) {
    BatchRejection& why = batch.error();
    for (const int32_t record : why.records) {
      place.gathering->at(place.topic, place.partition)
          .error_records.push_back({.relative_offset = record, .error_message = why.message});
    }
    return place.gathering->fail(place.topic, place.partition, why.error, std::move(why.message));
  }
  place.append_time = topic->limits.log_append_time ? now_ms : -1;
  const auto header = record::read_batch_header(batch->bytes.span());
  if (!header || !header->transactional()) return append(*std::move(batch), std::move(place));
  if (!request.transaction_id) {
    return place.gathering->fail(place.topic, place.partition,
                                 ProtocolError::kTransactionalIdAuthorizationFailed,
                                 "transactional records without a transactional id");
  }
  batch->counts_from_zero = call.version() >= kFirstVersionOfTransactionsTwo;
  claimed.push_back({.producer = {header->producer_id, header->producer_epoch},
                     .partition = {topic->topic.name, partition.index},
                     .batch = *std::move(batch),
                     .place = std::move(place)});
}

void ProduceHandler::handle(Call call, Request request, Reply<Response> reply) {
  const bool by_id = call.version() >= kFirstVersionWithIds;
  const bool good_acks = are_acks(request.acks);
  const auto gathering = std::make_shared<Gathering>(call, request, std::move(reply));
  std::vector<Claimed> claimed;
  for (size_t t = 0; t < request.topics.size(); ++t) {
    Request::Topic& topic = request.topics[t];
    const KnownTopicPtr known = by_id ? topics_.find(topic.id) : topics_.find(topic.name);
    for (size_t p = 0; p < topic.partitions.size(); ++p) {
      if (!good_acks) {
        gathering->fail(t, p, ProtocolError::kInvalidRequiredAcks,
                        fmt::format("acks are -1, 0 or 1, not {}", request.acks));
      } else if (known == nullptr || !known->has(topic.partitions[p].index)) {
        gathering->fail(t, p,
                        known == nullptr && by_id ? ProtocolError::kUnknownTopicId
                                                  : ProtocolError::kUnknownTopicOrPartition,
                        "there is no such topic or partition");
      } else if (known->internal) {
        gathering->fail(t, p, ProtocolError::kInvalidTopicException,
                        "clients do not write to internal topics");
      } else {
        const int32_t index = topic.partitions[p].index;
        take(call, request, known, std::move(topic.partitions[p]),
             {.gathering = gathering,
              .topic = t,
              .partition = p,
              .id = known->partition(index),
              .executor = call.executor},
             claimed);
      }
    }
  }
  if (!claimed.empty()) claim(call.version(), *request.transaction_id, std::move(claimed));
}

}  // namespace millrace::broker
