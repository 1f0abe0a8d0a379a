#include "broker/handlers/producers.h"

#include <algorithm>
#include <utility>

#include "broker/refusal.h"
#include "broker/transactions/marker.h"
#include "kafka/protocol_error.h"

namespace millrace::broker {

using kafka::ProtocolError;

namespace {

constexpr int16_t kWithTransactionVersion = 2;

}  // namespace

// ---- DescribeProducers --------------------------------------------------------------------------

kafka::DescribeProducersResponse::Partition DescribeProducersHandler::describe(
    const KnownTopicPtr& topic, int32_t index) const {
  Response::Partition partition;
  partition.index = index;
  if (topic == nullptr || !topic->has(index)) {
    Refusal{ProtocolError::kUnknownTopicOrPartition, "There is no such partition."}.put(partition);
    return partition;
  }
  const auto producers = reader_.producers(topic->partition(index));
  if (!producers) {
    Refusal::of(producers.error()).put(partition);
    return partition;
  }
  for (const commit::PartitionProducer& producer : *producers) {
    partition.active_producers.push_back({.producer_id = producer.id,
                                          .producer_epoch = producer.epoch,
                                          .last_sequence = producer.last_sequence,
                                          .last_timestamp = producer.timestamp_ms,
                                          .coordinator_epoch = producer.coordinator_epoch,
                                          .current_txn_start_offset = producer.open_offset});
  }
  return partition;
}

void DescribeProducersHandler::handle(Call, Request request, Reply<Response> reply) {
  Response response;
  for (const Request::Topic& topic : request.topics) {
    const KnownTopicPtr known = topics_.find(topic.name);
    auto& answer = response.topics.emplace_back();
    answer.name = topic.name;
    for (const int32_t index : topic.partitions) {
      answer.partitions.push_back(describe(known, index));
    }
  }
  reply.send(response);
}

// ---- WriteTxnMarkers ----------------------------------------------------------------------------

// The answers of all partitions; sends when it goes, which is when the last one has come.
class WriteTxnMarkersHandler::Gathering {
 public:
  Gathering(const Request& request, Reply<Response> reply) : reply_(std::move(reply)) {
    for (const Request::Marker& marker : request.markers) {
      auto& answered = response_.markers.emplace_back();
      answered.producer_id = marker.producer_id;
      for (const Request::Topic& topic : marker.topics) {
        auto& to = answered.topics.emplace_back();
        to.name = topic.name;
        for (const int32_t index : topic.partitions) to.partitions.push_back({.index = index});
      }
    }
  }
  ~Gathering() { reply_.send(response_); }
  Gathering(const Gathering&) = delete;
  Gathering& operator=(const Gathering&) = delete;

  void fail(const Place& place, ProtocolError error) {
    response_.markers[place.marker].topics[place.topic].partitions[place.partition].error_code =
        code_of(error);
  }

 private:
  Reply<Response> reply_;
  Response response_;
};

ProtocolError WriteTxnMarkersHandler::check(const Request::Marker& marker, int16_t version,
                                            const KnownTopicPtr& topic, int32_t index) const {
  if (topic == nullptr || !topic->has(index)) return ProtocolError::kUnknownTopicOrPartition;
  if (marker.producer_id < 0 || marker.producer_epoch < 0) return ProtocolError::kInvalidRequest;
  const auto producers = log_.reader().producers(topic->partition(index));
  if (!producers) return Refusal::of(producers.error()).error;
  const auto known =
      std::ranges::find(*producers, marker.producer_id, &commit::PartitionProducer::id);
  if (known == producers->end()) return ProtocolError::kNone;
  if (marker.coordinator_epoch < known->coordinator_epoch) {
    return ProtocolError::kTransactionCoordinatorFenced;
  }
  const bool own_epochs =
      version >= kWithTransactionVersion && marker.transaction_version >= kOwnEpochs;
  // Such a marker has an epoch above that of the records.
  const int lowest = known->epoch + (own_epochs ? 1 : 0);
  return marker.producer_epoch < lowest ? ProtocolError::kInvalidProducerEpoch
                                        : ProtocolError::kNone;
}

void WriteTxnMarkersHandler::write(const Request::Marker& marker, const KnownTopic& topic,
                                   int32_t index, io::Executor& executor,
                                   std::shared_ptr<Gathering> gathering, Place place) {
  const commit::PartitionId at = topic.partition(index);
  const ProducerIdentity producer{marker.producer_id, marker.producer_epoch};
  const bool of_groups = topic.topic.name == kGroupTopic;
  log_.appender().append(
      at,
      make_marker(producer, marker.committed, clock_.wall_us() / 1000, marker.coordinator_epoch),
      commit::Acks::kDurable, executor,
      [this, at, producer, of_groups, place, committed = marker.committed,
       gathering = std::move(gathering)](const Result<commit::Appended>& written) {
        if (!written) return gathering->fail(place, Refusal::of(written.error()).error);
        // Answered when the groups know.
        if (of_groups) groups_.end_transaction(producer.id, at, committed, [gathering] {});
      });
}

void WriteTxnMarkersHandler::handle(Call call, Request request, Reply<Response> reply) {
  const auto gathering = std::make_shared<Gathering>(request, std::move(reply));
  for (size_t m = 0; m < request.markers.size(); ++m) {
    const Request::Marker& marker = request.markers[m];
    for (size_t t = 0; t < marker.topics.size(); ++t) {
      const KnownTopicPtr topic = topics_.find(marker.topics[t].name);
      for (size_t p = 0; p < marker.topics[t].partitions.size(); ++p) {
        const int32_t index = marker.topics[t].partitions[p];
        const ProtocolError error = check(marker, call.version(), topic, index);
        if (error == ProtocolError::kNone) {
          write(marker, *topic, index, *call.executor, gathering, {m, t, p});
        } else {
          gathering->fail({m, t, p}, error);
        }
      }
    }
  }
}

}  // namespace millrace::broker
