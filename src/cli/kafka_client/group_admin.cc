#include "cli/kafka_client/group_admin.h"

#include <fmt/core.h>
#include <librdkafka/rdkafka.h>

#include <algorithm>
#include <memory>

#include "base/nearest.h"
#include "cli/kafka_client/admin_call.h"
#include "cli/kafka_client/partition_list.h"

namespace millrace::cli {
namespace {

constexpr int kAgainMs = 50;

// A coordinator that has just started reads its groups first: it is asked again.
template <class Call>
auto patiently(KafkaHandle& client, Call call) -> decltype(call()) {
  for (int left_ms = client.answer_ms();; left_ms -= kAgainMs) {
    auto answer = call();
    if (answer || answer.error().code() != ErrorCode::kUnavailable || left_ms <= 0) return answer;
    client.poll(kAgainMs);
  }
}

std::string text_of(const char* text) {
  return text == nullptr ? std::string() : std::string(text);
}

// The one group of an answer. Failure: its own, or that of one of its partitions.
Result<const rd_kafka_group_result_t*> group_of(KafkaHandle& client,
                                                const rd_kafka_group_result_t** groups,
                                                size_t count) {
  if (count == 0) return client.failure(RD_KAFKA_RESP_ERR__BAD_MSG);
  if (const auto* error = rd_kafka_group_result_error(groups[0])) {
    return client.failure(rd_kafka_error_code(error), rd_kafka_error_string(error));
  }
  const auto* partitions = rd_kafka_group_result_partitions(groups[0]);
  for (int at = 0; partitions != nullptr && at < partitions->cnt; ++at) {
    const rd_kafka_topic_partition_t& entry = partitions->elems[at];
    if (entry.err == RD_KAFKA_RESP_ERR_NO_ERROR) continue;
    return client.failure(entry.err).at(TopicPartition{entry.topic, entry.partition}.to_string());
  }
  return groups[0];
}

GroupMember member_of(const rd_kafka_MemberDescription_t* told) {
  GroupMember member{.id = text_of(rd_kafka_MemberDescription_consumer_id(told)),
                     .client_id = text_of(rd_kafka_MemberDescription_client_id(told)),
                     .host = text_of(rd_kafka_MemberDescription_host(told)),
                     .instance_id = text_of(rd_kafka_MemberDescription_group_instance_id(told)),
                     .assigned = {}};
  if (member.host.starts_with('/')) member.host.erase(0, 1);
  const auto* assigned =
      rd_kafka_MemberAssignment_partitions(rd_kafka_MemberDescription_assignment(told));
  for (int at = 0; assigned != nullptr && at < assigned->cnt; ++at) {
    member.assigned.push_back({assigned->elems[at].topic, assigned->elems[at].partition});
  }
  std::ranges::sort(member.assigned);
  return member;
}

Error not_found(KafkaHandle& client, const std::string& name) {
  Error error(ErrorCode::kGroupNotFound, fmt::format("there is no group '{}'", name));
  const auto known = list_groups(client);
  if (!known) return error;
  std::vector<std::string_view> names;
  for (const GroupListing& group : *known) names.push_back(group.name);
  return std::move(error).remedy(names.empty() ? "There is no group yet: `millrace consume TOPIC "
                                                 "--group NAME` makes one."
                                               : nearest_remedy(name, names));
}

Group group_described(const rd_kafka_ConsumerGroupDescription_t* told) {
  Group group{
      .name = text_of(rd_kafka_ConsumerGroupDescription_group_id(told)),
      .state = rd_kafka_consumer_group_state_name(rd_kafka_ConsumerGroupDescription_state(told)),
      .assignor = text_of(rd_kafka_ConsumerGroupDescription_partition_assignor(told)),
      .coordinator = {},
      .members = {}};
  if (const auto* node = rd_kafka_ConsumerGroupDescription_coordinator(told)) {
    group.coordinator =
        fmt::format("{}:{}", text_of(rd_kafka_Node_host(node)), rd_kafka_Node_port(node));
  }
  const size_t count = rd_kafka_ConsumerGroupDescription_member_count(told);
  for (size_t at = 0; at < count; ++at) {
    group.members.push_back(member_of(rd_kafka_ConsumerGroupDescription_member(told, at)));
  }
  std::ranges::sort(group.members, {}, &GroupMember::id);
  return group;
}

Result<std::vector<GroupListing>> ask_for_groups(KafkaHandle& client) {
  const AdminEvent event = MILLRACE_TRY(call_admin(client, [&](auto* options, auto* queue) {
    rd_kafka_ListConsumerGroups(client.get(), options, queue);
  }));
  const auto* result = rd_kafka_event_ListConsumerGroups_result(event.get());
  size_t count = 0;
  const auto** errors = rd_kafka_ListConsumerGroups_result_errors(result, &count);
  if (count > 0) {
    return client.failure(rd_kafka_error_code(errors[0]), rd_kafka_error_string(errors[0]));
  }
  const auto** told = rd_kafka_ListConsumerGroups_result_valid(result, &count);
  std::vector<GroupListing> groups;
  for (size_t at = 0; at < count; ++at) {
    groups.push_back({.name = rd_kafka_ConsumerGroupListing_group_id(told[at]),
                      .state = rd_kafka_consumer_group_state_name(
                          rd_kafka_ConsumerGroupListing_state(told[at]))});
  }
  std::ranges::sort(groups, {}, &GroupListing::name);
  return groups;
}

Result<Group> ask_for_group(KafkaHandle& client, const std::string& name) {
  const AdminEvent event = MILLRACE_TRY(call_admin(client, [&](auto* options, auto* queue) {
    const char* groups[] = {name.c_str()};
    rd_kafka_DescribeConsumerGroups(client.get(), groups, 1, options, queue);
  }));
  size_t count = 0;
  const auto** groups = rd_kafka_DescribeConsumerGroups_result_groups(
      rd_kafka_event_DescribeConsumerGroups_result(event.get()), &count);
  if (count == 0) return not_found(client, name);
  if (const auto* error = rd_kafka_ConsumerGroupDescription_error(groups[0])) {
    const auto code = rd_kafka_error_code(error);
    if (code == RD_KAFKA_RESP_ERR_GROUP_ID_NOT_FOUND) return not_found(client, name);
    return client.failure(code, rd_kafka_error_string(error));
  }
  // Older versions of the request answer so for a group that there is not.
  if (rd_kafka_ConsumerGroupDescription_state(groups[0]) == RD_KAFKA_CONSUMER_GROUP_STATE_DEAD) {
    return not_found(client, name);
  }
  return group_described(groups[0]);
}

Result<std::vector<PartitionOffset>> ask_for_offsets(KafkaHandle& client,
                                                     const std::string& group) {
  const std::unique_ptr<rd_kafka_ListConsumerGroupOffsets_t,
                        decltype(&rd_kafka_ListConsumerGroupOffsets_destroy)>
      wanted(rd_kafka_ListConsumerGroupOffsets_new(group.c_str(), nullptr),
             rd_kafka_ListConsumerGroupOffsets_destroy);
  const AdminEvent event = MILLRACE_TRY(call_admin(client, [&](auto* options, auto* queue) {
    rd_kafka_ListConsumerGroupOffsets_t* groups[] = {wanted.get()};
    rd_kafka_ListConsumerGroupOffsets(client.get(), groups, 1, options, queue);
  }));
  size_t count = 0;
  const auto** groups = rd_kafka_ListConsumerGroupOffsets_result_groups(
      rd_kafka_event_ListConsumerGroupOffsets_result(event.get()), &count);
  const auto* told = MILLRACE_TRY(group_of(client, groups, count));
  const auto* partitions = rd_kafka_group_result_partitions(told);
  std::vector<PartitionOffset> offsets;
  for (int at = 0; partitions != nullptr && at < partitions->cnt; ++at) {
    const rd_kafka_topic_partition_t& entry = partitions->elems[at];
    if (entry.offset >= 0) offsets.push_back({{entry.topic, entry.partition}, entry.offset});
  }
  std::ranges::sort(offsets, {}, &PartitionOffset::partition);
  return offsets;
}

Result<void> ask_to_commit(KafkaHandle& client, const std::string& group,
                           std::span<const PartitionOffset> offsets) {
  const PartitionList list = make_partition_list(offsets);
  const std::unique_ptr<rd_kafka_AlterConsumerGroupOffsets_t,
                        decltype(&rd_kafka_AlterConsumerGroupOffsets_destroy)>
      wanted(rd_kafka_AlterConsumerGroupOffsets_new(group.c_str(), list.get()),
             rd_kafka_AlterConsumerGroupOffsets_destroy);
  const AdminEvent event = MILLRACE_TRY(call_admin(client, [&](auto* options, auto* queue) {
    rd_kafka_AlterConsumerGroupOffsets_t* groups[] = {wanted.get()};
    rd_kafka_AlterConsumerGroupOffsets(client.get(), groups, 1, options, queue);
  }));
  size_t count = 0;
  const auto** groups = rd_kafka_AlterConsumerGroupOffsets_result_groups(
      rd_kafka_event_AlterConsumerGroupOffsets_result(event.get()), &count);
  const auto done = group_of(client, groups, count);
  if (!done) return Error(done.error());
  return {};
}

Result<void> ask_to_delete(KafkaHandle& client, const std::string& name) {
  const std::unique_ptr<rd_kafka_DeleteGroup_t, decltype(&rd_kafka_DeleteGroup_destroy)> wanted(
      rd_kafka_DeleteGroup_new(name.c_str()), rd_kafka_DeleteGroup_destroy);
  const AdminEvent event = MILLRACE_TRY(call_admin(client, [&](auto* options, auto* queue) {
    rd_kafka_DeleteGroup_t* groups[] = {wanted.get()};
    rd_kafka_DeleteGroups(client.get(), groups, 1, options, queue);
  }));
  size_t count = 0;
  const auto** groups =
      rd_kafka_DeleteGroups_result_groups(rd_kafka_event_DeleteGroups_result(event.get()), &count);
  const auto done = group_of(client, groups, count);
  if (done) return {};
  if (done.error().code() == ErrorCode::kGroupNotFound) return not_found(client, name);
  return Error(done.error());
}

}  // namespace

Result<std::vector<GroupListing>> list_groups(KafkaHandle& client) {
  return patiently(client, [&] { return ask_for_groups(client); });
}

Result<Group> describe_group(KafkaHandle& client, const std::string& name) {
  return patiently(client, [&] { return ask_for_group(client, name); });
}

Result<std::vector<PartitionOffset>> committed_offsets(KafkaHandle& client,
                                                       const std::string& group) {
  return patiently(client, [&] { return ask_for_offsets(client, group); });
}

Result<void> commit_offsets(KafkaHandle& client, const std::string& group,
                            std::span<const PartitionOffset> offsets) {
  return patiently(client, [&] { return ask_to_commit(client, group, offsets); });
}

Result<void> delete_group(KafkaHandle& client, const std::string& name) {
  return patiently(client, [&] { return ask_to_delete(client, name); });
}

}  // namespace millrace::cli
