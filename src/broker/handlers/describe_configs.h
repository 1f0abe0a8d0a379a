#pragma once

#include "broker/cluster.h"
#include "broker/handler.h"
#include "broker/settings/broker_settings.h"
#include "broker/settings/settings_table.h"
#include "broker/topics/topic_directory.h"
#include "kafka/messages/describe_configs.h"
#include "kafka/messages/list_config_resources.h"

namespace millrace::broker {

// DescribeConfigs: every setting that a topic, the broker or a group can have, with the value that
// holds and where it comes from.
class DescribeConfigsHandler final
    : public TypedHandler<kafka::DescribeConfigsRequest, kafka::DescribeConfigsResponse> {
 public:
  DescribeConfigsHandler(const TopicDirectory& topics, const SettingsTable& table,
                         const BrokerSettings& broker, const Cluster& cluster)
      : topics_(topics), table_(table), broker_(broker), node_(std::to_string(cluster.node_id)) {}

 protected:
  void handle(Call call, Request request, Reply<Response> reply) override;

 private:
  class Answer;
  void describe_topic(const std::string& name, Answer& answer) const;
  void describe_broker(const std::string& name, Answer& answer) const;
  void describe_group(const std::string& name, Answer& answer) const;

  const TopicDirectory& topics_;
  const SettingsTable& table_;
  const BrokerSettings& broker_;
  const std::string node_;
};

// ListConfigResources: all topics, the broker, and groups that have settings.
class ListConfigResourcesHandler final
    : public TypedHandler<kafka::ListConfigResourcesRequest, kafka::ListConfigResourcesResponse> {
 public:
  ListConfigResourcesHandler(const TopicDirectory& topics, const SettingsTable& table,
                             const Cluster& cluster)
      : topics_(topics), table_(table), node_(std::to_string(cluster.node_id)) {}

 protected:
  void handle(Call call, Request request, Reply<Response> reply) override;

 private:
  std::vector<std::string> names_of(ResourceType type) const;

  const TopicDirectory& topics_;
  const SettingsTable& table_;
  const std::string node_;
};

}  // namespace millrace::broker
