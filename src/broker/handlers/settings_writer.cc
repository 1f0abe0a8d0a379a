#include "broker/handlers/settings_writer.h"

#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <set>
#include <span>
#include <utility>

#include "broker/settings/group_settings.h"
#include "broker/topics/topic_settings.h"
#include "commit/topic_command.h"
#include "commit/topics.h"

namespace millrace::broker {

using kafka::ProtocolError;

namespace {

constexpr size_t kNameBytesMax = 32'767;

Refusal invalid_request(std::string message) {
  return {ProtocolError::kInvalidRequest, std::move(message)};
}

Refusal invalid_config(std::string message) {
  return {ProtocolError::kInvalidConfig, std::move(message)};
}

Refusal invalid_config(const Result<void>& checked) {
  return checked ? Refusal() : Refusal::of(ProtocolError::kInvalidConfig, checked.error());
}

// One resource whose settings are changed.
struct Target {
  std::span<const Setting> table;
  std::string_view owner;    // "a topic"
  const SettingValues& own;  // what it has set
  // What holds for a setting now.
  std::function<std::string(const Setting&)> current;
};

std::string joined(const std::vector<std::string_view>& words) {
  std::string text;
  for (const std::string_view word : words) text += (text.empty() ? "" : ",") + std::string(word);
  return text;
}

// `list` with the words of `change`, or without them.
std::string changed_list(std::string_view list, std::string_view change, bool append) {
  std::vector<std::string_view> words = words_of(list);
  for (const std::string_view word : words_of(change)) {
    const auto found = std::ranges::find(words, word);
    if (append && found == words.end()) words.push_back(word);
    if (!append && found != words.end()) words.erase(found);
  }
  return joined(words);
}

Refusal change_one(const SettingChange& change, const Target& target, SettingChanges& changes) {
  const Setting* setting = find_setting(target.table, change.name);
  const bool deletes = change.kind == SettingChange::kDelete;
  // What is no longer known can still be removed.
  if (setting == nullptr && !(deletes && target.own.contains(change.name))) {
    const auto unknown = check_setting(target.table, target.owner, change.name, "");
    return Refusal::of(ProtocolError::kInvalidConfig, unknown.error());
  }
  if (setting != nullptr && setting->fixed) {
    return invalid_request(
        fmt::format("'{}' cannot be changed while the broker runs.", change.name));
  }
  if (deletes) return changes[change.name] = std::nullopt, Refusal();
  if (change.kind < SettingChange::kSet || change.kind > SettingChange::kSubtract) {
    return invalid_request(fmt::format("{} is no operation on a setting.", change.kind));
  }
  if (!change.value) return invalid_request(fmt::format("'{}' has no value.", change.name));
  std::string value = *change.value;
  if (change.kind != SettingChange::kSet) {
    if (setting->type != SettingType::kList) {
      return invalid_config(fmt::format("'{}' is not a list.", change.name));
    }
    const bool append = change.kind == SettingChange::kAppend;
    value = changed_list(target.current(*setting), value, append);
  }
  if (const auto checked = check_value(*setting, value); !checked) {
    return Refusal::of(ProtocolError::kInvalidConfig, checked.error());
  }
  changes[change.name] = std::move(value);
  return {};
}

Refusal change_all(const ResourceChange& wanted, const Target& target, SettingChanges& changes) {
  for (const SettingChange& change : wanted.changes) {
    if (changes.contains(change.name)) {
      return invalid_request(fmt::format("'{}' is changed twice.", change.name));
    }
    if (Refusal refusal = change_one(change, target, changes)) return refusal;
  }
  if (!wanted.replaces) return {};
  for (const auto& [name, value] : target.own) changes.try_emplace(name, std::nullopt);
  return {};
}

// What is asked for more than once, which is then refused each time.
std::set<std::pair<int8_t, std::string>> repeated(const std::vector<ResourceChange>& changes) {
  std::set<std::pair<int8_t, std::string>> seen;
  std::set<std::pair<int8_t, std::string>> twice;
  for (const ResourceChange& change : changes) {
    if (!seen.emplace(change.type, change.name).second) twice.emplace(change.type, change.name);
  }
  return twice;
}

}  // namespace

Refusal SettingsWriter::prepare_topic(const ResourceChange& change, Prepared& command) const {
  if (const auto checked = commit::check_topic_name(change.name); !checked) {
    return Refusal::of(checked.error());
  }
  const KnownTopicPtr topic = topics_.find(change.name);
  if (topic == nullptr) {
    return {ProtocolError::kUnknownTopicOrPartition,
            fmt::format("There is no topic '{}'.", change.name)};
  }
  const SettingValues& config = topic->topic.config;
  SettingChanges changes;
  Refusal refusal = change_all(change,
                               {.table = topic_settings(),
                                .owner = "a topic",
                                .own = config,
                                .current =
                                    [&](const Setting& setting) {
                                      return topic_values(setting, config, broker_).front().text;
                                    }},
                               changes);
  if (!refusal) refusal = check_topic(config, changes);
  if (!refusal && !changes.empty()) {
    command = commit::alter_topic_command(topic->topic.id, std::nullopt, changes);
  }
  return refusal;
}

// What is wrong in a topic already keeps nobody from mending something else in it.
Refusal SettingsWriter::check_topic(const SettingValues& config,
                                    const SettingChanges& changes) const {
  SettingValues after = config;
  for (const auto& [name, value] : changes) {
    if (value) {
      after[name] = *value;
    } else {
      after.erase(name);
    }
  }
  if (!check_topic_settings(config, broker_)) return {};
  return invalid_config(check_topic_settings(after, broker_));
}

Refusal SettingsWriter::prepare_broker(const ResourceChange& change, Prepared& command) const {
  if (!change.name.empty() && change.name != node_) {
    return invalid_request(fmt::format("This is broker {}, not '{}'.", node_, change.name));
  }
  const SettingValues own = table_.find(ResourceType::kBroker, change.name);
  SettingChanges changes;
  Refusal refusal =
      change_all(change,
                 {.table = broker_settings_table(),
                  .owner = "a broker",
                  .own = own,
                  .current = [&](const Setting& setting) { return broker_.text(setting.name); }},
                 changes);
  if (!refusal) refusal = invalid_config(broker_.check_changes(change.name, changes));
  if (!refusal && !changes.empty()) {
    command = SettingsTable::change_command(ResourceType::kBroker, change.name, changes);
  }
  return refusal;
}

Refusal SettingsWriter::prepare_group(const ResourceChange& change, Prepared& command) const {
  if (change.name.empty() || change.name.size() > kNameBytesMax) {
    return invalid_request("A group's name is not empty, and at most 32767 bytes.");
  }
  const SettingValues own = table_.find(ResourceType::kGroup, change.name);
  SettingChanges changes;
  Refusal refusal = change_all(change,
                               {.table = group_settings_table(),
                                .owner = "a group",
                                .own = own,
                                .current =
                                    [&](const Setting& setting) {
                                      const auto found = own.find(std::string(setting.name));
                                      return found == own.end() ? std::string(setting.default_value)
                                                                : found->second;
                                    }},
                               changes);
  if (!refusal && !changes.empty()) {
    command = SettingsTable::change_command(ResourceType::kGroup, change.name, changes);
  }
  return refusal;
}

Refusal SettingsWriter::prepare(const ResourceChange& change, Prepared& command) const {
  switch (static_cast<ResourceType>(change.type)) {
    case ResourceType::kTopic:
      return prepare_topic(change, command);
    case ResourceType::kBroker:
      return prepare_broker(change, command);
    case ResourceType::kGroup:
      return prepare_group(change, command);
    default:
      return invalid_request(
          fmt::format("Resources of type {} have no settings here.", change.type));
  }
}

void SettingsWriter::write(std::vector<ResourceChange> changes, bool validate_only,
                           io::Executor& executor, io::Completion<std::vector<Refusal>> done) {
  // Before anything is looked at: whoever changes it in between makes the proposal fail.
  std::map<std::string, uint64_t, std::less<>> versions;
  for (const std::string_view machine : {commit::kTopicMachine, SettingsTable::kTag}) {
    versions.emplace(machine, proposals_.version(machine));
  }
  const auto twice = repeated(changes);
  std::vector<Refusal> refusals;
  std::vector<commit::Command> commands;
  std::vector<size_t> proposed;
  for (const ResourceChange& change : changes) {
    Prepared command;
    refusals.push_back(twice.contains({change.type, change.name})
                           ? invalid_request("The resource is named more than once.")
                           : prepare(change, command));
    if (!command) continue;
    if (const auto version = versions.extract(command->machine)) {
      command->expected_version = version.mapped();
    }
    commands.push_back(*std::move(command));
    proposed.push_back(refusals.size() - 1);
  }
  if (validate_only || commands.empty()) return done(std::move(refusals));
  proposals_.propose(std::move(commands), executor,
                     [this, &executor, changes = std::move(changes), refusals = std::move(refusals),
                      proposed = std::move(proposed),
                      done = std::move(done)](Result<commit::Lsn> written) mutable {
                       if (written) {
                         // The log is told of new defaults when topics are looked at.
                         (void)topics_.find("");
                         return done(std::move(refusals));
                       }
                       if (written.error().code() == ErrorCode::kVersionConflict) {
                         return write(std::move(changes), false, executor, std::move(done));
                       }
                       for (const size_t index : proposed)
                         refusals[index] = Refusal::of(written.error());
                       done(std::move(refusals));
                     });
}

}  // namespace millrace::broker
