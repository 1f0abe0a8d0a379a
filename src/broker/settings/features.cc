#include "broker/settings/features.h"

#include <charconv>

namespace millrace::broker {
namespace {

constexpr Feature kFeatures[] = {
    // 2: each transaction has an epoch of its own (KIP-890).
    {.name = "transaction.version", .level_min = 0, .level_max = 2, .level_default = 2},
};

}  // namespace

std::span<const Feature> all_features() {
  return kFeatures;
}

int16_t Features::level(const Feature& feature) const {
  const SettingValues changed = table_->find(ResourceType::kFeatures, "");
  const auto found = changed.find(std::string(feature.name));
  int16_t level = feature.level_default;
  if (found != changed.end()) {
    const std::string& text = found->second;
    std::from_chars(text.data(), text.data() + text.size(), level);
  }
  return level;
}

int64_t Features::epoch() const {
  return static_cast<int64_t>(proposals_->version(SettingsTable::kTag));
}

commit::Command Features::change_command(const std::map<std::string, int16_t>& levels) {
  SettingChanges changes;
  for (const auto& [name, level] : levels) changes[name] = std::to_string(level);
  return SettingsTable::change_command(ResourceType::kFeatures, "", changes);
}

}  // namespace millrace::broker
