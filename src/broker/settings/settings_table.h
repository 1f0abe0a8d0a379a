#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "commit/state_machine.h"

namespace millrace::broker {

// What has settings, as the protocol numbers it; the levels of features, which it does not number.
enum class ResourceType : int8_t {
  kTopic = 2,
  kBroker = 4,
  kBrokerLogger = 8,
  kClientMetrics = 16,
  kGroup = 32,
  kFeatures = 127,
};

using SettingValues = std::map<std::string, std::string>;
// nullopt: back to what holds without it.
using SettingChanges = std::map<std::string, std::optional<std::string>>;

// SettingsTable: what was set at run time for brokers ("": for all of them) and groups: the machine
// `broker.settings`. Those of topics are in the log's table of topics.
//
// Threading:  as StateMachine; find, names and changes from anywhere.
class SettingsTable final : public commit::StateMachine {
 public:
  static constexpr std::string_view kTag = "broker.settings";

  SettingValues find(ResourceType type, std::string_view name) const;
  // Of those with at least one value, in order.
  std::vector<std::string> names(ResourceType type) const;
  // Rises with each change.
  uint64_t changes() const { return changes_.load(std::memory_order_acquire); }

  // REQUIRES: the values were checked.
  static commit::Command change_command(ResourceType type, std::string_view name,
                                        const SettingChanges& changes);

  std::string_view tag() const override { return kTag; }
  Result<void> check(std::span<const commit::Command> commands) const override;
  void apply(commit::Lsn lsn, std::string_view command) override;
  std::string snapshot() const override;
  Result<void> restore(std::string_view snapshot) override;

 private:
  using Resource = std::pair<ResourceType, std::string>;
  mutable std::mutex mutex_;
  std::map<Resource, SettingValues> resources_;  // none of them empty
  std::atomic<uint64_t> changes_ = 0;
};

}  // namespace millrace::broker
