#pragma once

#include "broker/handler.h"
#include "broker/refusal.h"
#include "broker/settings/broker_settings.h"
#include "broker/topics/topic_directory.h"
#include "commit/proposals.h"
#include "kafka/messages/delete_topics.h"

namespace millrace::broker {

// DeleteTopics: by name, or by id (version 6). The broker's own topics stay.
class DeleteTopicsHandler final
    : public TypedHandler<kafka::DeleteTopicsRequest, kafka::DeleteTopicsResponse> {
 public:
  DeleteTopicsHandler(commit::Proposals& proposals, const TopicDirectory& topics,
                      const BrokerSettings& settings)
      : proposals_(proposals), topics_(topics), settings_(settings) {}

 protected:
  void handle(Call call, Request request, Reply<Response> reply) override;

 private:
  Refusal check(const Request::Topic& wanted, const KnownTopicPtr& topic, int16_t version) const;
  KnownTopicPtr find(const Request::Topic& wanted) const;

  commit::Proposals& proposals_;
  const TopicDirectory& topics_;
  const BrokerSettings& settings_;
};

}  // namespace millrace::broker
