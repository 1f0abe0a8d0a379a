#include "broker/topics/topic_directory.h"

#include <algorithm>
#include <mutex>

#include "base/endian.h"
#include "commit/topic_command.h"

namespace millrace::broker {

TopicDirectory::TopicDirectory(commit::CommitLog& log, kafka::Uuid cluster,
                               const BrokerSettings* settings)
    : log_(log), cluster_(cluster), settings_(settings), snapshot_(std::make_shared<Snapshot>()) {}

kafka::Uuid TopicDirectory::id_of(commit::TopicId topic) const {
  kafka::Uuid id = cluster_;
  store_be<uint64_t>(id.raw.data() + sizeof(uint64_t), topic.value());
  return id;
}

std::shared_ptr<const TopicDirectory::Snapshot> TopicDirectory::read(uint64_t version) const {
  auto snapshot = std::make_shared<Snapshot>();
  snapshot->version = version;
  const SettingValues defaults =
      settings_ == nullptr ? SettingValues() : topic_defaults(*settings_);
  for (commit::Topic& topic : log_.topics().list()) {
    auto known = std::make_shared<KnownTopic>();
    known->id = id_of(topic.id);
    SettingValues config = topic.config;
    config.insert(defaults.begin(), defaults.end());
    known->limits = read_topic_limits(config);
    known->internal = topic.name == kGroupTopic || topic.name == kTransactionTopic;
    known->topic = std::move(topic);
    snapshot->by_id.emplace(known->id, known);
    snapshot->by_name.emplace(known->topic.name, std::move(known));
  }
  return snapshot;
}

std::shared_ptr<const TopicDirectory::Snapshot> TopicDirectory::current() const {
  // Read first: a change while the topics are listed is seen again next time.
  const uint64_t version = log_.proposals().version(commit::kTopicMachine) +
                           (settings_ == nullptr ? 0 : settings_->changes());
  {
    const std::shared_lock lock(mutex_);
    if (snapshot_->version == version) return snapshot_;
  }
  auto fresh = read(version);
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

std::vector<KnownTopicPtr> TopicDirectory::list() const {
  const auto snapshot = current();
  std::vector<KnownTopicPtr> topics;
  for (const auto& [name, topic] : snapshot->by_name) topics.push_back(topic);
  return topics;
}

}  // namespace millrace::broker
