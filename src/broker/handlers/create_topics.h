#pragma once

#include "broker/handler.h"
#include "broker/refusal.h"
#include "broker/settings/broker_settings.h"
#include "broker/topics/topic_directory.h"
#include "broker/topics/topic_maker.h"
#include "commit/proposals.h"
#include "kafka/messages/create_partitions.h"
#include "kafka/messages/create_topics.h"

namespace millrace::broker {

// CreateTopics: each topic for itself; one answer for each name.
class CreateTopicsHandler final
    : public TypedHandler<kafka::CreateTopicsRequest, kafka::CreateTopicsResponse> {
 public:
  CreateTopicsHandler(TopicMaker& maker, const BrokerSettings& settings)
      : maker_(maker), settings_(settings) {}

 protected:
  void handle(Call call, Request request, Reply<Response> reply) override;

 private:
  void fill(Response::Topic& answer, MadeTopic made) const;
  // What the client's quota says to the topic.
  Refusal charge(const Call& call, const WantedTopic& wanted) const;

  TopicMaker& maker_;
  const BrokerSettings& settings_;
};

// CreatePartitions: more partitions for topics; one answer for each name.
class CreatePartitionsHandler final
    : public TypedHandler<kafka::CreatePartitionsRequest, kafka::CreatePartitionsResponse> {
 public:
  CreatePartitionsHandler(commit::Proposals& proposals, const TopicDirectory& topics,
                          const Cluster& cluster)
      : proposals_(proposals), topics_(topics), cluster_(cluster) {}

 protected:
  void handle(Call call, Request request, Reply<Response> reply) override;

 private:
  Refusal check(const Request::Topic& wanted, const KnownTopicPtr& topic) const;

  commit::Proposals& proposals_;
  const TopicDirectory& topics_;
  const Cluster& cluster_;
};

}  // namespace millrace::broker
