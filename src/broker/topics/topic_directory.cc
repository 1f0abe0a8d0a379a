#include "broker/topics/topic_directory.h"

#include <algorithm>
#include <mutex>

#include "base/endian.h"
#include "commit/topic_command.h"

namespace millrace::broker {
namespace {

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
    : log_(log), cluster_(cluster), settings_(settings) {
  // The log keeps to the broker's defaults from the start, not from the first request.
  (void)find("");
}

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

void TopicDirectory::put(commit::Topic topic) const {
  auto known = std::make_shared<KnownTopic>();
  if (topic.config.empty() && !plain_) plain_ = limits_of(topic);
  known->limits = topic.config.empty() ? *plain_ : limits_of(topic);
  known->id = id_of(topic.id);
  known->internal = topic.name == kGroupTopic || topic.name == kTransactionTopic;
  known->topic = std::move(topic);
  const std::string& name = known->topic.name;
  if (has_dots(name)) alike_[without_dots(name)].insert(name);
  by_id_[known->id] = known;
  by_name_[name] = std::move(known);
}

void TopicDirectory::drop(commit::TopicId topic) const {
  const auto known = by_id_.extract(id_of(topic));
  if (!known) return;
  const std::string& name = known.mapped()->topic.name;
  const auto named = by_name_.find(name);
  // It may have been made again.
  if (named == by_name_.end() || named->second != known.mapped()) return;
  if (const auto alike = alike_.find(without_dots(name)); alike != alike_.end()) {
    alike->second.erase(name);
    if (alike->second.empty()) alike_.erase(alike);
  }
  by_name_.erase(named);
}

void TopicDirectory::catch_up(uint64_t version, uint64_t settings_version) const {
  const bool known = version_ != 0 && settings_version_ >= settings_version;
  if (known && version_ >= version) return;
  if (!known) {
    // Limits may be others for all.
    plain_.reset();
    if (settings_ != nullptr) log_.topics().set_defaults(log_defaults(*settings_));
  }
  commit::TopicChanges changes = log_.topics().changes(known ? moment_ : 0);
  if (changes.all) {
    by_name_.clear();
    by_id_.clear();
    alike_.clear();
  }
  for (const commit::TopicId gone : changes.removed) drop(gone);
  for (commit::Topic& topic : changes.changed) put(std::move(topic));
  moment_ = changes.moment;
  version_ = version;
  settings_version_ = settings_version;
}

template <class Look>
auto TopicDirectory::look_up(Look look) const {
  // Read first: a change while the topics are read is seen again next time.
  const uint64_t settings_version = settings_ == nullptr ? 0 : settings_->changes();
  const uint64_t version = log_.proposals().version(commit::kTopicMachine) + 1;
  {
    const std::shared_lock lock(mutex_);
    if (version_ >= version && settings_version_ >= settings_version) return look();
  }
  const std::unique_lock lock(mutex_);
  catch_up(version, settings_version);
  return look();
}

KnownTopicPtr TopicDirectory::find(std::string_view name) const {
  return look_up([&]() -> KnownTopicPtr {
    const auto found = by_name_.find(name);
    return found == by_name_.end() ? nullptr : found->second;
  });
}

KnownTopicPtr TopicDirectory::find(const kafka::Uuid& id) const {
  return look_up([&]() -> KnownTopicPtr {
    const auto found = by_id_.find(id);
    return found == by_id_.end() ? nullptr : found->second;
  });
}

KnownTopicPtr TopicDirectory::find_alike(std::string_view name) const {
  if (!has_dots(name)) return find(name);
  return look_up([&]() -> KnownTopicPtr {
    const auto found = alike_.find(without_dots(name));
    return found == alike_.end() ? nullptr : by_name_.at(*found->second.begin());
  });
}

std::vector<KnownTopicPtr> TopicDirectory::list() const {
  return look_up([&] {
    std::vector<KnownTopicPtr> topics;
    topics.reserve(by_name_.size());
    for (const auto& [name, topic] : by_name_) topics.push_back(topic);
    return topics;
  });
}

}  // namespace millrace::broker
