#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "broker/cluster.h"
#include "broker/settings/setting.h"
#include "broker/settings/settings_table.h"

namespace millrace::broker {

// All that a broker can have, by name.
std::span<const Setting> broker_settings_table();
// Whether a broker can be started with it: kUnknownOption; kInvalidOptionValue, also for what
// follows from other options (log.dirs, listeners, node.id and their like), which BrokerSettings is
// told by whoever knows them.
Result<void> check_broker_setting(std::string_view name, std::string_view value);
// Whether what a broker is to be started with fits together, where each value fits for itself:
// kInvalidOptionValue.
Result<void> check_broker_settings_together(const SettingValues& started_with);

struct SettingValue {
  std::string name;
  std::string text;
  SettingSource source = SettingSource::kDefault;
};

// kInvalidOptionValue, at the name of the first: it is a larger number than the second.
Result<void> check_in_order(const SettingValue& lower, const SettingValue& upper);

// BrokerSettings: the values that hold: what was set at run time, or else what the broker was
// started with, or else the default.
//
// Threading:  synchronised inside.
// Ownership:  the table outlives it.
class BrokerSettings {
 public:
  // REQUIRES: `started_with` has values of the table that fit.
  BrokerSettings(const SettingsTable& table, const Cluster& cluster, SettingValues started_with);

  // REQUIRES for all of these: the table of settings has the name.
  // The first holds; the rest would, without those before. The default is the last.
  std::vector<SettingValue> values(std::string_view name) const;
  std::string text(std::string_view name) const;
  bool flag(std::string_view name) const { return text(name) == "true"; }
  int64_t number(std::string_view name) const;
  double ratio(std::string_view name) const;

  // Whether values fit together once these are changed for `broker`, which is this one's number, or
  // "": all of them. kInvalidOptionValue.
  Result<void> check_changes(std::string_view broker, const SettingChanges& changes) const;

  // Rises with each change at run time.
  uint64_t changes() const { return table_.changes(); }

 private:
  const SettingsTable& table_;
  const std::string node_;  // the broker's number, its name as a resource
  SettingValues started_with_;
};

}  // namespace millrace::broker
