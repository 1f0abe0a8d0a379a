#include "log/tables/topic_table.h"

#include <fmt/core.h>

#include "base/assert.h"
#include "commit/byte_codec.h"
#include "commit/topic_command.h"
#include "log/compact/compaction_rules.h"

namespace millrace::log {

using commit::Topic;
using commit::TopicCommand;
using commit::TopicId;
using Kind = commit::TopicCommand::Kind;

namespace {

constexpr uint32_t kPartitionsMax = 100'000;
constexpr size_t kRecentMax = 10'000;
constexpr size_t kTopicBytesMin = 20;
constexpr size_t kSettingBytesMin = 8;

Error not_found(std::string topic) {
  return Error(ErrorCode::kTopicNotFound, fmt::format("there is no topic {}", topic));
}

Result<void> check_partitions(uint32_t partitions, uint32_t at_least) {
  if (partitions >= at_least && partitions <= kPartitionsMax) return {};
  return Error(ErrorCode::kInvalidArgument,
               fmt::format("{} partitions were asked for, {} to {} are possible", partitions,
                           at_least, kPartitionsMax));
}

}  // namespace

std::string_view TopicTable::tag() const {
  return commit::kTopicMachine;
}

Result<void> TopicTable::check(std::span<const commit::Command> commands) const {
  const std::lock_guard lock(mutex_);
  std::set<std::string, std::less<>> made;
  std::set<TopicId> gone;
  for (const commit::Command& body : commands) {
    const TopicCommand command = MILLRACE_TRY(TopicCommand::decode(body.body));
    if (command.kind == Kind::kCreate) {
      MILLRACE_TRY(commit::check_topic_name(command.name));
      MILLRACE_TRY(check_partitions(command.partitions.value_or(0), 1));
      const auto old = by_name_.find(command.name);
      const bool exists = old != by_name_.end() && !gone.contains(old->second);
      if (exists || !made.insert(command.name).second) {
        return Error(ErrorCode::kTopicExists,
                     fmt::format("a topic '{}' exists already", command.name));
      }
      continue;
    }
    const auto found = topics_.find(command.topic);
    if (found == topics_.end() || gone.contains(command.topic)) {
      return not_found(fmt::format("with id {}", command.topic.value()));
    }
    if (command.kind == Kind::kDelete) gone.insert(command.topic);
    if (command.kind == Kind::kDeleteRecords) {
      MILLRACE_TRY(check_start({command.topic, command.partition}, command.start_offset));
    }
    if (command.kind == Kind::kAlter && command.partitions) {
      MILLRACE_TRY(check_partitions(*command.partitions, found->second.partitions));
    }
  }
  return {};
}

void TopicTable::apply(commit::Lsn, std::string_view body) {
  const auto decoded = TopicCommand::decode(body);
  MILLRACE_ASSERT(decoded.has_value());
  const TopicCommand& command = *decoded;
  if (command.kind == Kind::kDeleteRecords) {
    return on_start({command.topic, command.partition}, command.start_offset);
  }
  Topic changed;
  {
    const std::lock_guard lock(mutex_);
    if (command.kind == Kind::kCreate) {
      changed.id = TopicId(next_id_++);
      changed.name = command.name;
      changed.partitions = command.partitions.value_or(1);
      for (const auto& [key, value] : command.config) {
        if (value) changed.config[key] = *value;
      }
      by_name_[changed.name] = changed.id;
      topics_[changed.id] = changed;
    } else {
      Topic& topic = topics_.at(command.topic);
      topic.partitions = command.partitions.value_or(topic.partitions);
      for (const auto& [key, value] : command.config) {
        if (value) {
          topic.config[key] = *value;
        } else {
          topic.config.erase(key);
        }
      }
      changed = topic;
    }
    recent_.push_back(changed.id);
    if (recent_.size() > kRecentMax) recent_.pop_front();
    ++moment_;
    note_settings(changed);
    if (command.kind == Kind::kDelete) {
      with_retention_.erase(changed.id);
      with_compaction_.erase(changed.id);
      by_name_.erase(changed.name);
      topics_.erase(changed.id);
    }
  }
  (command.kind == Kind::kDelete ? on_removed : on_partitions)(changed);
}

std::string TopicTable::snapshot() const {
  const std::lock_guard lock(mutex_);
  commit::ByteWriter to;
  to.number(next_id_);
  to.number(static_cast<uint32_t>(by_name_.size()));
  for (const auto& [name, id] : by_name_) {
    const Topic& topic = topics_.at(id);
    to.number(id.value());
    to.bytes(name);
    to.number(topic.partitions);
    to.number(static_cast<uint32_t>(topic.config.size()));
    for (const auto& [key, value] : topic.config) {
      to.bytes(key);
      to.bytes(value);
    }
  }
  return to.take();
}

Result<void> TopicTable::restore(std::string_view snapshot) {
  commit::ByteReader from(snapshot);
  std::vector<Topic> restored;
  const auto next_id = from.number<uint64_t>();
  for (auto left = from.count(kTopicBytesMin); left > 0; --left) {
    Topic topic;
    topic.id = TopicId(from.number<uint64_t>());
    topic.name = from.bytes();
    topic.partitions = from.number<uint32_t>();
    for (auto settings = from.count(kSettingBytesMin); settings > 0; --settings) {
      std::string key(from.bytes());
      topic.config[std::move(key)] = from.bytes();
    }
    restored.push_back(std::move(topic));
  }
  if (!from.finished()) {
    return Error(ErrorCode::kRingDamaged, "the checkpoint's table of topics is not readable");
  }
  {
    const std::lock_guard lock(mutex_);
    next_id_ = next_id;
    recent_.clear();
    ++moment_;
    for (const Topic& topic : restored) {
      by_name_[topic.name] = topic.id;
      topics_[topic.id] = topic;
      note_settings(topic);
    }
  }
  for (const Topic& topic : restored) on_partitions(topic);
  return {};
}

Result<Topic> TopicTable::find(std::string_view name) const {
  const std::lock_guard lock(mutex_);
  const auto found = by_name_.find(name);
  if (found == by_name_.end()) return not_found(fmt::format("'{}'", name));
  return topics_.at(found->second);
}

Result<Topic> TopicTable::find(TopicId topic) const {
  const std::lock_guard lock(mutex_);
  const auto found = topics_.find(topic);
  if (found == topics_.end()) return not_found(fmt::format("with id {}", topic.value()));
  return found->second;
}

bool TopicTable::any_retention() const {
  const std::lock_guard lock(mutex_);
  return !with_retention_.empty();
}

std::vector<Topic> TopicTable::with_retention() const {
  const std::lock_guard lock(mutex_);
  std::vector<Topic> topics;
  for (const TopicId id : with_retention_) topics.push_back(topics_.at(id));
  return topics;
}

bool TopicTable::any_compaction() const {
  const std::lock_guard lock(mutex_);
  return !with_compaction_.empty();
}

bool TopicTable::compacted(TopicId topic) const {
  const std::lock_guard lock(mutex_);
  return with_compaction_.contains(topic);
}

std::vector<Topic> TopicTable::with_compaction() const {
  const std::lock_guard lock(mutex_);
  std::vector<Topic> topics;
  for (const TopicId id : with_compaction_) topics.push_back(topics_.at(id));
  return topics;
}

void TopicTable::note_settings(const Topic& topic) {
  with_retention_.erase(topic.id);
  with_compaction_.erase(topic.id);
  if (retention_of(topic, defaults_)) with_retention_.insert(topic.id);
  if (compaction_of(topic, defaults_)) with_compaction_.insert(topic.id);
}

void TopicTable::set_defaults(commit::TopicDefaults defaults) {
  const std::lock_guard lock(mutex_);
  if (defaults == defaults_) return;
  defaults_ = defaults;
  for (const auto& [id, topic] : topics_) note_settings(topic);
}

SegmentLimits TopicTable::segment_limits(TopicId topic) const {
  const std::lock_guard lock(mutex_);
  const auto found = topics_.find(topic);
  return found == topics_.end() ? SegmentLimits() : segment_limits_of(found->second);
}

commit::TopicDefaults TopicTable::defaults() const {
  const std::lock_guard lock(mutex_);
  return defaults_;
}

std::vector<Topic> TopicTable::list() const {
  const std::lock_guard lock(mutex_);
  return all();
}

commit::TopicChanges TopicTable::changes(uint64_t moment) const {
  const std::lock_guard lock(mutex_);
  commit::TopicChanges changes{.moment = moment_};
  if (moment > moment_ || moment_ - moment > recent_.size()) {
    changes.all = true;
    changes.changed = all();
    return changes;
  }
  const std::set<TopicId> ids(recent_.end() - static_cast<ptrdiff_t>(moment_ - moment),
                              recent_.end());
  for (const TopicId id : ids) {
    if (const auto found = topics_.find(id); found != topics_.end()) {
      changes.changed.push_back(found->second);
    } else {
      changes.removed.push_back(id);
    }
  }
  return changes;
}

std::vector<Topic> TopicTable::all() const {
  std::vector<Topic> topics;
  topics.reserve(by_name_.size());
  for (const auto& [name, id] : by_name_) topics.push_back(topics_.at(id));
  return topics;
}

}  // namespace millrace::log
