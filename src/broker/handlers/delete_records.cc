#include "broker/handlers/delete_records.h"

#include <utility>
#include <vector>

#include "broker/propose_each.h"
#include "broker/refusal.h"
#include "commit/topics.h"

namespace millrace::broker {

using kafka::ProtocolError;

namespace {

constexpr int64_t kAll = -1;

ProtocolError check(const KnownTopicPtr& topic, int32_t partition) {
  if (topic == nullptr || !topic->has(partition)) return ProtocolError::kUnknownTopicOrPartition;
  if (topic->internal) return ProtocolError::kInvalidTopicException;
  const bool only_compacted = topic->limits.compacted && !topic->limits.deleted;
  return only_compacted ? ProtocolError::kPolicyViolation : ProtocolError::kNone;
}

}  // namespace

// One request: where the partitions end, then the deletion, then where they begin.
class DeleteRecordsHandler::Deletion : public std::enable_shared_from_this<Deletion> {
 public:
  Deletion(commit::CommitLog& log, io::Executor& executor, Reply<Response> reply)
      : log_(log), executor_(executor), reply_(std::move(reply)) {}

  void start(const Request& request, const TopicDirectory& topics) {
    for (const Request::Topic& wanted : request.topics) {
      auto& topic = response_.topics.emplace_back();
      topic.name = wanted.name;
      const KnownTopicPtr known = topics.find(wanted.name);
      for (const Request::Partition& partition : wanted.partitions) {
        const ProtocolError error = check(known, partition.index);
        topic.partitions.push_back(
            {.index = partition.index, .low_watermark = -1, .error_code = code_of(error)});
        if (error != ProtocolError::kNone) continue;
        places_.push_back({.id = known->partition(partition.index),
                           .offset = partition.offset,
                           .topic = response_.topics.size() - 1,
                           .partition = topic.partitions.size() - 1});
      }
    }
    find(commit::OffsetKind::kVisible, &Deletion::remove);
  }

 private:
  struct Place {
    commit::PartitionId id;
    int64_t offset = 0;
    size_t topic = 0;
    size_t partition = 0;
  };
  using Offsets = std::vector<Result<int64_t>>;

  Response::Partition& answer(const Place& place) {
    return response_.topics[place.topic].partitions[place.partition];
  }
  void refuse(const Place& place, const Error& error) {
    answer(place).error_code = code_of(Refusal::of(error).error);
  }

  // Asks for offsets of what is left, and goes on with them.
  void find(commit::OffsetKind kind, void (Deletion::*next)(const Offsets&)) {
    std::vector<commit::OffsetQuery> queries;
    for (const Place& place : places_) queries.push_back({.partition = place.id, .kind = kind});
    if (queries.empty()) return reply_.send(response_);
    log_.reader().offsets(std::move(queries), executor_,
                          [self = shared_from_this(), next](Result<Offsets> found) {
                            if (found) return (*self.*next)(*found);
                            for (const Place& place : self->places_) {
                              self->refuse(place, found.error());
                            }
                            self->reply_.send(self->response_);
                          });
  }

  void remove(const Offsets& ends) {
    std::vector<Place> places;
    std::vector<commit::Command> commands;
    for (size_t at = 0; at < places_.size(); ++at) {
      Place& place = places_[at];
      if (!ends[at]) {
        refuse(place, ends[at].error());
        continue;
      }
      if (place.offset == kAll) place.offset = *ends[at];
      if (place.offset < 0 || place.offset > *ends[at]) {
        answer(place).error_code = code_of(ProtocolError::kOffsetOutOfRange);
        continue;
      }
      commands.push_back(commit::delete_records_command(place.id, place.offset));
      places.push_back(place);
    }
    places_ = std::move(places);
    propose_each(log_.proposals(), std::move(commands), executor_,
                 [self = shared_from_this()](const std::vector<Result<void>>& answers) {
                   std::vector<Place> done;
                   for (size_t at = 0; at < answers.size(); ++at) {
                     if (answers[at]) {
                       done.push_back(self->places_[at]);
                     } else {
                       self->refuse(self->places_[at], answers[at].error());
                     }
                   }
                   self->places_ = std::move(done);
                   self->find(commit::OffsetKind::kEarliest, &Deletion::tell);
                 });
  }

  void tell(const Offsets& starts) {
    for (size_t at = 0; at < places_.size(); ++at) {
      if (starts[at]) {
        answer(places_[at]).low_watermark = *starts[at];
      } else {
        refuse(places_[at], starts[at].error());
      }
    }
    reply_.send(response_);
  }

  commit::CommitLog& log_;
  io::Executor& executor_;
  Reply<Response> reply_;
  Response response_;
  std::vector<Place> places_;  // partitions that nothing is wrong with yet
};

void DeleteRecordsHandler::handle(Call call, Request request, Reply<Response> reply) {
  std::make_shared<Deletion>(log_, *call.executor, std::move(reply))->start(request, topics_);
}

}  // namespace millrace::broker
