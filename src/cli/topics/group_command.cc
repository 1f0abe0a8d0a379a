#include "cli/topics/group_command.h"

#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <span>
#include <utility>

#include "cli/kafka_client/group_admin.h"
#include "cli/output.h"
#include "cli/records/start_offset.h"
#include "cli/rows/result_tables.h"
#include "cli/topics/admin_client.h"

namespace millrace::cli {
namespace {

Result<void> print_groups(io::World world, const GroupOptions& options) {
  const OutputFormat format = MILLRACE_TRY(parse_output_format(options.output));
  const AdminClient client = MILLRACE_TRY(AdminClient::open(world, options.target));
  const auto groups = MILLRACE_TRY(list_groups(*client.handle));
  ResultTable table{.columns = {text_column("group"), text_column("state")}, .rows = {}};
  for (const GroupListing& group : groups) table.rows.push_back({group.name, group.state});
  print_tables(format, std::span(&table, 1));
  return {};
}

// Where a group stands in a partition. Unknown is NULL.
struct Position {
  TopicPartition partition;
  std::optional<int64_t> committed;
  std::optional<int64_t> end;
  const GroupMember* member = nullptr;

  std::optional<int64_t> lag() const {
    if (!committed || !end) return std::nullopt;
    return std::max<int64_t>(0, *end - *committed);
  }
};

data::Value value_of(const std::optional<int64_t>& number) {
  return number ? data::Value(*number) : data::Value();
}

// Partitions with a committed offset, or that a member reads.
Result<std::vector<Position>> positions_of(KafkaHandle& client, const Group& group) {
  std::map<TopicPartition, Position> positions;
  const auto committed = MILLRACE_TRY(committed_offsets(client, group.name));
  for (const PartitionOffset& entry : committed) {
    positions[entry.partition].committed = entry.offset;
  }
  for (const GroupMember& member : group.members) {
    for (const TopicPartition& partition : member.assigned) positions[partition].member = &member;
  }
  std::vector<TopicPartition> partitions;
  for (const auto& [partition, position] : positions) partitions.push_back(partition);
  // A topic may have been deleted since: its ends are not known then.
  const auto ends = MILLRACE_TRY(offsets_at(client, partitions, kLatest));
  std::vector<Position> found;
  for (size_t at = 0; at < partitions.size(); ++at) {
    Position& position = found.emplace_back(positions[partitions[at]]);
    position.partition = partitions[at];
    if (ends[at]) position.end = *ends[at];
  }
  return found;
}

ResultTable summary_table(const Group& group, const std::vector<Position>& positions) {
  int64_t lag = 0;
  for (const Position& position : positions) lag += position.lag().value_or(0);
  return {.columns = {text_column("group"), text_column("state"), text_column("assignor"),
                      text_column("coordinator"), number_column("members"), number_column("lag")},
          .rows = {{group.name, group.state, group.assignor, group.coordinator,
                    static_cast<int64_t>(group.members.size()), lag}}};
}

std::string partitions_text(const std::vector<TopicPartition>& partitions) {
  std::string text;
  for (const TopicPartition& partition : partitions) {
    if (!text.empty()) text += ", ";
    text += partition.to_string();
  }
  return text;
}

ResultTable member_table(const Group& group) {
  ResultTable table{
      .columns = {text_column("member"), text_column("instance"), text_column("client"),
                  text_column("host"), text_column("partitions")},
      .rows = {}};
  for (const GroupMember& member : group.members) {
    table.rows.push_back(
        {member.id, member.instance_id.empty() ? data::Value() : data::Value(member.instance_id),
         member.client_id, member.host, partitions_text(member.assigned)});
  }
  return table;
}

ResultTable position_table(const std::vector<Position>& positions) {
  ResultTable table{.columns = {text_column("topic"), number_column("partition"),
                                number_column("committed"), number_column("end"),
                                number_column("lag"), text_column("client"), text_column("host")},
                    .rows = {}};
  for (const Position& position : positions) {
    const GroupMember* member = position.member;
    table.rows.push_back({position.partition.topic, int64_t{position.partition.partition},
                          value_of(position.committed), value_of(position.end),
                          value_of(position.lag()),
                          member == nullptr ? data::Value() : data::Value(member->client_id),
                          member == nullptr ? data::Value() : data::Value(member->host)});
  }
  return table;
}

Result<void> print_group(io::World world, const GroupOptions& options) {
  const OutputFormat format = MILLRACE_TRY(parse_output_format(options.output));
  MILLRACE_TRY(check_only(options.only, {"group", "members", "offsets"}));
  const AdminClient client = MILLRACE_TRY(AdminClient::open(world, options.target));
  const Group group = MILLRACE_TRY(describe_group(*client.handle, options.names.front()));
  const auto positions = MILLRACE_TRY(positions_of(*client.handle, group));
  std::vector<ResultTable> tables;
  const auto wanted = [&](std::string_view part) {
    return options.only.empty() || options.only == part;
  };
  if (wanted("group")) tables.push_back(summary_table(group, positions));
  if (wanted("members")) tables.push_back(member_table(group));
  if (wanted("offsets")) tables.push_back(position_table(positions));
  print_tables(format, tables);
  return {};
}

// Failure: kGroupActive: it has members; kGroupNotFound.
Result<void> check_idle(KafkaHandle& client, const GroupOptions& options) {
  const std::string& name = options.names.front();
  const auto group = describe_group(client, name);
  if (!group) {
    const bool missing = group.error().code() == ErrorCode::kGroupNotFound;
    if (missing && options.make) return {};
    return Error(group.error());
  }
  if (group->members.empty()) return {};
  const GroupMember& first = group->members.front();
  const std::string others =
      group->members.size() == 1 ? "" : fmt::format(" and {} more", group->members.size() - 1);
  return Error(ErrorCode::kGroupActive,
               fmt::format("the group has members, which would go on from where they are: '{}' on "
                           "{}{}",
                           first.client_id, first.host, others))
      .at("group " + name)
      .remedy("Stop them first.");
}

Result<std::vector<TopicPartition>> partitions_to_seek(
    KafkaHandle& client, const GroupOptions& options,
    const std::map<TopicPartition, int64_t>& committed) {
  std::vector<TopicPartition> partitions;
  const auto add = [&](const TopicPartition& partition) {
    if (options.partition.value_or(partition.partition) == partition.partition) {
      partitions.push_back(partition);
    }
  };
  if (options.topics.empty()) {
    for (const auto& [partition, offset] : committed) add(partition);
  } else {
    const Cluster cluster = MILLRACE_TRY(read_cluster(client));
    const auto topics = MILLRACE_TRY(find_topics(cluster, options.topics, false));
    for (const KnownTopic& topic : topics) {
      MILLRACE_TRY(check_partition(topic, options.partition));
      for (const TopicPartition& partition : partitions_of(topic)) add(partition);
    }
  }
  if (!partitions.empty()) return partitions;
  return Error(ErrorCode::kInvalidOption, "the group has no offsets that could be moved")
      .at("group " + options.names.front())
      .remedy("Say of which topics, with --topic.");
}

Result<std::vector<PartitionOffset>> targets_of(KafkaHandle& client, const StartOffset& to,
                                                const std::vector<TopicPartition>& partitions) {
  const auto bounds = MILLRACE_TRY(bounds_of(client, partitions));
  const bool by_time = to.kind == StartOffset::Kind::kTime;
  std::vector<Result<int64_t>> at_time;
  if (by_time) at_time = MILLRACE_TRY(offsets_at(client, partitions, to.number));
  std::vector<PartitionOffset> targets;
  for (size_t at = 0; at < partitions.size(); ++at) {
    const PartitionBounds bound = MILLRACE_TRY(bounds[at]);
    int64_t offset = by_time ? -1 : to.in(bound.start, bound.end);
    if (by_time) offset = MILLRACE_TRY(at_time[at]);
    targets.push_back({partitions[at], offset < 0 ? bound.end : offset});
  }
  return targets;
}

Result<void> seek(io::World world, const GroupOptions& options) {
  const OutputFormat format = MILLRACE_TRY(parse_output_format(options.output));
  const auto to = parse_start_offset(options.to);
  if (!to) return Error(to.error()).at("--to");
  const AdminClient client = MILLRACE_TRY(AdminClient::open(world, options.target));
  MILLRACE_TRY(check_idle(*client.handle, options));
  const std::string& group = options.names.front();
  std::map<TopicPartition, int64_t> before;
  const auto committed = MILLRACE_TRY(committed_offsets(*client.handle, group));
  for (const PartitionOffset& entry : committed) before[entry.partition] = entry.offset;
  const auto partitions = MILLRACE_TRY(partitions_to_seek(*client.handle, options, before));
  const auto targets = MILLRACE_TRY(targets_of(*client.handle, *to, partitions));
  if (!options.dry_run) MILLRACE_TRY(commit_offsets(*client.handle, group, targets));
  ResultTable table{.columns = {text_column("topic"), number_column("partition"),
                                number_column("before"), number_column("after")},
                    .rows = {}};
  for (const PartitionOffset& target : targets) {
    const auto old = before.find(target.partition);
    table.rows.push_back({target.partition.topic, int64_t{target.partition.partition},
                          old == before.end() ? data::Value() : data::Value(old->second),
                          target.offset});
  }
  print_tables(format, std::span(&table, 1));
  if (options.dry_run) write_err("note: nothing was changed (--dry-run)\n");
  return {};
}

Result<ExitCode> remove(io::World world, const GroupOptions& options) {
  const AdminClient client = MILLRACE_TRY(AdminClient::open(world, options.target));
  std::string question = "Delete the offsets of";
  for (const std::string& name : options.names) question += fmt::format(" '{}'", name);
  if (!confirmed(question + "?", options.yes)) {
    return Error(ErrorCode::kCancelled, "nothing was deleted");
  }
  return for_each_name(options.names, [&](const std::string& name) -> Result<std::string> {
    const auto deleted = delete_group(*client.handle, name);
    if (deleted) return fmt::format("deleted {}", name);
    if (deleted.error().code() != ErrorCode::kGroupActive) return Error(deleted.error());
    return Error(ErrorCode::kGroupActive, fmt::format("the group '{}' has members", name))
        .remedy(fmt::format("Stop them first; `millrace group describe {}` names them.", name));
  });
}

}  // namespace

ExitCode list_groups(io::World world, const GroupOptions& options) {
  return conclude(print_groups(world, options));
}

ExitCode describe_group(io::World world, const GroupOptions& options) {
  return conclude(print_group(world, options));
}

ExitCode seek_group(io::World world, const GroupOptions& options) {
  return conclude(seek(world, options));
}

ExitCode delete_groups(io::World world, const GroupOptions& options) {
  const auto done = remove(world, options);
  return done ? *done : report(done.error());
}

}  // namespace millrace::cli
