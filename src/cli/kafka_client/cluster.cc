#include "cli/kafka_client/cluster.h"

#include <fmt/core.h>
#include <librdkafka/rdkafka.h>
#include <re2/re2.h>

#include <algorithm>

#include "base/nearest.h"
#include "cli/kafka_client/kafka_error.h"
#include "cli/kafka_client/partition_list.h"

namespace millrace::cli {
namespace {

KnownTopic topic_of(const rd_kafka_metadata_topic& told) {
  KnownTopic topic{.name = told.topic, .partitions = {}};
  for (int at = 0; at < told.partition_cnt; ++at) {
    const rd_kafka_metadata_partition& partition = told.partitions[at];
    topic.partitions.push_back(
        {.index = partition.id,
         .leader = partition.leader,
         .replicas = {partition.replicas, partition.replicas + partition.replica_cnt},
         .in_sync = {partition.isrs, partition.isrs + partition.isr_cnt}});
  }
  std::ranges::sort(topic.partitions, {}, &KnownPartition::index);
  return topic;
}

Error not_found(const Cluster& cluster, std::string_view name) {
  std::vector<std::string_view> names;
  for (const KnownTopic& known : cluster.topics) {
    if (!known.internal()) names.push_back(known.name);
  }
  Error error(ErrorCode::kTopicNotFound, fmt::format("there is no topic '{}'", name));
  if (!nearest_name(name, names).empty()) {
    return std::move(error).remedy(nearest_remedy(name, names));
  }
  return std::move(error).remedy(fmt::format(
      "`millrace topic list` shows which there are, `millrace topic create {}` makes it.", name));
}

}  // namespace

std::string TopicPartition::to_string() const {
  return fmt::format("{}-{}", topic, partition);
}

std::vector<TopicPartition> partitions_of(const KnownTopic& topic) {
  std::vector<TopicPartition> partitions;
  for (const KnownPartition& partition : topic.partitions) {
    partitions.push_back({topic.name, partition.index});
  }
  return partitions;
}

Result<Cluster> read_cluster(KafkaHandle& client) {
  MILLRACE_TRY(client.reach());
  const rd_kafka_metadata_t* told = nullptr;
  const auto code = rd_kafka_metadata(client.get(), 1, nullptr, &told, client.answer_ms());
  client.poll(0);
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return client.failure(code);
  Cluster cluster;
  for (int at = 0; at < told->topic_cnt; ++at) {
    cluster.topics.push_back(topic_of(told->topics[at]));
  }
  for (int at = 0; at < told->broker_cnt; ++at) {
    const rd_kafka_metadata_broker& broker = told->brokers[at];
    cluster.brokers.push_back({broker.id, broker.host, static_cast<uint16_t>(broker.port)});
  }
  rd_kafka_metadata_destroy(told);
  std::ranges::sort(cluster.topics, {}, &KnownTopic::name);
  return cluster;
}

Result<KnownTopic> find_topic(const Cluster& cluster, std::string_view name) {
  const auto found = std::ranges::lower_bound(cluster.topics, name, {}, &KnownTopic::name);
  if (found == cluster.topics.end() || found->name != name) return not_found(cluster, name);
  return *found;
}

Result<void> check_partition(const KnownTopic& topic, std::optional<int32_t> partition) {
  const auto count = static_cast<int32_t>(topic.partitions.size());
  if (!partition || (*partition >= 0 && *partition < count)) return {};
  return Error(ErrorCode::kTopicNotFound,
               fmt::format("topic '{}' has no partition {}", topic.name, *partition))
      .at("--partition")
      .remedy(count == 1 ? "It has only partition 0." : fmt::format("It has 0 to {}.", count - 1));
}

Result<std::vector<KnownTopic>> find_topics(const Cluster& cluster,
                                            const std::vector<std::string>& names, bool patterns) {
  std::vector<KnownTopic> found;
  const auto add = [&](const KnownTopic& topic) {
    if (std::ranges::find(found, topic.name, &KnownTopic::name) == found.end()) {
      found.push_back(topic);
    }
  };
  for (const std::string& name : names) {
    if (!patterns) {
      add(MILLRACE_TRY(find_topic(cluster, name)));
      continue;
    }
    const re2::RE2 pattern(name, re2::RE2::Quiet);
    if (!pattern.ok()) {
      return Error(ErrorCode::kInvalidOption,
                   fmt::format("'{}' is no pattern: {}", name, pattern.error()))
          .at("--regex");
    }
    bool any = false;
    for (const KnownTopic& topic : cluster.topics) {
      if (topic.internal() || !re2::RE2::FullMatch(topic.name, pattern)) continue;
      add(topic);
      any = true;
    }
    if (!any) {
      return Error(ErrorCode::kTopicNotFound,
                   fmt::format("no topic's whole name matches '{}'", name))
          .at("--regex")
          .remedy("`millrace topic list` lists the names; 'orders.*' matches what begins so.");
    }
  }
  return found;
}

Result<std::vector<Result<int64_t>>> offsets_at(KafkaHandle& client,
                                                std::span<const TopicPartition> partitions,
                                                int64_t moment) {
  std::vector<Result<int64_t>> offsets;
  if (partitions.empty()) return offsets;
  const PartitionList list = make_partition_list(partitions, moment);
  const auto code = rd_kafka_offsets_for_times(client.get(), list.get(), client.answer_ms());
  client.poll(0);
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return client.failure(code);
  for (const TopicPartition& wanted : partitions) {
    const auto* answer =
        rd_kafka_topic_partition_list_find(list.get(), wanted.topic.c_str(), wanted.partition);
    if (answer->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
      offsets.emplace_back(client.failure(answer->err).at(wanted.to_string()));
    } else {
      offsets.emplace_back(answer->offset);
    }
  }
  return offsets;
}

Result<std::vector<Result<PartitionBounds>>> bounds_of(KafkaHandle& client,
                                                       std::span<const TopicPartition> partitions) {
  const auto starts = MILLRACE_TRY(offsets_at(client, partitions, kEarliest));
  const auto ends = MILLRACE_TRY(offsets_at(client, partitions, kLatest));
  std::vector<Result<PartitionBounds>> bounds;
  for (size_t at = 0; at < partitions.size(); ++at) {
    if (!starts[at]) {
      bounds.emplace_back(Error(starts[at].error()));
    } else if (!ends[at]) {
      bounds.emplace_back(Error(ends[at].error()));
    } else {
      bounds.emplace_back(PartitionBounds{*starts[at], *ends[at]});
    }
  }
  return bounds;
}

}  // namespace millrace::cli
