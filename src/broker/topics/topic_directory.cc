#include "broker/topics/topic_directory.h"

#include <algorithm>
#include <mutex>
#include <optional>

#include "base/endian.h"
#include "commit/topic_command.h"

namespace millrace::broker {
namespace {

bool same_topic(const commit::Topic& one, const commit::Topic& other) {
  return one.id == other.id && one.partitions == other.partitions && one.config == other.config;
}

bool has_dots(std::string_view name) {
  return name.find_first_of("._") != std::string_view::npos;
}

std::string without_dots(std::string_view name) {
  std::string plain(name);
  std::ranges::replace(plain, '.', '_');
  return plain;
}

}  // namespace

TopicDirectory::TopicDirectory(commit::CommitLog& log, kafka::Uuid cluster,
                               const BrokerSettings* settings)
    : log_(log), cluster_(cluster), settings_(settings), snapshot_(std::make_shared<Snapshot>()) {}

kafka::Uuid TopicDirectory::id_of(commit::TopicId topic) const {
  kafka::Uuid id = cluster_;
  store_be<uint64_t>(id.raw.data() + sizeof(uint64_t), topic.value());
  return id;
}

TopicLimits TopicDirectory::limits_of(const commit::Topic& topic) const {
  if (settings_ == nullptr) return read_topic_limits(topic.config);
  SettingValues config = topic_defaults(*settings_);
  for (const auto& [name, value] : topic.config) config[name] = value;
  return read_topic_limits(config);
}

std::shared_ptr<const TopicDirectory::Snapshot> TopicDirectory::read(
    uint64_t version, uint64_t settings_version) const {
  std::shared_ptr<const Snapshot> before;
  {
    const std::shared_lock lock(mutex_);
    before = snapshot_;
  }
  const bool same_settings = before->settings_version == settings_version;
  std::optional<TopicLimits> plain;  // of topics that set nothing themselves
  auto snapshot = std::make_shared<Snapshot>();
  snapshot->version = version;
  snapshot->settings_version = settings_version;
  for (commit::Topic& topic : log_.topics().list()) {
    KnownTopicPtr known;
    const auto old = before->by_name.find(topic.name);
    if (old != before->by_name.end() && same_settings && same_topic(old->second->topic, topic)) {
      known = old->second;
    } else {
      auto fresh = std::make_shared<KnownTopic>();
      if (topic.config.empty() && !plain) plain = limits_of(topic);
      fresh->limits = topic.config.empty() ? *plain : limits_of(topic);
      fresh->id = id_of(topic.id);
      fresh->internal = topic.name == kGroupTopic || topic.name == kTransactionTopic;
      fresh->topic = std::move(topic);
      known = std::move(fresh);
    }
    const std::string& name = known->topic.name;
    if (has_dots(name)) snapshot->alike.emplace(without_dots(name), known);
    snapshot->by_id.emplace(known->id, known);
    snapshot->by_name.emplace_hint(snapshot->by_name.end(), known->topic.name, std::move(known));
  }
  return snapshot;
}

std::shared_ptr<const TopicDirectory::Snapshot> TopicDirectory::current() const {
  // Read first: a change while the topics are listed is seen again next time.
  const uint64_t settings_version = settings_ == nullptr ? 0 : settings_->changes();
  const uint64_t version = log_.proposals().version(commit::kTopicMachine) + settings_version;
  {
    const std::shared_lock lock(mutex_);
    if (snapshot_->version == version) return snapshot_;
  }
  auto fresh = read(version, settings_version);
  const std::unique_lock lock(mutex_);
  if (snapshot_->version == UINT64_MAX || snapshot_->version < version) snapshot_ = fresh;
  return fresh;
}

KnownTopicPtr TopicDirectory::find(std::string_view name) const {
  const auto snapshot = current();
  const auto found = snapshot->by_name.find(name);
  return found == snapshot->by_name.end() ? nullptr : found->second;
}

KnownTopicPtr TopicDirectory::find(const kafka::Uuid& id) const {
  const auto snapshot = current();
  const auto found = snapshot->by_id.find(id);
  return found == snapshot->by_id.end() ? nullptr : found->second;
}

KnownTopicPtr TopicDirectory::find_alike(std::string_view name) const {
  if (!has_dots(name)) return find(name);
  const auto snapshot = current();
  const auto found = snapshot->alike.find(without_dots(name));
  return found == snapshot->alike.end() ? nullptr : found->second;
}

std::vector<KnownTopicPtr> TopicDirectory::list() const {
  const auto snapshot = current();
  std::vector<KnownTopicPtr> topics;
  for (const auto& [name, topic] : snapshot->by_name) topics.push_back(topic);
  return topics;
}

}  // namespace millrace::broker
