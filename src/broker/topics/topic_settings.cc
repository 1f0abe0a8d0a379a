#include "broker/topics/topic_settings.h"

#include <algorithm>
#include <charconv>
#include <iterator>

namespace millrace::broker {
namespace {

using enum SettingType;

constexpr Setting kSettings[] = {
    {"cleanup.policy", kList, "delete", "delete|compact", 0, -1, "log.cleanup.policy",
     "What happens to old records: they go after the retention (delete), or only the newest of "
     "each "
     "key stays (compact), or both."},
    {"compression.gzip.level", kInt, "-1", "", -1, 9, "compression.gzip.level",
     "Kept; batches stay as producers compressed them."},
    {"compression.lz4.level", kInt, "9", "", 1, 17, "compression.lz4.level",
     "Kept; batches stay as producers compressed them."},
    {"compression.type", kString, "producer", "uncompressed|zstd|lz4|snappy|gzip|producer", 0, -1,
     "compression.type", "Kept; batches stay as producers compressed them."},
    {"compression.zstd.level", kInt, "3", "", -131072, 22, "compression.zstd.level",
     "Kept; batches stay as producers compressed them."},
    {"delete.retention.ms", kLong, "86400000", "", 0, kLongMax, "log.cleaner.delete.retention.ms",
     "How long a compacted topic keeps the deletion of a key."},
    {"file.delete.delay.ms", kLong, "60000", "", 0, kLongMax, "log.segment.delete.delay.ms",
     "Kept; files go with the next checkpoint."},
    {"flush.messages", kLong, "9223372036854775807", "", 1, kLongMax, "log.flush.interval.messages",
     "Kept; what is acknowledged with acks=all is on disk."},
    {"flush.ms", kLong, "9223372036854775807", "", 0, kLongMax, "log.flush.interval.ms",
     "Kept; what is acknowledged with acks=all is on disk."},
    {"follower.replication.throttled.replicas", kList, "", "", 0, -1, "",
     "Kept; there are no followers."},
    {"index.interval.bytes", kInt, "4096", "", 0, kIntMax, "log.index.interval.bytes",
     "Kept; the index has an entry for each run of batches."},
    {"leader.replication.throttled.replicas", kList, "", "", 0, -1, "",
     "Kept; there are no followers."},
    {"local.retention.bytes", kLong, "-2", "", -2, kLongMax, "log.local.retention.bytes",
     "Kept; there is no remote tier."},
    {"local.retention.ms", kLong, "-2", "", -2, kLongMax, "log.local.retention.ms",
     "Kept; there is no remote tier."},
    {"max.compaction.lag.ms", kLong, "9223372036854775807", "", 1, kLongMax,
     "log.cleaner.max.compaction.lag.ms", "After which time a record must have been compacted."},
    {"max.message.bytes", kInt, "1048588", "", 0, kIntMax, "message.max.bytes",
     "The largest batch that is taken."},
    {"message.timestamp.after.max.ms", kLong, "3600000", "", 0, kLongMax,
     "log.message.timestamp.after.max.ms",
     "How far a record's timestamp may lie ahead of the broker's clock."},
    {"message.timestamp.before.max.ms", kLong, "9223372036854775807", "", 0, kLongMax,
     "log.message.timestamp.before.max.ms",
     "How far a record's timestamp may lie behind the broker's clock."},
    {"message.timestamp.type", kString, "CreateTime", "CreateTime|LogAppendTime", 0, -1,
     "log.message.timestamp.type",
     "Whether a record's timestamp is the producer's or the "
     "broker's."},
    {"min.cleanable.dirty.ratio", kDouble, "0.5", "", 0, 1, "log.cleaner.min.cleanable.ratio",
     "How much of a compacted topic may be uncompacted before it is compacted again."},
    {"min.compaction.lag.ms", kLong, "0", "", 0, kLongMax, "log.cleaner.min.compaction.lag.ms",
     "How long a record stays uncompacted at least."},
    {"min.insync.replicas", kInt, "1", "", 1, kIntMax, "min.insync.replicas",
     "Kept; there is one replica, and it is in sync."},
    {"preallocate", kBoolean, "false", "", 0, -1, "log.preallocate",
     "Kept; files are always written ahead."},
    {"remote.log.copy.disable", kBoolean, "false", "", 0, -1, "", "Kept; there is no remote tier."},
    {"remote.log.delete.on.disable", kBoolean, "false", "", 0, -1, "",
     "Kept; there is no remote tier."},
    {"remote.storage.enable", kBoolean, "false", "false", 0, -1, "",
     "There is no remote tier: only false."},
    {"retention.bytes", kLong, "-1", "", -1, kLongMax, "log.retention.bytes",
     "How many bytes of a partition are kept; -1: all."},
    {"retention.ms", kLong, "604800000", "", -1, kLongMax, "log.retention.ms",
     "How long records are kept; -1: for ever."},
    {"segment.bytes", kInt, "1073741824", "", 14, kIntMax, "log.segment.bytes",
     "The largest batch, too: a batch lies in one segment."},
    {"segment.index.bytes", kInt, "10485760", "", 4, kIntMax, "log.index.size.max.bytes",
     "Kept; indexes grow as needed."},
    {"segment.jitter.ms", kLong, "0", "", 0, kLongMax, "log.roll.jitter.ms",
     "Kept; segments are cut by the settling of the log."},
    {"segment.ms", kLong, "604800000", "", 1, kLongMax, "log.roll.ms",
     "Kept; segments are cut by the settling of the log."},
    {"unclean.leader.election.enable", kBoolean, "false", "", 0, -1,
     "unclean.leader.election.enable", "Kept; there is one replica."},
};

std::string_view value_of(const std::map<std::string, std::string>& config, std::string_view name) {
  const auto found = config.find(std::string(name));
  if (found != config.end()) return found->second;
  return find_topic_setting(name)->default_value;
}

int64_t number_of(const std::map<std::string, std::string>& config, std::string_view name) {
  const std::string_view text = value_of(config, name);
  int64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

bool has_word(std::string_view list, std::string_view word) {
  const auto words = words_of(list);
  return std::ranges::find(words, word) != words.end();
}

}  // namespace

std::span<const Setting> topic_settings() {
  return kSettings;
}

const Setting* find_topic_setting(std::string_view name) {
  return find_setting(kSettings, name);
}

Result<void> check_topic_setting(std::string_view name, std::string_view value) {
  return check_setting(kSettings, "a topic", name, value);
}

std::vector<SettingValue> topic_values(const Setting& setting, const SettingValues& config,
                                       const BrokerSettings& broker) {
  const std::string name(setting.name);
  std::vector<SettingValue> values;
  if (const auto own = config.find(name); own != config.end()) {
    values.push_back({name, own->second, SettingSource::kTopic});
  }
  if (setting.synonym.empty()) {
    values.push_back({name, std::string(setting.default_value), SettingSource::kDefault});
  } else {
    std::ranges::move(broker.values(setting.synonym), std::back_inserter(values));
  }
  return values;
}

Result<void> check_topic_settings(const SettingValues& config, const BrokerSettings& broker) {
  for (const auto& [name, value] : config) MILLRACE_TRY(check_topic_setting(name, value));
  const auto value = [&](std::string_view name) {
    return topic_values(*find_topic_setting(name), config, broker).front();
  };
  return check_in_order(value("min.compaction.lag.ms"), value("max.compaction.lag.ms"));
}

SettingValues topic_defaults(const BrokerSettings& broker) {
  SettingValues defaults;
  for (const Setting& setting : kSettings) {
    if (setting.synonym.empty()) continue;
    defaults.emplace(setting.name, broker.text(setting.synonym));
  }
  return defaults;
}

commit::TopicDefaults log_defaults(const BrokerSettings& broker) {
  const std::string policy = broker.text("log.cleanup.policy");
  commit::TopicDefaults defaults{
      .retention_ms = {},
      .retention_bytes = {},
      .deletes = has_word(policy, "delete"),
      .compacts = has_word(policy, "compact"),
      .delete_retention_ms = broker.number("log.cleaner.delete.retention.ms"),
      .min_compaction_lag_ms = broker.number("log.cleaner.min.compaction.lag.ms"),
      .max_compaction_lag_ms = broker.number("log.cleaner.max.compaction.lag.ms"),
      .dirty_ratio_min = broker.ratio("log.cleaner.min.cleanable.ratio"),
      .compaction = broker.flag("log.cleaner.enable"),
  };
  if (const int64_t ms = broker.number("log.retention.ms"); ms >= 0) defaults.retention_ms = ms;
  if (const int64_t bytes = broker.number("log.retention.bytes"); bytes >= 0) {
    defaults.retention_bytes = static_cast<uint64_t>(bytes);
  }
  return defaults;
}

TopicLimits read_topic_limits(const std::map<std::string, std::string>& config) {
  const std::string_view policy = value_of(config, "cleanup.policy");
  return {
      .message_bytes_max = static_cast<uint32_t>(number_of(config, "max.message.bytes")),
      .segment_bytes = static_cast<uint32_t>(number_of(config, "segment.bytes")),
      .timestamp_before_ms_max = number_of(config, "message.timestamp.before.max.ms"),
      .timestamp_after_ms_max = number_of(config, "message.timestamp.after.max.ms"),
      .log_append_time = value_of(config, "message.timestamp.type") == "LogAppendTime",
      .compacted = has_word(policy, "compact"),
      .deleted = has_word(policy, "delete"),
      .compression = std::string(value_of(config, "compression.type")),
  };
}

}  // namespace millrace::broker
