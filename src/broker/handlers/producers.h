#pragma once

#include <memory>

#include "broker/groups/group_coordinator.h"
#include "broker/handler.h"
#include "broker/topics/topic_directory.h"
#include "commit/commit_log.h"
#include "io/clock.h"
#include "kafka/messages/describe_producers.h"
#include "kafka/messages/write_txn_markers.h"

namespace millrace::broker {

// DescribeProducers: who has written to partitions, and whose transactions are open there.
class DescribeProducersHandler final
    : public TypedHandler<kafka::DescribeProducersRequest, kafka::DescribeProducersResponse> {
 public:
  DescribeProducersHandler(const commit::Reader& reader, const TopicDirectory& topics)
      : reader_(reader), topics_(topics) {}

 protected:
  void handle(Call call, Request request, Reply<Response> reply) override;

 private:
  Response::Partition describe(const KnownTopicPtr& topic, int32_t index) const;

  const commit::Reader& reader_;
  const TopicDirectory& topics_;
};

// WriteTxnMarkers: ends transactions in partitions by force, past their coordinator: an
// administrator's way out where one hangs.
class WriteTxnMarkersHandler final
    : public TypedHandler<kafka::WriteTxnMarkersRequest, kafka::WriteTxnMarkersResponse> {
 public:
  WriteTxnMarkersHandler(commit::CommitLog& log, const TopicDirectory& topics,
                         GroupCoordinator& groups, const io::Clock& clock)
      : log_(log), topics_(topics), groups_(groups), clock_(clock) {}

 protected:
  void handle(Call call, Request request, Reply<Response> reply) override;

 private:
  class Gathering;
  struct Place {
    size_t marker = 0;
    size_t topic = 0;
    size_t partition = 0;
  };
  // What keeps the marker out of the partition.
  kafka::ProtocolError check(const Request::Marker& marker, int16_t version,
                             const KnownTopicPtr& topic, int32_t index) const;
  void write(const Request::Marker& marker, const KnownTopic& topic, int32_t index,
             io::Executor& executor, std::shared_ptr<Gathering> gathering, Place place);

  commit::CommitLog& log_;
  const TopicDirectory& topics_;
  GroupCoordinator& groups_;
  const io::Clock& clock_;
};

}  // namespace millrace::broker
