#pragma once

#include "broker/cluster.h"
#include "broker/handler.h"
#include "broker/topics/topic_maker.h"
#include "kafka/messages/metadata.h"

namespace millrace::broker {

// Metadata: the broker, and topics with their partitions. A topic that is not there is made, where
// the client and the broker's settings allow it.
class MetadataHandler final : public TypedHandler<kafka::MetadataRequest, kafka::MetadataResponse> {
 public:
  MetadataHandler(const TopicDirectory& topics, TopicMaker& maker, const Cluster& cluster)
      : topics_(topics), maker_(maker), cluster_(cluster) {}

 protected:
  void handle(Call call, Request request, Reply<Response> reply) override;

 private:
  class Gathering;
  Response::Topic describe(const KnownTopic& topic, bool operations) const;
  void find(const Call& call, const Request::Topic& wanted, bool may_make,
            const std::shared_ptr<Gathering>& gathering, size_t at);

  const TopicDirectory& topics_;
  TopicMaker& maker_;
  const Cluster& cluster_;
};

}  // namespace millrace::broker
