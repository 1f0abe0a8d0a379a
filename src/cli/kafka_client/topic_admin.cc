#include "cli/kafka_client/topic_admin.h"

#include <librdkafka/rdkafka.h>

#include <algorithm>

#include "cli/kafka_client/admin_call.h"
#include "cli/kafka_client/kafka_error.h"

namespace millrace::cli {
namespace {

constexpr size_t kTextBytes = 512;

template <class T, void (*destroy)(T*)>
struct Deleter {
  void operator()(T* thing) const { destroy(thing); }
};
template <class T, void (*destroy)(T*)>
using Owned = std::unique_ptr<T, Deleter<T, destroy>>;

using OwnedTopic = Owned<rd_kafka_NewTopic_t, rd_kafka_NewTopic_destroy>;
using OwnedDeletion = Owned<rd_kafka_DeleteTopic_t, rd_kafka_DeleteTopic_destroy>;
using OwnedPartitions = Owned<rd_kafka_NewPartitions_t, rd_kafka_NewPartitions_destroy>;
using OwnedResource = Owned<rd_kafka_ConfigResource_t, rd_kafka_ConfigResource_destroy>;

// The one answer of a call about one topic.
Result<void> answer_of(KafkaHandle& client, const rd_kafka_topic_result_t** answers, size_t count) {
  if (count == 0) return client.failure(RD_KAFKA_RESP_ERR__BAD_MSG);
  const auto code = rd_kafka_topic_result_error(answers[0]);
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR) return {};
  const char* text = rd_kafka_topic_result_error_string(answers[0]);
  return client.failure(code, text == nullptr ? "" : text);
}

// Failure: the server's, of the one resource of the answer.
Result<const rd_kafka_ConfigResource_t*> resource_of(KafkaHandle& client,
                                                     const rd_kafka_ConfigResource_t** resources,
                                                     size_t count) {
  if (count == 0) return client.failure(RD_KAFKA_RESP_ERR__BAD_MSG);
  const auto code = rd_kafka_ConfigResource_error(resources[0]);
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR) return resources[0];
  const char* text = rd_kafka_ConfigResource_error_string(resources[0]);
  return client.failure(code, text == nullptr ? "" : text);
}

SettingOrigin origin_of(rd_kafka_ConfigSource_t source) {
  switch (source) {
    case RD_KAFKA_CONFIG_SOURCE_DYNAMIC_TOPIC_CONFIG:
      return SettingOrigin::kTopic;
    case RD_KAFKA_CONFIG_SOURCE_DYNAMIC_BROKER_CONFIG:
    case RD_KAFKA_CONFIG_SOURCE_DYNAMIC_DEFAULT_BROKER_CONFIG:
    case RD_KAFKA_CONFIG_SOURCE_STATIC_BROKER_CONFIG:
      return SettingOrigin::kBroker;
    default:
      return SettingOrigin::kDefault;
  }
}

}  // namespace

std::string_view to_string(SettingOrigin origin) {
  switch (origin) {
    case SettingOrigin::kTopic:
      return "topic";
    case SettingOrigin::kBroker:
      return "broker";
    case SettingOrigin::kDefault:
      break;
  }
  return "default";
}

Result<void> create_topic(KafkaHandle& client, const NewTopic& topic) {
  char text[kTextBytes] = {};
  const OwnedTopic made(rd_kafka_NewTopic_new(topic.name.c_str(), topic.partitions,
                                              topic.replication_factor, text, sizeof text));
  if (made == nullptr) return Error(ErrorCode::kInvalidOption, text);
  for (const auto& [name, value] : topic.settings) {
    rd_kafka_NewTopic_set_config(made.get(), name.c_str(), value.c_str());
  }
  const AdminEvent event = MILLRACE_TRY(call_admin(client, [&](auto* options, auto* queue) {
    rd_kafka_NewTopic_t* topics[] = {made.get()};
    rd_kafka_CreateTopics(client.get(), topics, 1, options, queue);
  }));
  size_t count = 0;
  const auto* result = rd_kafka_event_CreateTopics_result(event.get());
  const auto** answers = rd_kafka_CreateTopics_result_topics(result, &count);
  return answer_of(client, answers, count);
}

Result<void> delete_topic(KafkaHandle& client, const std::string& name) {
  const OwnedDeletion deletion(rd_kafka_DeleteTopic_new(name.c_str()));
  const AdminEvent event = MILLRACE_TRY(call_admin(client, [&](auto* options, auto* queue) {
    rd_kafka_DeleteTopic_t* topics[] = {deletion.get()};
    rd_kafka_DeleteTopics(client.get(), topics, 1, options, queue);
  }));
  size_t count = 0;
  const auto* result = rd_kafka_event_DeleteTopics_result(event.get());
  const auto** answers = rd_kafka_DeleteTopics_result_topics(result, &count);
  return answer_of(client, answers, count);
}

Result<void> add_partitions(KafkaHandle& client, const std::string& name, size_t count) {
  char text[kTextBytes] = {};
  const OwnedPartitions wanted(rd_kafka_NewPartitions_new(name.c_str(), count, text, sizeof text));
  if (wanted == nullptr) return Error(ErrorCode::kInvalidOption, text);
  const AdminEvent event = MILLRACE_TRY(call_admin(client, [&](auto* options, auto* queue) {
    rd_kafka_NewPartitions_t* topics[] = {wanted.get()};
    rd_kafka_CreatePartitions(client.get(), topics, 1, options, queue);
  }));
  size_t told = 0;
  const auto* result = rd_kafka_event_CreatePartitions_result(event.get());
  const auto** answers = rd_kafka_CreatePartitions_result_topics(result, &told);
  return answer_of(client, answers, told);
}

Result<std::vector<TopicSetting>> topic_settings(KafkaHandle& client, const std::string& name) {
  const OwnedResource topic(rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, name.c_str()));
  const AdminEvent event = MILLRACE_TRY(call_admin(client, [&](auto* options, auto* queue) {
    rd_kafka_ConfigResource_t* topics[] = {topic.get()};
    rd_kafka_DescribeConfigs(client.get(), topics, 1, options, queue);
  }));
  size_t count = 0;
  const auto* result = rd_kafka_event_DescribeConfigs_result(event.get());
  const auto** resources = rd_kafka_DescribeConfigs_result_resources(result, &count);
  const auto* told = MILLRACE_TRY(resource_of(client, resources, count));
  const auto** entries = rd_kafka_ConfigResource_configs(told, &count);
  std::vector<TopicSetting> settings;
  for (size_t at = 0; at < count; ++at) {
    const char* value = rd_kafka_ConfigEntry_value(entries[at]);
    settings.push_back(
        {.name = rd_kafka_ConfigEntry_name(entries[at]),
         .value = value == nullptr ? std::nullopt : std::optional<std::string>(value),
         .origin = origin_of(rd_kafka_ConfigEntry_source(entries[at]))});
  }
  std::ranges::sort(settings, {}, &TopicSetting::name);
  return settings;
}

Result<void> replace_topic_settings(KafkaHandle& client, const std::string& name,
                                    const std::map<std::string, std::string>& settings) {
  const OwnedResource topic(rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, name.c_str()));
  for (const auto& [key, value] : settings) {
    rd_kafka_ConfigResource_set_config(topic.get(), key.c_str(), value.c_str());
  }
  const AdminEvent event = MILLRACE_TRY(call_admin(client, [&](auto* options, auto* queue) {
    rd_kafka_ConfigResource_t* topics[] = {topic.get()};
    rd_kafka_AlterConfigs(client.get(), topics, 1, options, queue);
  }));
  size_t count = 0;
  const auto* result = rd_kafka_event_AlterConfigs_result(event.get());
  const auto** resources = rd_kafka_AlterConfigs_result_resources(result, &count);
  const auto done = resource_of(client, resources, count);
  if (!done) return Error(done.error());
  return {};
}

}  // namespace millrace::cli
