#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "broker/cluster.h"
#include "broker/refusal.h"
#include "broker/settings/broker_settings.h"
#include "broker/settings/settings_table.h"
#include "broker/topics/topic_directory.h"
#include "commit/proposals.h"
#include "io/executor.h"

namespace millrace::broker {

// One change of one setting, as IncrementalAlterConfigs has it. `kind` is what the client sent.
struct SettingChange {
  enum Kind : int8_t { kSet = 0, kDelete = 1, kAppend = 2, kSubtract = 3 };
  std::string name;
  int8_t kind = kSet;
  std::optional<std::string> value;
};

struct ResourceChange {
  int8_t type = 0;
  std::string name;
  bool replaces = false;  // settings that are not named go
  std::vector<SettingChange> changes;
};

// SettingsWriter: changes the settings of topics, brokers and groups, durably.
//
// Threading:  synchronised inside.
// Ownership:  all that it is given outlives it.
// Failure:    per resource: 3 and 17 (topic), 40 (a setting that is not known, a value that does
//             not fit, also not with the others, words added to what is no list), 42 (a resource or
//             setting twice, a broker that is not this one, what is fixed while the broker runs, no
//             value). What is refused changes nothing; the others become durable in one entry.
class SettingsWriter {
 public:
  SettingsWriter(commit::Proposals& proposals, const TopicDirectory& topics,
                 const SettingsTable& table, const BrokerSettings& broker, const Cluster& cluster)
      : proposals_(proposals),
        topics_(topics),
        table_(table),
        broker_(broker),
        node_(std::to_string(cluster.node_id)) {}

  // One answer for each resource. `validate_only`: nothing is changed.
  void write(std::vector<ResourceChange> changes, bool validate_only, io::Executor& executor,
             io::Completion<std::vector<Refusal>> done);

 private:
  // A command, where there is something to change.
  using Prepared = std::optional<commit::Command>;
  Refusal prepare(const ResourceChange& change, Prepared& command) const;
  Refusal prepare_topic(const ResourceChange& change, Prepared& command) const;
  Refusal check_topic(const SettingValues& config, const SettingChanges& changes) const;
  Refusal prepare_broker(const ResourceChange& change, Prepared& command) const;
  Refusal prepare_group(const ResourceChange& change, Prepared& command) const;

  commit::Proposals& proposals_;
  const TopicDirectory& topics_;
  const SettingsTable& table_;
  const BrokerSettings& broker_;
  const std::string node_;
};

}  // namespace millrace::broker
