#include "commit/topics.h"

#include <fmt/core.h>

#include <algorithm>

#include "commit/byte_codec.h"
#include "commit/topic_command.h"

namespace millrace::commit {
namespace {

constexpr size_t kTopicNameBytesMax = 249;
constexpr size_t kSettingBytesMin = 5;

Command command_of(const TopicCommand& command) {
  return {.machine = std::string(kTopicMachine), .body = command.encode(), .expected_version = {}};
}

}  // namespace

Command create_topic_command(const TopicSpec& spec) {
  TopicCommand command{.kind = TopicCommand::Kind::kCreate,
                       .topic = {},
                       .name = spec.name,
                       .partitions = spec.partitions,
                       .config = {}};
  for (const auto& [key, value] : spec.config) command.config[key] = value;
  return command_of(command);
}

Command delete_topic_command(TopicId topic) {
  return command_of({.kind = TopicCommand::Kind::kDelete, .topic = topic});
}

Command alter_topic_command(TopicId topic, std::optional<uint32_t> partitions,
                            const std::map<std::string, std::optional<std::string>>& config) {
  return command_of({.kind = TopicCommand::Kind::kAlter,
                     .topic = topic,
                     .name = {},
                     .partitions = partitions,
                     .config = config});
}

Command delete_records_command(PartitionId partition, int64_t before_offset) {
  TopicCommand command{.kind = TopicCommand::Kind::kDeleteRecords, .topic = partition.topic};
  command.partition = partition.index;
  command.start_offset = before_offset;
  return command_of(command);
}

std::string TopicCommand::encode() const {
  ByteWriter to;
  to.number(static_cast<uint8_t>(kind));
  to.number(topic.value());
  to.bytes(name);
  to.number(static_cast<uint8_t>(partitions.has_value()));
  to.number(partitions.value_or(0));
  to.number(static_cast<uint32_t>(config.size()));
  for (const auto& [key, value] : config) {
    to.bytes(key);
    to.number(static_cast<uint8_t>(value.has_value()));
    if (value) to.bytes(*value);
  }
  if (kind == Kind::kDeleteRecords) {
    to.number(partition);
    to.number(start_offset);
  }
  return to.take();
}

Result<TopicCommand> TopicCommand::decode(std::string_view body) {
  ByteReader from(body);
  TopicCommand command;
  const auto kind = from.number<uint8_t>();
  command.kind = static_cast<Kind>(kind);
  command.topic = TopicId(from.number<uint64_t>());
  command.name = from.bytes();
  const bool has_partitions = from.number<uint8_t>() != 0;
  const auto partitions = from.number<uint32_t>();
  if (has_partitions) command.partitions = partitions;
  for (auto left = from.count(kSettingBytesMin); left > 0; --left) {
    std::string key(from.bytes());
    std::optional<std::string> value;
    if (from.number<uint8_t>() != 0) value = std::string(from.bytes());
    command.config[std::move(key)] = std::move(value);
  }
  if (command.kind == Kind::kDeleteRecords) {
    command.partition = from.number<uint32_t>();
    command.start_offset = from.number<int64_t>();
  }
  if (!from.finished() || kind < 1 || kind > 4) {
    return Error(ErrorCode::kRingDamaged, "a command for the topics does not have its layout");
  }
  return command;
}

Result<void> check_topic_name(std::string_view name) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  };
  if (!name.empty() && name.size() <= kTopicNameBytesMax && name != "." && name != ".." &&
      std::ranges::all_of(name, allowed)) {
    return {};
  }
  return Error(ErrorCode::kInvalidTopicName, fmt::format("'{}' is not a topic name", name))
      .remedy("Use 1 to 249 letters, digits, '.', '_' or '-'.");
}

}  // namespace millrace::commit
