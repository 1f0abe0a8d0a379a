#include <fmt/core.h>

#include <algorithm>
#include <map>

#include "base/nearest.h"
#include "cli/kafka_client/cluster.h"
#include "cli/kafka_client/topic_admin.h"
#include "cli/topics/admin_client.h"
#include "cli/topics/topic_command.h"

namespace millrace::cli {
namespace {

using Settings = std::map<std::string, std::string>;

Error unknown_setting(const std::string& name, const std::vector<std::string_view>& known) {
  return Error(ErrorCode::kInvalidOption, fmt::format("a topic has no setting '{}'", name))
      .remedy(nearest_remedy(name, known));
}

Result<Settings> read_settings(const std::vector<std::string>& written) {
  Settings settings;
  for (const std::string& setting : written) {
    const size_t equals = setting.find('=');
    if (equals == 0 || equals == std::string::npos) {
      return Error(ErrorCode::kInvalidOption, fmt::format("'{}' gives no value", setting))
          .at("--config")
          .remedy("Write --config name=value, as retention.ms=86400000.");
    }
    settings[setting.substr(0, equals)] = setting.substr(equals + 1);
  }
  return settings;
}

// What a server says of a setting that there is not, with the nearest that another topic has.
Error refusal_of(KafkaHandle& client, const Error& told, const Settings& settings) {
  if (told.code() != ErrorCode::kInvalidOption || settings.empty()) return told;
  const auto cluster = read_cluster(client);
  if (!cluster || cluster->topics.empty()) return told;
  const auto known = topic_settings(client, cluster->topics.front().name);
  if (!known) return told;
  std::vector<std::string_view> names;
  for (const TopicSetting& setting : *known) names.push_back(setting.name);
  for (const auto& [name, value] : settings) {
    if (std::ranges::find(names, name) == names.end()) return unknown_setting(name, names);
  }
  return told;
}

Result<ExitCode> create(io::World world, const TopicOptions& options) {
  const Settings settings = MILLRACE_TRY(read_settings(options.settings));
  const AdminClient client = MILLRACE_TRY(AdminClient::open(world, options.target));
  return for_each_name(options.names, [&](const std::string& name) -> Result<std::string> {
    const auto made =
        create_topic(*client.handle, {.name = name,
                                      .partitions = options.partitions.value_or(-1),
                                      .replication_factor = options.replication_factor.value_or(-1),
                                      .settings = settings});
    if (made) return fmt::format("created {}", name);
    if (made.error().code() != ErrorCode::kTopicExists) {
      return refusal_of(*client.handle, made.error(), settings).at(name);
    }
    if (options.if_not_exists) return fmt::format("{} exists already", name);
    return Error(ErrorCode::kTopicExists, fmt::format("there is a topic '{}' already", name))
        .remedy("Take another name; with --if-not-exists this is no error.");
  });
}

std::string question_of(const std::vector<std::string>& names) {
  if (names.size() == 1) return fmt::format("Delete topic '{}' and its records?", names.front());
  std::string text = fmt::format("Delete {} topics and their records:", names.size());
  for (const std::string& name : names) text += " " + name;
  return text + "?";
}

Result<ExitCode> remove(io::World world, const TopicOptions& options) {
  const AdminClient client = MILLRACE_TRY(AdminClient::open(world, options.target));
  const Cluster cluster = MILLRACE_TRY(read_cluster(*client.handle));
  std::vector<std::string> names = options.names;
  if (options.patterns) {
    const auto topics = MILLRACE_TRY(find_topics(cluster, options.names, true));
    names.clear();
    for (const KnownTopic& topic : topics) names.push_back(topic.name);
  }
  if (!confirmed(question_of(names), options.yes)) {
    return Error(ErrorCode::kCancelled, "nothing was deleted");
  }
  return for_each_name(names, [&](const std::string& name) -> Result<std::string> {
    const auto known = find_topic(cluster, name);
    if (!known && options.if_exists) return fmt::format("there is no {}", name);
    if (!known) return Error(known.error());
    const auto deleted = delete_topic(*client.handle, name);
    if (!deleted) return Error(deleted.error()).at(name);
    return fmt::format("deleted {}", name);
  });
}

// Old servers have no request that changes one setting: all that the topic says are sent, with the
// changes. Who changes another one at the same moment may lose his.
Result<void> change_settings(KafkaHandle& client, const std::string& name, const Settings& changes,
                             const std::vector<std::string>& deletions) {
  const auto known = MILLRACE_TRY(topic_settings(client, name));
  std::vector<std::string_view> names;
  Settings settings;
  for (const TopicSetting& setting : known) {
    names.push_back(setting.name);
    if (setting.origin == SettingOrigin::kTopic && setting.value) {
      settings[setting.name] = *setting.value;
    }
  }
  const auto check = [&](const std::string& setting) -> Result<void> {
    if (std::ranges::find(names, setting) != names.end()) return {};
    return unknown_setting(setting, names);
  };
  for (const auto& [setting, value] : changes) {
    MILLRACE_TRY(check(setting));
    settings[setting] = value;
  }
  for (const std::string& setting : deletions) {
    MILLRACE_TRY(check(setting));
    settings.erase(setting);
  }
  return replace_topic_settings(client, name, settings);
}

Result<ExitCode> alter(io::World world, const TopicOptions& options) {
  const Settings changes = MILLRACE_TRY(read_settings(options.settings));
  if (changes.empty() && options.deletions.empty() && !options.partitions) {
    return Error(ErrorCode::kInvalidOption, "there is nothing to change")
        .at("millrace topic alter")
        .remedy("Say what with --config name=value, --delete name or --partitions N.");
  }
  const AdminClient client = MILLRACE_TRY(AdminClient::open(world, options.target));
  const Cluster cluster = MILLRACE_TRY(read_cluster(*client.handle));
  return for_each_name(options.names, [&](const std::string& name) -> Result<std::string> {
    const KnownTopic topic = MILLRACE_TRY(find_topic(cluster, name));
    const auto before = static_cast<int32_t>(topic.partitions.size());
    if (options.partitions && *options.partitions < before) {
      return Error(
                 ErrorCode::kInvalidOption,
                 fmt::format("'{}' has {} partitions, and they cannot become fewer", name, before))
          .at("--partitions");
    }
    if (!changes.empty() || !options.deletions.empty()) {
      const auto changed = change_settings(*client.handle, name, changes, options.deletions);
      if (!changed) {
        return Error(changed.error()).at(name);
      }
    }
    if (options.partitions.value_or(before) > before) {
      const auto added =
          add_partitions(*client.handle, name, static_cast<size_t>(*options.partitions));
      if (!added) return Error(added.error()).at(name);
    }
    return fmt::format("altered {}", name);
  });
}

ExitCode code_of(const Result<ExitCode>& done) {
  return done ? *done : report(done.error());
}

}  // namespace

ExitCode create_topics(io::World world, const TopicOptions& options) {
  return code_of(create(world, options));
}

ExitCode delete_topics(io::World world, const TopicOptions& options) {
  return code_of(remove(world, options));
}

ExitCode alter_topics(io::World world, const TopicOptions& options) {
  return code_of(alter(world, options));
}

}  // namespace millrace::cli
