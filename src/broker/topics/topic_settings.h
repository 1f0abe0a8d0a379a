#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "broker/settings/broker_settings.h"
#include "broker/settings/setting.h"
#include "commit/topics.h"

namespace millrace::broker {

// All that a topic can have, by name. Those that make no sense on one node are taken and kept, so
// that tools which set them work; their documentation says so.
std::span<const Setting> topic_settings();
const Setting* find_topic_setting(std::string_view name);

// kInvalidOptionValue: what was expected, what was found, at the setting's name. kUnknownOption
// with the nearest name.
Result<void> check_topic_setting(std::string_view name, std::string_view value);
// All of a topic's, together with what the broker's say where it has none.
Result<void> check_topic_settings(const SettingValues& config, const BrokerSettings& broker);

// What a topic with this config has: the first value holds, the rest would without those before.
// The default is the last.
std::vector<SettingValue> topic_values(const Setting& setting, const SettingValues& config,
                                       const BrokerSettings& broker);

// What the broker's settings say for topics that do not, under the topics' names.
SettingValues topic_defaults(const BrokerSettings& broker);

// What of that the log itself must know.
commit::TopicDefaults log_defaults(const BrokerSettings& broker);

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
