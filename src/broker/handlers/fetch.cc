#include "broker/handlers/fetch.h"

#include <algorithm>
#include <utility>

#include "broker/fetch/waiting_fetch.h"
#include "kafka/protocol_error.h"

namespace millrace::broker {

using kafka::ProtocolError;

namespace {

constexpr int16_t kFirstVersionWithIds = 13;
constexpr int32_t kFetchBytesMax = 57'671'680;
constexpr int32_t kWaitMsMax = 300'000;
constexpr int32_t kNoSession = 0;
constexpr int32_t kFinalEpoch = -1;   // sessionless, or the end of a session
constexpr int32_t kInitialEpoch = 0;  // asks for a session

kafka::FetchResponse::Partition failed(int32_t index, ProtocolError error) {
  kafka::FetchResponse::Partition answer;
  answer.index = index;
  answer.error_code = code_of(error);
  answer.high_watermark = -1;
  answer.record_batches.emplace();
  return answer;
}

kafka::FetchResponse::Partition answer_of(int32_t index, commit::PartitionData& data,
                                          bool committed) {
  if (data.error) {
    return failed(index, static_cast<ProtocolError>(error_info(data.error->code()).kafka_error));
  }
  kafka::FetchResponse::Partition answer;
  answer.index = index;
  answer.high_watermark = data.high_watermark;
  answer.last_stable_offset = data.stable_offset;
  answer.log_start_offset = data.start_offset;
  answer.record_batches = std::move(data.batches);
  if (!committed) return answer;
  auto& aborted = answer.aborted_transactions.emplace();
  for (const commit::AbortedTransaction& each : data.aborted) {
    aborted.push_back({.producer_id = each.producer_id, .first_offset = each.first_offset});
  }
  return answer;
}

// One fetch from its request to its response.
struct Fetch {
  std::vector<FetchedPartition> partitions;
  // Of each partition: what was wrong before the read, else where it stands in the read.
  std::vector<ProtocolError> errors;
  FetchSessionPtr session;
  bool incremental = false;
  bool committed = false;
  kafka::FetchResponse::CurrentLeader leader;

  kafka::FetchResponse respond(std::vector<commit::PartitionData> data) const {
    kafka::FetchResponse response;
    response.session_id = session == nullptr ? kNoSession : session->id();
    size_t read = 0;
    for (size_t i = 0; i < partitions.size(); ++i) {
      const PartitionName& name = partitions[i].name;
      auto answer = errors[i] == ProtocolError::kNone
                        ? answer_of(name.index, data[read++], committed)
                        : failed(name.index, errors[i]);
      // Whoever knows an older epoch learns of this one.
      if (errors[i] == ProtocolError::kFencedLeaderEpoch) answer.current_leader = leader;
      const bool news = session == nullptr || session->note(name, answer);
      if (news || !incremental) add_answer(response, name, std::move(answer));
    }
    return response;
  }
};

}  // namespace

FetchHandler::Session FetchHandler::session_of(const Call& call, const Request& request) {
  const bool by_id = call.version() >= kFirstVersionWithIds;
  if (request.session_id == kNoSession) {
    if (request.session_epoch != kInitialEpoch) return {};
    return {.session = sessions_.open(by_id)};
  }
  if (request.session_epoch == kFinalEpoch || request.session_epoch == kInitialEpoch) {
    sessions_.close(request.session_id);
    if (request.session_epoch == kFinalEpoch) return {};
    return {.session = sessions_.open(by_id)};
  }
  FetchSessionPtr session = sessions_.find(request.session_id);
  if (session == nullptr) return {.error = ProtocolError::kFetchSessionIdNotFound};
  if (session->by_id() != by_id) return {.error = ProtocolError::kFetchSessionTopicIdError};
  const ProtocolError error = session->advance(request.session_epoch);
  return {.session = std::move(session), .error = error, .incremental = true};
}

kafka::ProtocolError FetchHandler::check(const FetchedPartition& partition,
                                         const KnownTopicPtr& topic, bool by_id) const {
  if (topic == nullptr && by_id) return ProtocolError::kUnknownTopicId;
  if (topic == nullptr || !topic->has(partition.name.index)) {
    return ProtocolError::kUnknownTopicOrPartition;
  }
  return cluster_.check_epoch(partition.leader_epoch);
}

void FetchHandler::handle(Call call, Request request, Reply<Response> reply) {
  Session found = session_of(call, request);
  if (found.error != ProtocolError::kNone) {
    Response response;
    response.error_code = code_of(found.error);
    return reply.send(response);
  }
  Fetch fetch;
  fetch.session = std::move(found.session);
  fetch.incremental = found.incremental;
  fetch.committed = request.isolation_level == 1;
  fetch.leader = {.leader_id = cluster_.node_id, .leader_epoch = cluster_.leader_epoch};
  fetch.partitions =
      fetch.session == nullptr ? partitions_of(request) : fetch.session->update(request);

  const bool by_id = call.version() >= kFirstVersionWithIds;
  WaitingFetch::Wanted wanted;
  wanted.request.isolation =
      fetch.committed ? commit::Isolation::kReadCommitted : commit::Isolation::kReadUncommitted;
  wanted.request.bytes_max =
      static_cast<uint64_t>(std::clamp(request.max_bytes, 0, kFetchBytesMax));
  bool wrong = false;
  for (const FetchedPartition& partition : fetch.partitions) {
    const PartitionName& name = partition.name;
    const KnownTopicPtr topic = by_id ? topics_.find(name.topic_id) : topics_.find(name.topic);
    fetch.errors.push_back(check(partition, topic, by_id));
    wrong = wrong || fetch.errors.back() != ProtocolError::kNone;
    if (fetch.errors.back() != ProtocolError::kNone) continue;
    wanted.request.partitions.push_back(
        {.partition = topic->partition(name.index),
         .offset = partition.offset,
         .bytes_max = static_cast<uint64_t>(std::max(partition.bytes_max, 0))});
  }
  wanted.bytes_min = static_cast<uint64_t>(std::clamp(request.min_bytes, 0, kFetchBytesMax));
  // An error is worth telling at once.
  wanted.wait_ns = wrong ? 0 : std::clamp(request.max_wait_ms, 0, kWaitMsMax) * io::kNsPerMs;
  WaitingFetch::start(reader_, *call.executor, waits_, std::move(wanted),
                      [fetch = std::move(fetch), reply = std::move(reply)](auto data) mutable {
                        if (!data) return reply.close(std::move(data).error());
                        reply.send(fetch.respond(*std::move(data)));
                      });
}

}  // namespace millrace::broker
