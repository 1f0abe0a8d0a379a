#include "broker/settings/broker_settings.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <iterator>
#include <utility>

#include "base/assert.h"

namespace millrace::broker {
namespace {

using enum SettingType;

constexpr std::string_view kOfTopics = "What holds for topics that do not say otherwise.";
constexpr std::string_view kStart = "";  // no synonym
constexpr bool kFixed = true;
constexpr std::string_view kMinLag = "log.cleaner.min.compaction.lag.ms";
constexpr std::string_view kMaxLag = "log.cleaner.max.compaction.lag.ms";

constexpr Setting kSettings[] = {
    {"advertised.listeners", kString, "", "", 0, -1, kStart,
     "Where clients are told to connect; empty: where they came by.", kFixed},
    {"auto.create.topics.enable", kBoolean, "true", "", 0, -1, kStart,
     "Whether a topic is made when a client asks for one that is not there."},
    {"broker.id", kInt, "1", "", 0, kIntMax, kStart, "The number of the broker.", kFixed},
    {"compression.gzip.level", kInt, "-1", "", -1, 9, kStart, kOfTopics, kFixed},
    {"compression.lz4.level", kInt, "9", "", 1, 17, kStart, kOfTopics, kFixed},
    {"compression.type", kString, "producer", "uncompressed|zstd|lz4|snappy|gzip|producer", 0, -1,
     kStart, kOfTopics, kFixed},
    {"compression.zstd.level", kInt, "3", "", -131072, 22, kStart, kOfTopics, kFixed},
    {"connections.max.idle.ms", kLong, "600000", "", 1, kLongMax / 1'000'000, kStart,
     "How long a client may be silent before it is disconnected.", kFixed},
    {"default.replication.factor", kInt, "1", "", 1, kIntMax, kStart,
     "Of topics that do not say; there is one replica."},
    {"delete.topic.enable", kBoolean, "true", "", 0, -1, kStart,
     "Whether clients may delete topics."},
    {"follower.replication.throttled.rate", kLong, "9223372036854775807", "", 0, kLongMax, kStart,
     "Kept; there is one replica."},
    {"group.initial.rebalance.delay.ms", kInt, "0", "", 0, kIntMax, kStart,
     "How long the first member of an empty group waits for others.", kFixed},
    {"group.max.session.timeout.ms", kInt, "1800000", "", 1, kIntMax, kStart,
     "The longest session timeout that a member may ask for.", kFixed},
    {"group.max.size", kInt, "10000", "", 1, kIntMax, kStart, "How many members a group may have.",
     kFixed},
    {"group.min.session.timeout.ms", kInt, "6000", "", 1, kIntMax, kStart,
     "The shortest session timeout that a member may ask for.", kFixed},
    {"leader.replication.throttled.rate", kLong, "9223372036854775807", "", 0, kLongMax, kStart,
     "Kept; there is one replica."},
    {"listeners", kString, "", "", 0, -1, kStart, "Where the broker listens.", kFixed},
    {"log.cleaner.delete.retention.ms", kLong, "86400000", "", 0, kLongMax, kStart, kOfTopics},
    {"log.cleaner.enable", kBoolean, "true", "", 0, -1, kStart,
     "Whether topics are compacted at all, those of groups and transactions among them.", kFixed},
    {kMaxLag, kLong, "9223372036854775807", "", 1, kLongMax, kStart, kOfTopics},
    {"log.cleaner.min.cleanable.ratio", kDouble, "0.5", "", 0, 1, kStart, kOfTopics},
    {kMinLag, kLong, "0", "", 0, kLongMax, kStart, kOfTopics},
    {"log.cleanup.policy", kList, "delete", "delete|compact", 0, -1, kStart, kOfTopics},
    {"log.dirs", kString, "", "", 0, -1, kStart, "The data directory.", kFixed},
    {"log.flush.interval.messages", kLong, "9223372036854775807", "", 1, kLongMax, kStart,
     kOfTopics, kFixed},
    {"log.flush.interval.ms", kLong, "9223372036854775807", "", 0, kLongMax, kStart, kOfTopics,
     kFixed},
    {"log.index.interval.bytes", kInt, "4096", "", 0, kIntMax, kStart, kOfTopics, kFixed},
    {"log.index.size.max.bytes", kInt, "10485760", "", 4, kIntMax, kStart, kOfTopics, kFixed},
    {"log.local.retention.bytes", kLong, "-2", "", -2, kLongMax, kStart, kOfTopics, kFixed},
    {"log.local.retention.ms", kLong, "-2", "", -2, kLongMax, kStart, kOfTopics, kFixed},
    {"log.message.timestamp.after.max.ms", kLong, "3600000", "", 0, kLongMax, kStart, kOfTopics},
    {"log.message.timestamp.before.max.ms", kLong, "9223372036854775807", "", 0, kLongMax, kStart,
     kOfTopics},
    {"log.message.timestamp.type", kString, "CreateTime", "CreateTime|LogAppendTime", 0, -1, kStart,
     kOfTopics},
    {"log.preallocate", kBoolean, "false", "", 0, -1, kStart, kOfTopics, kFixed},
    {"log.retention.bytes", kLong, "-1", "", -1, kLongMax, kStart, kOfTopics},
    {"log.retention.hours", kInt, "168", "", -1, kIntMax, kStart,
     "log.retention.ms in hours; holds where neither minutes nor milliseconds are set.", kFixed},
    {"log.retention.minutes", kInt, "", "", -1, kIntMax, kStart,
     "log.retention.ms in minutes; holds where no milliseconds are set.", kFixed},
    {"log.retention.ms", kLong, "604800000", "", -1, kLongMax, kStart, kOfTopics},
    {"log.roll.hours", kInt, "168", "", 1, kIntMax, kStart,
     "log.roll.ms in hours; holds where no milliseconds are set.", kFixed},
    {"log.roll.jitter.hours", kInt, "0", "", 0, kIntMax, kStart,
     "log.roll.jitter.ms in hours; holds where no milliseconds are set.", kFixed},
    {"log.roll.jitter.ms", kLong, "0", "", 0, kLongMax, kStart, kOfTopics, kFixed},
    {"log.roll.ms", kLong, "604800000", "", 1, kLongMax, kStart, kOfTopics, kFixed},
    {"log.segment.bytes", kInt, "1073741824", "", 14, kIntMax, kStart, kOfTopics, kFixed},
    {"log.segment.delete.delay.ms", kLong, "60000", "", 0, kLongMax, kStart, kOfTopics, kFixed},
    {"max.connections", kInt, "10000", "", 0, kIntMax, kStart,
     "How many clients a listener serves at once; more are disconnected.", kFixed},
    {"max.connections.per.ip", kInt, "2147483647", "", 0, kIntMax, kStart,
     "How many of them may come from one address.", kFixed},
    {"max.incremental.fetch.session.cache.slots", kInt, "1000", "", 1, kIntMax, kStart,
     "How many fetch sessions are kept.", kFixed},
    {"max.request.partition.size.limit", kInt, "2000", "", 1, kIntMax, kStart,
     "How many partitions one answer to DescribeTopicPartitions has.", kFixed},
    {"message.max.bytes", kInt, "1048588", "", 0, kIntMax, kStart, kOfTopics},
    {"min.insync.replicas", kInt, "1", "", 1, kIntMax, kStart, kOfTopics, kFixed},
    {"node.id", kInt, "1", "", 0, kIntMax, kStart, "The number of the broker.", kFixed},
    {"num.partitions", kInt, "1", "", 1, 10000, kStart, "Of topics that do not say."},
    {"offset.metadata.max.bytes", kInt, "4096", "", 0, kIntMax, kStart,
     "How much text may stand with a committed offset.", kFixed},
    {"offsets.retention.check.interval.ms", kLong, "600000", "", 1, kLongMax, kStart,
     "How often old offsets are looked for.", kFixed},
    {"offsets.retention.minutes", kInt, "10080", "", 1, kIntMax, kStart,
     "How long offsets are kept after their group became empty.", kFixed},
    {"offsets.topic.num.partitions", kInt, "1", "", 1, kIntMax, kStart,
     "Of the topic of committed offsets, when it is made.", kFixed},
    {"offsets.topic.replication.factor", kInt, "1", "", 1, kIntMax, kStart,
     "Kept; there is one replica.", kFixed},
    {"process.roles", kList, "broker,controller", "broker|controller", 0, -1, kStart,
     "One node is both.", kFixed},
    {"producer.id.expiration.ms", kInt, "86400000", "", 1, kIntMax, kStart,
     "How long a partition remembers a producer that is silent.", kFixed},
    {"queued.max.request.bytes", kLong, "536870912", "", 1, kLongMax, kStart,
     "What connections hold together of requests without an answer and answers that were not "
     "taken; "
     "above it they are read from in turn. At least twice the largest request.",
     kFixed},
    {"replica.alter.log.dirs.io.max.bytes.per.second", kLong, "9223372036854775807", "", 0,
     kLongMax, kStart, "Kept; there is one folder."},
    {"replication.factor.clamp", kBoolean, "true", "", 0, -1, kStart,
     "Whether a topic that asks for more than one replica gets one, instead of an error."},
    {"socket.request.max.bytes", kInt, "104857600", "", 1, kIntMax, kStart, "The largest request.",
     kFixed},
    {"transaction.abort.timed.out.transaction.cleanup.interval.ms", kInt, "10000", "", 1, kIntMax,
     kStart, "How often transactions that were left open are looked for.", kFixed},
    {"transaction.max.timeout.ms", kInt, "900000", "", 1, kIntMax, kStart,
     "The longest timeout that a transaction may ask for.", kFixed},
    {"transaction.remove.expired.transaction.cleanup.interval.ms", kInt, "3600000", "", 1, kIntMax,
     kStart, "How often transactional ids that are not used any more are looked for.", kFixed},
    {"transaction.state.log.num.partitions", kInt, "1", "", 1, kIntMax, kStart,
     "Of the topic of transactions, when it is made.", kFixed},
    {"transaction.state.log.replication.factor", kInt, "1", "", 1, kIntMax, kStart,
     "Kept; there is one replica.", kFixed},
    {"transactional.id.expiration.ms", kInt, "604800000", "", 1, kIntMax, kStart,
     "How long a transactional id is remembered that is not used.", kFixed},
    {"unclean.leader.election.enable", kBoolean, "false", "", 0, -1, kStart, kOfTopics, kFixed},
};

// A setting in milliseconds that can be given in a coarser unit; the finest one that is set holds.
struct Coarser {
  std::string_view name;
  std::string_view coarser;
  int64_t unit_ms;
};
constexpr Coarser kCoarser[] = {
    {"log.retention.ms", "log.retention.minutes", 60'000},
    {"log.retention.ms", "log.retention.hours", 3'600'000},
    {"log.roll.jitter.ms", "log.roll.jitter.hours", 3'600'000},
    {"log.roll.ms", "log.roll.hours", 3'600'000},
};

template <class Number>
Number parsed(const std::string& text) {
  Number number{};
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

std::string in_ms(const std::string& text, int64_t unit_ms) {
  const auto number = parsed<int64_t>(text);
  return std::to_string(number < 0 ? -1 : number * unit_ms);
}

// What was set at run time for one broker, and for all.
struct RunTimeValues {
  SettingValues this_broker;
  SettingValues all_brokers;
};

std::vector<SettingValue> layered(std::string_view name, const RunTimeValues& at_run_time,
                                  const SettingValues& started_with) {
  const Setting* setting = find_setting(kSettings, name);
  MILLRACE_ASSERT(setting != nullptr);
  const std::string key(name);
  std::vector<SettingValue> values;
  const auto look = [&](const SettingValues& in, SettingSource source) {
    if (const auto found = in.find(key); found != in.end()) {
      values.push_back({key, found->second, source});
    }
  };
  if (!setting->fixed) {
    look(at_run_time.this_broker, SettingSource::kThisBroker);
    look(at_run_time.all_brokers, SettingSource::kAllBrokers);
  }
  look(started_with, SettingSource::kStart);
  for (const Coarser& other : kCoarser) {
    if (other.name != name) continue;
    const auto found = started_with.find(std::string(other.coarser));
    if (found == started_with.end()) continue;
    values.push_back({key, in_ms(found->second, other.unit_ms), SettingSource::kStart});
  }
  values.push_back({key, std::string(setting->default_value), SettingSource::kDefault});
  return values;
}

Result<void> check_together(const RunTimeValues& at_run_time, const SettingValues& started_with) {
  const auto value = [&](std::string_view name) {
    return layered(name, at_run_time, started_with).front();
  };
  return check_in_order(value(kMinLag), value(kMaxLag));
}

}  // namespace

std::span<const Setting> broker_settings_table() {
  return kSettings;
}

Result<void> check_broker_setting(std::string_view name, std::string_view value) {
  constexpr std::string_view kTold[] = {
      "advertised.listeners", "broker.id", "listeners", "log.dirs", "node.id", "process.roles"};
  if (std::ranges::find(kTold, name) != std::end(kTold)) {
    return Error(ErrorCode::kInvalidOptionValue, "it follows from other options")
        .at(std::string(name));
  }
  return check_setting(kSettings, "a broker", name, value);
}

Result<void> check_broker_settings_together(const SettingValues& started_with) {
  return check_together({}, started_with);
}

Result<void> check_in_order(const SettingValue& lower, const SettingValue& upper) {
  if (parsed<int64_t>(lower.text) <= parsed<int64_t>(upper.text)) return {};
  return Error(ErrorCode::kInvalidOptionValue,
               fmt::format("{} is more than {} has, {}", lower.text, upper.name, upper.text))
      .at(lower.name);
}

BrokerSettings::BrokerSettings(const SettingsTable& table, const Cluster& cluster,
                               SettingValues started_with)
    : table_(table),
      node_(std::to_string(cluster.node_id)),
      started_with_(std::move(started_with)) {
  started_with_["broker.id"] = node_;
  started_with_["node.id"] = node_;
}

std::vector<SettingValue> BrokerSettings::values(std::string_view name) const {
  return layered(name,
                 {.this_broker = table_.find(ResourceType::kBroker, node_),
                  .all_brokers = table_.find(ResourceType::kBroker, "")},
                 started_with_);
}

Result<void> BrokerSettings::check_changes(std::string_view broker,
                                           const SettingChanges& changes) const {
  const auto touches = [&](std::string_view name) { return changes.contains(std::string(name)); };
  if (!touches(kMinLag) && !touches(kMaxLag)) return {};
  RunTimeValues after{.this_broker = table_.find(ResourceType::kBroker, node_),
                      .all_brokers = table_.find(ResourceType::kBroker, "")};
  SettingValues& changed = broker.empty() ? after.all_brokers : after.this_broker;
  for (const auto& [name, value] : changes) {
    if (value) {
      changed[name] = *value;
    } else {
      changed.erase(name);
    }
  }
  return check_together(after, started_with_);
}

std::string BrokerSettings::text(std::string_view name) const {
  return std::move(values(name).front().text);
}

int64_t BrokerSettings::number(std::string_view name) const {
  return parsed<int64_t>(text(name));
}

double BrokerSettings::ratio(std::string_view name) const {
  return parsed<double>(text(name));
}

}  // namespace millrace::broker
