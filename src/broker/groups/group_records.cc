#include "broker/groups/group_records.h"

#include <fmt/core.h>

#include "kafka/wire/reader.h"
#include "kafka/wire/writer.h"

namespace millrace::broker {
namespace {

using kafka::Reader;
using kafka::Writer;

constexpr int16_t kOffsetKeyTypeMax = 1;  // 0 is the same layout
constexpr int16_t kGroupKeyType = 2;
constexpr int16_t kOffsetValueVersion = 4;
constexpr int16_t kOffsetValueVersionWithExpiry = 1;
constexpr int16_t kGroupValueVersion = 3;
constexpr int16_t kValueVersionMax = 4;
constexpr int16_t kFlexibleFrom = 4;  // of both values
constexpr uint32_t kTopicIdTag = 0;

std::string text_of(Writer& writer) {
  std::string text;
  for (const Buffer& part : writer.finish(false)) text += part.view();
  return text;
}

Error corrupt(const Error& why) {
  return Error(ErrorCode::kCorruptRecord, "a record of a group: " + why.message());
}

// The version that every key and value begins with.
Result<int16_t> version_of(std::string_view bytes) {
  if (bytes.size() < sizeof(int16_t)) {
    return Error(ErrorCode::kCorruptRecord, "a record of a group is shorter than its version");
  }
  return static_cast<int16_t>((static_cast<uint8_t>(bytes[0]) << 8) |
                              static_cast<uint8_t>(bytes[1]));
}

Result<int16_t> value_version(std::string_view bytes) {
  const int16_t version = MILLRACE_TRY(version_of(bytes));
  if (version >= 0 && version <= kValueVersionMax) return version;
  return Error(ErrorCode::kCorruptRecord,
               fmt::format("a record of a group has version {}, known are 0 to {}", version,
                           kValueVersionMax));
}

void write_member(Writer& writer, const StoredMember& member) {
  writer.string(member.id);
  writer.nullable_string(member.instance_id);
  writer.string(member.client_id);
  writer.string(member.client_host);
  writer.number<int32_t>(member.rebalance_timeout_ms);
  writer.number<int32_t>(member.session_timeout_ms);
  writer.bytes(member.subscription);
  writer.bytes(member.assignment);
}

void read_member(Reader& reader, int16_t version, StoredMember& member) {
  member.id = reader.string();
  if (version >= 3) member.instance_id = reader.nullable_string();
  member.client_id = reader.string();
  member.client_host = reader.string();
  if (version >= 1) member.rebalance_timeout_ms = reader.number<int32_t>();
  member.session_timeout_ms = reader.number<int32_t>();
  // Copies: the bytes of a batch are not kept for one member's.
  member.subscription = Buffer::copy_of(reader.bytes().view());
  member.assignment = Buffer::copy_of(reader.bytes().view());
  reader.skip_tags();
}

}  // namespace

std::string encode_key(const OffsetKey& key) {
  Writer writer(false);
  writer.number<int16_t>(kOffsetKeyTypeMax);
  writer.string(key.group);
  writer.string(key.topic);
  writer.number<int32_t>(key.partition);
  return text_of(writer);
}

std::string encode_key(const GroupKey& key) {
  Writer writer(false);
  writer.number<int16_t>(kGroupKeyType);
  writer.string(key.group);
  return text_of(writer);
}

std::string encode_value(const OffsetValue& value) {
  const bool expires = value.expire_ms >= 0;
  Writer writer(!expires);
  writer.number<int16_t>(expires ? kOffsetValueVersionWithExpiry : kOffsetValueVersion);
  writer.number<int64_t>(value.offset);
  if (!expires) writer.number<int32_t>(value.leader_epoch);
  writer.string(value.metadata);
  writer.number<int64_t>(value.commit_ms);
  if (expires) {
    writer.number<int64_t>(value.expire_ms);
  } else if (value.topic_id.empty()) {
    writer.uvarint(0);
  } else {
    writer.uvarint(1);
    writer.tagged(kTopicIdTag, [&](Writer& field) { field.uuid(value.topic_id); });
  }
  return text_of(writer);
}

std::string encode_value(const StoredGroup& value) {
  Writer writer(false);
  writer.number<int16_t>(kGroupValueVersion);
  writer.string(value.protocol_type);
  writer.number<int32_t>(value.generation);
  writer.nullable_string(value.protocol);
  writer.nullable_string(value.leader);
  writer.number<int64_t>(value.state_ms);
  writer.array(value.members, [&](const StoredMember& member) { write_member(writer, member); });
  return text_of(writer);
}

Result<RecordKey> decode_key(std::string_view bytes) {
  const int16_t type = MILLRACE_TRY(version_of(bytes));
  if (type < 0 || type > kGroupKeyType) return RecordKey();
  Reader reader(Buffer::copy_of(bytes), false);
  (void)reader.number<int16_t>();
  RecordKey key;
  if (type == kGroupKeyType) {
    key = GroupKey{reader.string()};
  } else {
    OffsetKey offset;
    offset.group = reader.string();
    offset.topic = reader.string();
    offset.partition = reader.number<int32_t>();
    key = std::move(offset);
  }
  if (const auto read = reader.finish("the key"); !read) return corrupt(read.error());
  return key;
}

Result<OffsetValue> decode_offset_value(std::string_view bytes) {
  const int16_t version = MILLRACE_TRY(value_version(bytes));
  Reader reader(Buffer::copy_of(bytes), version >= kFlexibleFrom);
  (void)reader.number<int16_t>();
  OffsetValue value;
  value.offset = reader.number<int64_t>();
  if (version >= 3) value.leader_epoch = reader.number<int32_t>();
  value.metadata = reader.string();
  value.commit_ms = reader.number<int64_t>();
  if (version == 1) value.expire_ms = reader.number<int64_t>();
  reader.tags([&](uint32_t tag) {
    if (tag != kTopicIdTag) return false;
    value.topic_id = reader.uuid();
    return true;
  });
  if (const auto read = reader.finish("a committed offset"); !read) return corrupt(read.error());
  return value;
}

Result<StoredGroup> decode_group_value(std::string_view bytes) {
  const int16_t version = MILLRACE_TRY(value_version(bytes));
  Reader reader(Buffer::copy_of(bytes), version >= kFlexibleFrom);
  (void)reader.number<int16_t>();
  StoredGroup group;
  group.protocol_type = reader.string();
  group.generation = reader.number<int32_t>();
  group.protocol = reader.nullable_string();
  group.leader = reader.nullable_string();
  if (version >= 2) group.state_ms = reader.number<int64_t>();
  reader.array(group.members, [&](StoredMember& member) { read_member(reader, version, member); });
  reader.skip_tags();
  if (const auto read = reader.finish("a group"); !read) return corrupt(read.error());
  for (StoredMember& member : group.members) {
    if (member.rebalance_timeout_ms < 0) member.rebalance_timeout_ms = member.session_timeout_ms;
  }
  return group;
}

std::optional<std::vector<std::string>> subscribed_topics(const Buffer& metadata) {
  Reader reader(metadata, false);
  (void)reader.number<int16_t>();
  std::vector<std::string> topics;
  reader.array(topics, [&](std::string& topic) { topic = reader.string(); });
  if (!reader.good()) return std::nullopt;
  return topics;
}

}  // namespace millrace::broker
