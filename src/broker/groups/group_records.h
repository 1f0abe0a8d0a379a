#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/buffer.h"
#include "base/result.h"
#include "kafka/wire/uuid.h"

namespace millrace::broker {

// The records of `__consumer_offsets` in Kafka's layouts. Plain values.

struct OffsetKey {
  std::string group;
  std::string topic;
  int32_t partition = 0;
};

struct GroupKey {
  std::string group;
};

struct OffsetValue {
  int64_t offset = -1;
  int32_t leader_epoch = -1;
  std::string metadata;
  int64_t commit_ms = -1;
  int64_t expire_ms = -1;  // -1: as the broker's retention says
  kafka::Uuid topic_id;    // empty: not known
};

struct StoredMember {
  std::string id;
  std::optional<std::string> instance_id;
  std::string client_id;
  std::string client_host;
  int32_t rebalance_timeout_ms = -1;
  int32_t session_timeout_ms = 0;
  Buffer subscription;
  Buffer assignment;
};

struct StoredGroup {
  std::string protocol_type;
  int32_t generation = 0;
  std::optional<std::string> protocol;
  std::optional<std::string> leader;
  int64_t state_ms = -1;  // since when it is in its state
  std::vector<StoredMember> members;
};

std::string encode_key(const OffsetKey& key);
std::string encode_key(const GroupKey& key);
// Version 4, as Kafka writes it; version 1 where the commit has a time at which it expires.
std::string encode_value(const OffsetValue& value);
// Version 3.
std::string encode_value(const StoredGroup& value);

// A key of a type that is not known here is monostate: its record is skipped.
// Failure: kCorruptRecord: not the layout of its version, or a version that is not known.
using RecordKey = std::variant<std::monostate, OffsetKey, GroupKey>;
Result<RecordKey> decode_key(std::string_view bytes);
Result<OffsetValue> decode_offset_value(std::string_view bytes);
Result<StoredGroup> decode_group_value(std::string_view bytes);

// The topics in what a member of protocol type "consumer" says of itself (ConsumerMemberMetadata);
// nullopt: it is not of that layout.
std::optional<std::vector<std::string>> subscribed_topics(const Buffer& metadata);

}  // namespace millrace::broker
