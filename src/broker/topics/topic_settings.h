#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace millrace::broker {

// As DescribeConfigs numbers them.
enum class SettingType : int8_t {
  kBoolean = 1,
  kString = 2,
  kInt = 3,
  kLong = 5,
  kDouble = 6,
  kList = 7,
};

// One setting of a topic, under the name that Kafka gives it.
struct TopicSetting {
  std::string_view name;
  SettingType type;
  std::string_view default_value;
  std::string_view choices;  // "a|b"; empty: any
  double min = 0;
  double max = 0;  // below min: no bounds
  // The broker's setting that holds where the topic has none; empty: it has none.
  std::string_view synonym;
  std::string_view documentation;
};

// All that a topic can have, by name. Those that make no sense on one node are taken and kept, so
// that tools which set them work; their documentation says so.
std::span<const TopicSetting> topic_settings();
const TopicSetting* find_topic_setting(std::string_view name);

// kInvalidOptionValue: what was expected, what was found, at the setting's name. kUnknownOption
// with the nearest name.
Result<void> check_topic_setting(std::string_view name, std::string_view value);
Result<void> check_topic_settings(const std::map<std::string, std::string>& config);

// What the broker itself looks at, with defaults filled in. A plain value.
struct TopicLimits {
  uint32_t message_bytes_max = 0;
  uint32_t segment_bytes = 0;
  int64_t timestamp_before_ms_max = 0;
  int64_t timestamp_after_ms_max = 0;
  bool log_append_time = false;
  bool compacted = false;
  bool deleted = true;      // by retention
  std::string compression;  // "producer", or a codec
};
// REQUIRES: check_topic_settings found nothing wrong.
TopicLimits read_topic_limits(const std::map<std::string, std::string>& config);

}  // namespace millrace::broker
