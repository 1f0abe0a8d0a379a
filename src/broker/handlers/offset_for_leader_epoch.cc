#include "broker/handlers/offset_for_leader_epoch.h"

#include <utility>
#include <vector>

#include "broker/refusal.h"
#include "kafka/protocol_error.h"

namespace millrace::broker {

using kafka::ProtocolError;

namespace {

// What is asked of one partition, and where its answer goes.
struct Place {
  commit::PartitionId id;
  int32_t epoch = -1;
  size_t topic = 0;
  size_t partition = 0;
};

using Answer = kafka::OffsetForLeaderEpochResponse::Partition;

void fill(Answer& answer, const commit::Reader& reader, const Place& place,
          const Result<int64_t>& end) {
  const auto epochs = reader.leader_epochs(place.id);
  if (!end || !epochs) {
    answer.error_code = code_of(Refusal::of(end ? epochs.error() : end.error()).error);
    return;
  }
  const commit::EpochEnd found = epochs->end_of(place.epoch, reader.leader_epoch(), *end);
  answer.leader_epoch = found.epoch;
  answer.end_offset = found.offset;
}

}  // namespace

ProtocolError OffsetForLeaderEpochHandler::check(const KnownTopicPtr& topic,
                                                 const Request::Partition& wanted) const {
  if (topic == nullptr || !topic->has(wanted.index)) {
    return ProtocolError::kUnknownTopicOrPartition;
  }
  return cluster_.check_epoch(wanted.current_leader_epoch);
}

void OffsetForLeaderEpochHandler::handle(Call call, Request request, Reply<Response> reply) {
  Response response;
  std::vector<Place> places;
  std::vector<commit::OffsetQuery> queries;
  for (const Request::Topic& wanted : request.topics) {
    auto& topic = response.topics.emplace_back();
    topic.name = wanted.name;
    const KnownTopicPtr known = topics_.find(wanted.name);
    for (const Request::Partition& partition : wanted.partitions) {
      const ProtocolError error = check(known, partition);
      auto& answer = topic.partitions.emplace_back();
      answer.index = partition.index;
      answer.error_code = code_of(error);
      if (error != ProtocolError::kNone) continue;
      places.push_back({.id = known->partition(partition.index),
                        .epoch = partition.leader_epoch,
                        .topic = response.topics.size() - 1,
                        .partition = topic.partitions.size() - 1});
      queries.push_back({.partition = places.back().id, .kind = commit::OffsetKind::kVisible});
    }
  }
  if (queries.empty()) return reply.send(response);
  reader_.offsets(std::move(queries), *call.executor,
                  [this, response = std::move(response), places = std::move(places),
                   reply = std::move(reply)](auto ends) mutable {
                    if (!ends) return reply.close(std::move(ends).error());
                    for (size_t at = 0; at < places.size(); ++at) {
                      const Place& place = places[at];
                      fill(response.topics[place.topic].partitions[place.partition], reader_, place,
                           (*ends)[at]);
                    }
                    reply.send(response);
                  });
}

}  // namespace millrace::broker
