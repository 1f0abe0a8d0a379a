#include "broker/handlers/list_offsets.h"

#include "broker/offsets/time_lookup.h"
#include "kafka/protocol_error.h"

namespace millrace::broker {

using kafka::ProtocolError;

namespace {

// Timestamps that are none.
enum Special : int64_t {
  kLatest = -1,
  kEarliest = -2,
  kNewestRecord = -3,
  kEarliestLocal = -4,
  kLatestTiered = -5,
  kEarliestPending = -6,
};

ProtocolError protocol_error(const Error& error) {
  return static_cast<ProtocolError>(error_info(error.code()).kafka_error);
}

}  // namespace

// The response while offsets are looked up; sends when the last one was found.
class ListOffsetsHandler::Gathering {
 public:
  Gathering(const Request& request, Reply<Response> reply) : reply_(std::move(reply)) {
    for (const Request::Topic& topic : request.topics) {
      auto& answered = response_.topics.emplace_back();
      answered.name = topic.name;
      for (const Request::Partition& partition : topic.partitions) {
        answered.partitions.emplace_back().index = partition.index;
      }
    }
  }
  ~Gathering() { reply_.send(response_); }
  Gathering(const Gathering&) = delete;
  Gathering& operator=(const Gathering&) = delete;

  void fail(size_t topic, size_t at, ProtocolError error) {
    response_.topics[topic].partitions[at].error_code = code_of(error);
  }
  void give(size_t topic, size_t at, TimedOffset found) {
    auto& answer = response_.topics[topic].partitions[at];
    answer.offset = found.offset;
    answer.timestamp = found.timestamp_ms;
    if (found.offset >= 0) {
      answer.leader_epoch = found.leader_epoch;
      answer.old_style_offsets = {found.offset};
    }
  }

 private:
  Response response_;
  Reply<Response> reply_;
};

void ListOffsetsHandler::find(const Call& call, const Request::Partition& wanted,
                              commit::PartitionId partition, bool committed,
                              const std::shared_ptr<Gathering>& gathering, size_t topic,
                              size_t at) {
  const int64_t time = wanted.timestamp;
  if (time == kLatestTiered || time == kEarliestPending) return;
  if (time < kEarliestPending) return gathering->fail(topic, at, ProtocolError::kInvalidRequest);
  if (time >= 0 || time == kNewestRecord) {
    const auto isolation =
        committed ? commit::Isolation::kReadCommitted : commit::Isolation::kReadUncommitted;
    auto done = [gathering, topic, at](auto found) {
      if (!found) return gathering->fail(topic, at, protocol_error(found.error()));
      gathering->give(topic, at, found->value_or(TimedOffset()));
    };
    if (time == kNewestRecord)
      return find_newest_record(reader_, partition, isolation, *call.executor, std::move(done));
    return find_record_at(reader_, partition, time, isolation, *call.executor, std::move(done));
  }
  const auto kind = time != kLatest ? commit::OffsetKind::kEarliest
                    : committed     ? commit::OffsetKind::kStable
                                    : commit::OffsetKind::kVisible;
  reader_.offsets({{.partition = partition, .kind = kind}}, *call.executor,
                  [this, partition, latest = time == kLatest, gathering, topic, at](auto answers) {
                    if (!answers)
                      return gathering->fail(topic, at, protocol_error(answers.error()));
                    auto& answer = (*answers)[0];
                    if (!answer) return gathering->fail(topic, at, protocol_error(answer.error()));
                    const auto epochs = reader_.leader_epochs(partition);
                    const bool known = epochs.has_value() && !latest;
                    gathering->give(
                        topic, at,
                        {.offset = *answer,
                         .leader_epoch = known ? epochs->at(*answer) : reader_.leader_epoch()});
                  });
}

void ListOffsetsHandler::handle(Call call, Request request, Reply<Response> reply) {
  const auto gathering = std::make_shared<Gathering>(request, std::move(reply));
  const bool committed = request.isolation_level == 1;
  for (size_t t = 0; t < request.topics.size(); ++t) {
    const Request::Topic& topic = request.topics[t];
    const KnownTopicPtr known = topics_.find(topic.name);
    for (size_t p = 0; p < topic.partitions.size(); ++p) {
      const Request::Partition& partition = topic.partitions[p];
      const ProtocolError epoch = cluster_.check_epoch(partition.current_leader_epoch);
      if (known == nullptr || !known->has(partition.index)) {
        gathering->fail(t, p, ProtocolError::kUnknownTopicOrPartition);
      } else if (epoch != ProtocolError::kNone) {
        gathering->fail(t, p, epoch);
      } else {
        find(call, partition, known->partition(partition.index), committed, gathering, t, p);
      }
    }
  }
}

}  // namespace millrace::broker
