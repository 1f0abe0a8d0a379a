#pragma once

#include <memory>

#include "broker/cluster.h"
#include "broker/handler.h"
#include "broker/topics/topic_directory.h"
#include "commit/reader.h"
#include "kafka/messages/list_offsets.h"

namespace millrace::broker {

// ListOffsets: the first and last offsets of partitions, and the first record at or after a time,
// exactly: the batch that holds it is decoded.
class ListOffsetsHandler final
    : public TypedHandler<kafka::ListOffsetsRequest, kafka::ListOffsetsResponse> {
 public:
  ListOffsetsHandler(commit::Reader& reader, const TopicDirectory& topics, const Cluster& cluster)
      : reader_(reader), topics_(topics), cluster_(cluster) {}

 protected:
  void handle(Call call, Request request, Reply<Response> reply) override;

 private:
  class Gathering;
  void find(const Call& call, const Request::Partition& wanted, commit::PartitionId partition,
            bool committed, const std::shared_ptr<Gathering>& gathering, size_t topic, size_t at);

  commit::Reader& reader_;
  const TopicDirectory& topics_;
  const Cluster& cluster_;
};

}  // namespace millrace::broker
