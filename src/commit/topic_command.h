#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "commit/topics.h"

namespace millrace::commit {

// The tag of the machine of topics.
inline constexpr std::string_view kTopicMachine = "log.topics";

// TopicCommand: what create_topic_command and its like put into a Command, for the machine that
// applies it. A plain value.
struct TopicCommand {
  enum class Kind : uint8_t { kCreate = 1, kDelete = 2, kAlter = 3, kDeleteRecords = 4 };
  Kind kind = Kind::kCreate;
  TopicId topic;                       // all but create
  std::string name;                    // create
  std::optional<uint32_t> partitions;  // create, alter
  std::map<std::string, std::optional<std::string>> config;
  uint32_t partition = 0;    // delete records
  int64_t start_offset = 0;  // delete records: the new one

  std::string encode() const;
  // kRingDamaged: not a command of this layout.
  static Result<TopicCommand> decode(std::string_view body);
};

// kInvalidTopicName unless Kafka allows it.
Result<void> check_topic_name(std::string_view name);

}  // namespace millrace::commit
