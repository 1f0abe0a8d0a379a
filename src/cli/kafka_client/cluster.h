#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "cli/kafka_client/kafka_handle.h"

namespace millrace::cli {

struct KnownPartition {
  int32_t index = 0;
  int32_t leader = -1;  // -1: none at the moment
  std::vector<int32_t> replicas;
  std::vector<int32_t> in_sync;
};

struct KnownTopic {
  std::string name;
  std::vector<KnownPartition> partitions;  // by index
  // What servers keep for themselves.
  bool internal() const { return name.starts_with("__"); }
};

struct KnownBroker {
  int32_t id = 0;
  std::string host;
  uint16_t port = 0;
};

// What the servers say is there. A plain value.
struct Cluster {
  std::vector<KnownTopic> topics;  // by name
  std::vector<KnownBroker> brokers;
};
// Failure: as KafkaHandle::reach.
Result<Cluster> read_cluster(KafkaHandle& client);

// Failure: kTopicNotFound with the nearest name.
Result<KnownTopic> find_topic(const Cluster& cluster, std::string_view name);
// By names, or by patterns (RE2) that a whole name must match; each topic once. Internal topics are
// matched by names only. Failure: kTopicNotFound: one is not there, or no topic matches;
// kInvalidOption: no pattern.
Result<std::vector<KnownTopic>> find_topics(const Cluster& cluster,
                                            const std::vector<std::string>& names, bool patterns);

// Failure: kTopicNotFound: the topic has no such partition.
Result<void> check_partition(const KnownTopic& topic, std::optional<int32_t> partition);

struct TopicPartition {
  std::string topic;
  int32_t partition = 0;
  friend auto operator<=>(const TopicPartition&, const TopicPartition&) = default;
  // "orders-0".
  std::string to_string() const;
};
struct PartitionOffset {
  TopicPartition partition;
  int64_t offset = -1;
};
std::vector<TopicPartition> partitions_of(const KnownTopic& topic);

// Moments besides times in ms since 1970.
inline constexpr int64_t kEarliest = -2;
inline constexpr int64_t kLatest = -1;  // what a reader would get next
// The first offset at or behind the moment, for each partition; -1: there is none yet. Failure: of
// the call; in place of an offset: of its partition.
Result<std::vector<Result<int64_t>>> offsets_at(KafkaHandle& client,
                                                std::span<const TopicPartition> partitions,
                                                int64_t moment);

// Where each partition starts and ends.
struct PartitionBounds {
  int64_t start = 0;
  int64_t end = 0;
};
Result<std::vector<Result<PartitionBounds>>> bounds_of(KafkaHandle& client,
                                                       std::span<const TopicPartition> partitions);

}  // namespace millrace::cli
