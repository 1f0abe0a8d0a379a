#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "cli/kafka_client/kafka_handle.h"

namespace millrace::cli {

struct NewTopic {
  std::string name;
  int32_t partitions = -1;          // -1: as the server has it by default
  int32_t replication_factor = -1;  // likewise
  std::map<std::string, std::string> settings;
};

enum class SettingOrigin : uint8_t { kDefault, kTopic, kBroker };
std::string_view to_string(SettingOrigin origin);

struct TopicSetting {
  std::string name;
  std::optional<std::string> value;  // nullopt: NULL, or a secret
  SettingOrigin origin = SettingOrigin::kDefault;
};

// Administration of topics, one at a time.
//
// Failure: kTopicExists, kTopicNotFound, kInvalidTopicName; kInvalidOption: what the server says of
// numbers and settings; kAccessDenied, kTimedOut, kUnreachable, kRequestRefused.
Result<void> create_topic(KafkaHandle& client, const NewTopic& topic);
Result<void> delete_topic(KafkaHandle& client, const std::string& name);
// `count`: of partitions afterwards.
Result<void> add_partitions(KafkaHandle& client, const std::string& name, size_t count);
// By name.
Result<std::vector<TopicSetting>> topic_settings(KafkaHandle& client, const std::string& name);
// These become all that the topic itself says: what is not among them has its default again.
Result<void> replace_topic_settings(KafkaHandle& client, const std::string& name,
                                    const std::map<std::string, std::string>& settings);

}  // namespace millrace::cli
