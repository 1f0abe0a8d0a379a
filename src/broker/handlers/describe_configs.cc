#include "broker/handlers/describe_configs.h"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "broker/refusal.h"
#include "broker/settings/group_settings.h"
#include "broker/topics/topic_settings.h"
#include "commit/topic_command.h"

namespace millrace::broker {

using kafka::ProtocolError;

namespace {

constexpr int16_t kListsAllTypes = 1;  // the first version of ListConfigResources that does

}  // namespace

// One resource's part of the response.
class DescribeConfigsHandler::Answer {
 public:
  Answer(const Request& request, const Request::Resource& wanted, Response::Resource& resource)
      : request_(request), wanted_(wanted), resource_(resource) {}

  void refuse(ProtocolError error, std::string message) {
    Refusal{error, std::move(message)}.put(resource_);
  }
  bool wants(std::string_view name) const {
    return !wanted_.config_names || wanted_.config_names->empty() ||
           std::ranges::find(*wanted_.config_names, name) != wanted_.config_names->end();
  }
  // `values`: the first holds.
  void add(const Setting& setting, std::vector<SettingValue> values) {
    auto& config = resource_.configs.emplace_back();
    config.name = setting.name;
    const bool text = setting.type == SettingType::kString || setting.type == SettingType::kList;
    if (text || !values.front().text.empty()) config.value = values.front().text;
    config.read_only = setting.fixed;
    config.source = static_cast<int8_t>(values.front().source);
    config.is_default = values.front().source == SettingSource::kDefault;
    config.config_type = static_cast<int8_t>(setting.type);
    if (request_.include_documentation) config.documentation = setting.documentation;
    if (!request_.include_synonyms) return;
    for (SettingValue& value : values) {
      config.config_synonyms.push_back({.name = std::move(value.name),
                                        .value = std::move(value.text),
                                        .source = static_cast<int8_t>(value.source)});
    }
  }

 private:
  const Request& request_;
  const Request::Resource& wanted_;
  Response::Resource& resource_;
};

void DescribeConfigsHandler::describe_topic(const std::string& name, Answer& answer) const {
  if (const auto checked = commit::check_topic_name(name); !checked) {
    return answer.refuse(ProtocolError::kInvalidTopicException, checked.error().message() + ".");
  }
  const KnownTopicPtr topic = topics_.find(name);
  if (topic == nullptr) {
    return answer.refuse(ProtocolError::kUnknownTopicOrPartition,
                         fmt::format("There is no topic '{}'.", name));
  }
  for (const Setting& setting : topic_settings()) {
    if (!answer.wants(setting.name)) continue;
    answer.add(setting, topic_values(setting, topic->topic.config, broker_));
  }
}

void DescribeConfigsHandler::describe_broker(const std::string& name, Answer& answer) const {
  if (!name.empty() && name != node_) {
    return answer.refuse(ProtocolError::kInvalidRequest,
                         fmt::format("This is broker {}, not '{}'.", node_, name));
  }
  // Of all brokers: only what was set for them at run time.
  const SettingValues of_all = table_.find(ResourceType::kBroker, "");
  for (const Setting& setting : broker_settings_table()) {
    if (!answer.wants(setting.name)) continue;
    if (!name.empty()) {
      answer.add(setting, broker_.values(setting.name));
    } else if (const auto found = of_all.find(std::string(setting.name)); found != of_all.end()) {
      answer.add(setting, {{found->first, found->second, SettingSource::kAllBrokers}});
    }
  }
}

void DescribeConfigsHandler::describe_group(const std::string& name, Answer& answer) const {
  if (name.empty()) return answer.refuse(ProtocolError::kInvalidRequest, "A group has a name.");
  const SettingValues own = table_.find(ResourceType::kGroup, name);
  for (const Setting& setting : group_settings_table()) {
    if (!answer.wants(setting.name)) continue;
    std::vector<SettingValue> values;
    if (const auto found = own.find(std::string(setting.name)); found != own.end()) {
      values.push_back({found->first, found->second, SettingSource::kGroup});
    }
    values.push_back(
        {std::string(setting.name), std::string(setting.default_value), SettingSource::kDefault});
    answer.add(setting, std::move(values));
  }
}

void DescribeConfigsHandler::handle(Call, Request request, Reply<Response> reply) {
  Response response;
  for (const Request::Resource& wanted : request.resources) {
    auto& resource = response.resources.emplace_back();
    resource.resource_type = wanted.resource_type;
    resource.resource_name = wanted.resource_name;
    Answer answer(request, wanted, resource);
    switch (static_cast<ResourceType>(wanted.resource_type)) {
      case ResourceType::kTopic:
        describe_topic(wanted.resource_name, answer);
        break;
      case ResourceType::kBroker:
        describe_broker(wanted.resource_name, answer);
        break;
      case ResourceType::kGroup:
        describe_group(wanted.resource_name, answer);
        break;
      default:
        answer.refuse(
            ProtocolError::kInvalidRequest,
            fmt::format("Resources of type {} have no settings here.", wanted.resource_type));
    }
  }
  reply.send(response);
}

std::vector<std::string> ListConfigResourcesHandler::names_of(ResourceType type) const {
  std::vector<std::string> names;
  switch (type) {
    case ResourceType::kTopic:
      for (const KnownTopicPtr& topic : topics_.list()) names.push_back(topic->topic.name);
      return names;
    case ResourceType::kBroker:
      return {node_};
    case ResourceType::kGroup:
      return table_.names(ResourceType::kGroup);
    default:
      return {};
  }
}

void ListConfigResourcesHandler::handle(Call call, Request request, Reply<Response> reply) {
  constexpr ResourceType kTypes[] = {ResourceType::kTopic, ResourceType::kBroker,
                                     ResourceType::kBrokerLogger, ResourceType::kClientMetrics,
                                     ResourceType::kGroup};
  // The first version was for subscriptions of metrics alone.
  if (call.version() < kListsAllTypes) return reply.send({});
  std::vector<ResourceType> wanted;
  for (const int8_t type : request.resource_types) {
    wanted.push_back(static_cast<ResourceType>(type));
    if (std::ranges::find(kTypes, wanted.back()) != std::end(kTypes)) continue;
    Response response;
    response.error_code = code_of(ProtocolError::kUnsupportedVersion);
    return reply.send(response);
  }
  Response response;
  for (const ResourceType type : kTypes) {
    if (!wanted.empty() && std::ranges::find(wanted, type) == wanted.end()) continue;
    for (std::string& name : names_of(type)) {
      response.config_resources.push_back(
          {.name = std::move(name), .type = static_cast<int8_t>(type)});
    }
  }
  reply.send(response);
}

}  // namespace millrace::broker
