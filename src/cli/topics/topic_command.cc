#include "cli/topics/topic_command.h"

#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <span>
#include <utility>

#include "cli/kafka_client/cluster.h"
#include "cli/kafka_client/group_admin.h"
#include "cli/kafka_client/log_dirs.h"
#include "cli/kafka_client/topic_admin.h"
#include "cli/output.h"
#include "cli/rows/result_tables.h"
#include "cli/topics/admin_client.h"

namespace millrace::cli {
namespace {

std::string joined(const std::vector<int32_t>& numbers) {
  std::string text;
  for (const int32_t number : numbers) {
    text += text.empty() ? fmt::format("{}", number) : fmt::format(",{}", number);
  }
  return text;
}

data::Value value_of(const std::optional<int64_t>& number) {
  return number ? data::Value(*number) : data::Value();
}

Result<std::vector<KnownTopic>> topics_to_list(const Cluster& cluster,
                                               const TopicOptions& options) {
  if (!options.names.empty()) return find_topics(cluster, options.names, options.patterns);
  std::vector<KnownTopic> topics;
  for (const KnownTopic& topic : cluster.topics) {
    if (options.internal || !topic.internal()) topics.push_back(topic);
  }
  return topics;
}

// How many offsets lie between start and end; NULL where a partition did not tell.
data::Value records_in(std::span<const Result<PartitionBounds>> bounds) {
  int64_t records = 0;
  for (const auto& bound : bounds) {
    if (!bound) return {};
    records += bound->end - bound->start;
  }
  return records;
}

Result<void> print_topics(io::World world, const TopicOptions& options) {
  const OutputFormat format = MILLRACE_TRY(parse_output_format(options.output));
  const AdminClient client = MILLRACE_TRY(AdminClient::open(world, options.target));
  const Cluster cluster = MILLRACE_TRY(read_cluster(*client.handle));
  const auto topics = MILLRACE_TRY(topics_to_list(cluster, options));
  std::vector<TopicPartition> partitions;
  for (const KnownTopic& topic : topics) {
    const auto own = partitions_of(topic);
    partitions.insert(partitions.end(), own.begin(), own.end());
  }
  const auto bounds = MILLRACE_TRY(bounds_of(*client.handle, partitions));
  ResultTable table{.columns = {text_column("topic"), number_column("partitions"),
                                number_column("replicas"), number_column("records")},
                    .rows = {}};
  size_t at = 0;
  for (const KnownTopic& topic : topics) {
    const size_t count = topic.partitions.size();
    const size_t replicas = count == 0 ? 0 : topic.partitions.front().replicas.size();
    table.rows.push_back({topic.name, static_cast<int64_t>(count), static_cast<int64_t>(replicas),
                          records_in(std::span(bounds).subspan(at, count))});
    at += count;
  }
  print_tables(format, std::span(&table, 1));
  return {};
}

ResultTable partition_table(const KnownTopic& topic,
                            const std::vector<Result<PartitionBounds>>& bounds,
                            const std::map<TopicPartition, int64_t>& sizes) {
  ResultTable table{
      .columns = {number_column("partition"), number_column("leader"), text_column("replicas"),
                  text_column("in_sync"), number_column("start"), number_column("end"),
                  number_column("bytes")},
      .rows = {}};
  for (size_t at = 0; at < topic.partitions.size(); ++at) {
    const KnownPartition& partition = topic.partitions[at];
    const auto size = sizes.find({topic.name, partition.index});
    table.rows.push_back(
        {int64_t{partition.index},
         partition.leader < 0 ? data::Value() : data::Value(int64_t{partition.leader}),
         joined(partition.replicas), joined(partition.in_sync),
         bounds[at] ? data::Value(bounds[at]->start) : data::Value(),
         bounds[at] ? data::Value(bounds[at]->end) : data::Value(),
         value_of(size == sizes.end() ? std::nullopt : std::optional(size->second))});
  }
  return table;
}

std::string counted(int64_t count, std::string_view noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

// How much the topic holds; bytes only where every partition tells.
std::string summary(const KnownTopic& topic, const std::vector<Result<PartitionBounds>>& bounds,
                    const std::map<TopicPartition, int64_t>& sizes) {
  int64_t records = 0;
  int64_t bytes = 0;
  for (const auto& bound : bounds) records += bound ? bound->end - bound->start : 0;
  for (const auto& [partition, size] : sizes) bytes += size;
  std::string text = topic.name + ": " +
                     counted(static_cast<int64_t>(topic.partitions.size()), "partition") + ", " +
                     counted(records, "record");
  if (sizes.size() == topic.partitions.size()) text += ", " + counted(bytes, "byte");
  return text;
}

// Groups that have committed offsets of the topic, and how far they are behind.
Result<ResultTable> group_table(KafkaHandle& client, const KnownTopic& topic,
                                const std::vector<Result<PartitionBounds>>& bounds) {
  ResultTable table{.columns = {text_column("group"), text_column("state"),
                                number_column("partitions"), number_column("lag")},
                    .rows = {}};
  const auto groups = MILLRACE_TRY(list_groups(client));
  for (const GroupListing& group : groups) {
    const auto committed = MILLRACE_TRY(committed_offsets(client, group.name));
    int64_t partitions = 0;
    int64_t lag = 0;
    for (const PartitionOffset& entry : committed) {
      const auto index = static_cast<size_t>(entry.partition.partition);
      if (entry.partition.topic != topic.name || index >= bounds.size()) continue;
      ++partitions;
      if (bounds[index]) lag += std::max<int64_t>(0, bounds[index]->end - entry.offset);
    }
    if (partitions > 0) table.rows.push_back({group.name, group.state, partitions, lag});
  }
  return table;
}

ResultTable setting_table(const std::vector<TopicSetting>& settings) {
  ResultTable table{
      .columns = {text_column("setting"), text_column("value"), text_column("origin")}, .rows = {}};
  for (const TopicSetting& setting : settings) {
    table.rows.push_back({setting.name, setting.value ? data::Value(*setting.value) : data::Value(),
                          std::string(to_string(setting.origin))});
  }
  return table;
}

Result<void> print_topic(io::World world, const TopicOptions& options) {
  const OutputFormat format = MILLRACE_TRY(parse_output_format(options.output));
  MILLRACE_TRY(check_only(options.only, {"partitions", "groups", "settings"}));
  const AdminClient client = MILLRACE_TRY(AdminClient::open(world, options.target));
  const Cluster cluster = MILLRACE_TRY(read_cluster(*client.handle));
  const KnownTopic topic = MILLRACE_TRY(find_topic(cluster, options.names.front()));
  const auto wanted = [&](std::string_view part) {
    return options.only.empty() || options.only == part;
  };
  std::vector<ResultTable> tables;
  std::vector<Result<PartitionBounds>> bounds;
  std::string last_words;
  if (wanted("partitions") || wanted("groups")) {
    bounds = MILLRACE_TRY(bounds_of(*client.handle, partitions_of(topic)));
  }
  if (wanted("partitions")) {
    const auto sizes = partition_sizes(world, client.target.client(), cluster, topic);
    tables.push_back(partition_table(topic, bounds, sizes));
    last_words = summary(topic, bounds, sizes);
  }
  if (wanted("groups")) {
    tables.push_back(MILLRACE_TRY(group_table(*client.handle, topic, bounds)));
  }
  if (wanted("settings")) {
    tables.push_back(setting_table(MILLRACE_TRY(topic_settings(*client.handle, topic.name))));
  }
  print_tables(format, tables);
  if (!last_words.empty()) write_err(last_words + "\n");
  return {};
}

}  // namespace

ExitCode list_topics(io::World world, const TopicOptions& options) {
  return conclude(print_topics(world, options));
}

ExitCode describe_topic(io::World world, const TopicOptions& options) {
  return conclude(print_topic(world, options));
}

}  // namespace millrace::cli
