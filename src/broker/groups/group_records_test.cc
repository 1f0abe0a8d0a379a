#include "broker/groups/group_records.h"

#include <gtest/gtest.h>

#include <random>

#include "broker/groups/group_driver_test.h"
#include "broker/groups/group_store.h"

namespace millrace::broker {
namespace {

std::string hex(std::string_view bytes) {
  std::string text;
  for (const char byte : bytes) {
    static constexpr char kDigits[] = "0123456789abcdef";
    text += kDigits[static_cast<uint8_t>(byte) >> 4];
    text += kDigits[static_cast<uint8_t>(byte) & 15];
  }
  return text;
}

StoredGroup group_of_two() {
  StoredGroup group;
  group.protocol_type = "consumer";
  group.generation = 3;
  group.protocol = "range";
  group.leader = "a";
  group.state_ms = 5;
  group.members.push_back({.id = "a",
                           .instance_id = std::nullopt,
                           .client_id = "c",
                           .client_host = "h",
                           .rebalance_timeout_ms = 2,
                           .session_timeout_ms = 1,
                           .subscription = Buffer::copy_of("s"),
                           .assignment = Buffer::copy_of("x")});
  group.members.push_back({.id = "b", .instance_id = "i", .client_id = "", .client_host = ""});
  return group;
}

TEST(GroupRecords, HaveKafkasLayouts) {
  EXPECT_EQ(hex(encode_key(OffsetKey{"g", "t", 2})),
            "0001"
            "000167"
            "000174"
            "00000002");
  EXPECT_EQ(hex(encode_key(GroupKey{"g"})),
            "0002"
            "000167");
  OffsetValue value{.offset = 5, .leader_epoch = 7, .metadata = "m", .commit_ms = 9};
  EXPECT_EQ(hex(encode_value(value)),
            "0004"
            "0000000000000005"
            "00000007"
            "026d"
            "0000000000000009"
            "00");
  value.topic_id.raw.fill(std::byte{0xAB});
  EXPECT_EQ(hex(encode_value(value)),
            "0004"
            "0000000000000005"
            "00000007"
            "026d"
            "0000000000000009"
            "01"
            "00"
            "10"
            "abababababababababababababababab");
  value.expire_ms = 10;
  EXPECT_EQ(hex(encode_value(value)),
            "0001"
            "0000000000000005"
            "00016d"
            "0000000000000009"
            "000000000000000a");
  EXPECT_EQ(hex(encode_value(StoredGroup{.protocol_type = "consumer", .generation = 1})),
            "0003"
            "0008636f6e73756d6572"
            "00000001"
            "ffff"
            "ffff"
            "ffffffffffffffff"
            "00000000");
  EXPECT_TRUE(hex(encode_value(group_of_two()))
                  .starts_with("0003"
                               "0008636f6e73756d6572"
                               "00000003"
                               "000572616e6765"
                               "000161"
                               "0000000000000005"
                               "00000002"
                               "000161"
                               "ffff"
                               "000163"
                               "000168"
                               "00000002"
                               "00000001"
                               "0000000173"
                               "0000000178"));
}

TEST(GroupRecords, AreReadAsTheyWereWritten) {
  const auto key = decode_key(encode_key(OffsetKey{"g", "t", 2}));
  ASSERT_TRUE(key.has_value());
  EXPECT_EQ(std::get<OffsetKey>(*key).topic, "t");
  EXPECT_EQ(std::get<OffsetKey>(*key).partition, 2);
  EXPECT_EQ(std::get<GroupKey>(*decode_key(encode_key(GroupKey{"g"}))).group, "g");
  OffsetValue value{.offset = 5, .leader_epoch = 7, .metadata = "m", .commit_ms = 9};
  value.topic_id.raw.fill(std::byte{0xAB});
  const auto read = decode_offset_value(encode_value(value));
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(read->offset, 5);
  EXPECT_EQ(read->leader_epoch, 7);
  EXPECT_EQ(read->metadata, "m");
  EXPECT_EQ(read->topic_id, value.topic_id);
  value.expire_ms = 10;
  EXPECT_EQ(decode_offset_value(encode_value(value))->expire_ms, 10);
  const auto group = decode_group_value(encode_value(group_of_two()));
  ASSERT_TRUE(group.has_value());
  EXPECT_EQ(group->leader, "a");
  ASSERT_EQ(group->members.size(), 2U);
  EXPECT_EQ(group->members[0].assignment.view(), "x");
  EXPECT_EQ(group->members[1].instance_id, "i");
}

TEST(GroupRecords, OfOtherTypesAreSkippedAndDamageIsNamed) {
  EXPECT_TRUE(std::holds_alternative<std::monostate>(*decode_key(std::string_view("\0\3x", 3))));
  EXPECT_EQ(decode_key("").error().code(), ErrorCode::kCorruptRecord);
  EXPECT_EQ(decode_key(std::string_view("\0\1\0", 3)).error().code(), ErrorCode::kCorruptRecord);
  EXPECT_EQ(decode_offset_value(std::string_view("\0\5", 2)).error().code(),
            ErrorCode::kCorruptRecord);
  std::mt19937 random(5);
  const std::string good = encode_value(group_of_two());
  for (int run = 0; run < 2'000; ++run) {
    std::string bytes = good.substr(0, random() % (good.size() + 1));
    if (!bytes.empty()) bytes[random() % bytes.size()] = static_cast<char>(random());
    (void)decode_group_value(bytes);
    (void)decode_offset_value(bytes);
    (void)decode_key(bytes);
    (void)subscribed_topics(Buffer::copy_of(bytes));
  }
}

TEST(GroupRecords, SubscriptionsOfConsumersAreUnderstood) {
  EXPECT_EQ(subscribed_topics(consumer_protocol({"a", "b"}).metadata),
            (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(subscribed_topics(Buffer::copy_of("?")), std::nullopt);
}

TEST(GroupRecords, StandWhereJavasHashOfTheGroupPutsThem) {
  EXPECT_EQ(partition_of_group("g", 50), 103U % 50);
  EXPECT_EQ(partition_of_group("console-consumer-12345", 50), 6U);
  EXPECT_EQ(partition_of_group("", 50), 0U);
  // Characters beyond ASCII count as UTF-16 has them: U+00E9; U+1F600 is a pair of D83D and DE00.
  EXPECT_EQ(partition_of_group("\xC3\xA9", 1000), 0xE9U);
  EXPECT_EQ(partition_of_group("\xF0\x9F\x98\x80", 1 << 30), 0xD83DU * 31 + 0xDE00U);
}

}  // namespace
}  // namespace millrace::broker
