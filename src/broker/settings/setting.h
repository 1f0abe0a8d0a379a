#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

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

// Where a value comes from, as DescribeConfigs numbers it.
enum class SettingSource : int8_t {
  kTopic = 1,
  kThisBroker = 2,  // set at run time, for the broker of this number
  kAllBrokers = 3,  // set at run time, for all
  kStart = 4,       // the broker was started with it
  kDefault = 5,
  kGroup = 8,
};

// One setting of a topic, a broker or a group, under the name that Kafka gives it.
struct Setting {
  std::string_view name;
  SettingType type;
  std::string_view default_value;
  std::string_view choices;  // "a|b"; empty: any
  double min = 0;
  double max = 0;  // below min: no bounds
  // Of a topic's: the broker's setting that holds where the topic has none; empty: it has none.
  std::string_view synonym;
  std::string_view documentation;
  bool fixed = false;  // cannot be changed while the broker runs
};

inline constexpr double kIntMax = 2147483647.0;
inline constexpr double kLongMax = 9223372036854775807.0;

// In a table that is sorted by name; nullptr: not there.
const Setting* find_setting(std::span<const Setting> table, std::string_view name);

// kInvalidOptionValue: what was expected, what was found, at the setting's name.
Result<void> check_value(const Setting& setting, std::string_view value);
// As above; kUnknownOption with the nearest name. `owner`: whose settings they are, "a topic".
Result<void> check_setting(std::span<const Setting> table, std::string_view owner,
                           std::string_view name, std::string_view value);

// The words of a list, without the blanks around them.
std::vector<std::string_view> words_of(std::string_view list);

}  // namespace millrace::broker
