#pragma once

#include "broker/cluster.h"
#include "broker/handler.h"
#include "broker/settings/broker_settings.h"
#include "broker/topics/topic_directory.h"
#include "kafka/messages/describe_topic_partitions.h"

namespace millrace::broker {

// DescribeTopicPartitions: topics in order of names, a page of partitions at a time.
class DescribeTopicPartitionsHandler final
    : public TypedHandler<kafka::DescribeTopicPartitionsRequest,
                          kafka::DescribeTopicPartitionsResponse> {
 public:
  DescribeTopicPartitionsHandler(const TopicDirectory& topics, const BrokerSettings& settings,
                                 const Cluster& cluster)
      : topics_(topics), settings_(settings), cluster_(cluster) {}

 protected:
  void handle(Call call, Request request, Reply<Response> reply) override;

 private:
  Response::Partition describe(uint32_t index) const;

  const TopicDirectory& topics_;
  const BrokerSettings& settings_;
  const Cluster& cluster_;
};

}  // namespace millrace::broker
