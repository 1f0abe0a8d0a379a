#pragma once

#include "broker/cluster.h"
#include "broker/handler.h"
#include "broker/topics/topic_directory.h"
#include "commit/reader.h"
#include "kafka/messages/offset_for_leader_epoch.h"

namespace millrace::broker {

// OffsetForLeaderEpoch: up to which offset a partition was written in a leader epoch: for clients
// that were away while the leader changed. Each partition has its own answer: 3, 74 and 75 (the
// client knows another leader epoch than ours), -1 and -1 where the epoch never was.
class OffsetForLeaderEpochHandler final
    : public TypedHandler<kafka::OffsetForLeaderEpochRequest, kafka::OffsetForLeaderEpochResponse> {
 public:
  OffsetForLeaderEpochHandler(commit::Reader& reader, const TopicDirectory& topics,
                              const Cluster& cluster)
      : reader_(reader), topics_(topics), cluster_(cluster) {}

 protected:
  void handle(Call call, Request request, Reply<Response> reply) override;

 private:
  kafka::ProtocolError check(const KnownTopicPtr& topic, const Request::Partition& wanted) const;

  commit::Reader& reader_;
  const TopicDirectory& topics_;
  const Cluster& cluster_;
};

}  // namespace millrace::broker
