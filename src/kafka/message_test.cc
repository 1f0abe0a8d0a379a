#include "kafka/message.h"

#include <gtest/gtest.h>

#include <random>
#include <set>
#include <string>

#include "kafka/api.h"
#include "kafka/messages/api_list.h"
#include "kafka/protocol_error.h"
#include "kafka/request_header.h"

namespace millrace::kafka {
namespace {

std::string joined(const std::vector<Buffer>& parts) {
  std::string text;
  for (const Buffer& part : parts) text += part.view();
  return text;
}

std::string hex(std::string_view bytes) {
  std::string text;
  for (const char byte : bytes) {
    static constexpr char kDigits[] = "0123456789abcdef";
    text += kDigits[static_cast<uint8_t>(byte) >> 4];
    text += kDigits[static_cast<uint8_t>(byte) & 15];
  }
  return text;
}

// A message with the bytes that it was decoded from written again.
template <class Message>
Result<std::string> written_again(std::string_view bytes, int16_t version) {
  const auto message = decode<Message>(Buffer::copy_of(bytes), version);
  if (!message) return message.error();
  return joined(encode(*message, version));
}

// What differs between messages; all else is compiled once.
struct Codec {
  std::string_view name;
  int16_t key;
  std::string (*empty)(int16_t version);
  Result<std::string> (*written_again)(std::string_view bytes, int16_t version);
};

template <class Message>
Codec codec_of() {
  return {.name = Message::kName,
          .key = Message::kKey,
          .empty = [](int16_t version) { return joined(encode(Message(), version)); },
          .written_again = written_again<Message>};
}

// Bytes that look like a message are decoded, written and decoded again: what was written twice is
// the same.
void round_trips(const Codec& codec, std::string_view bytes, int16_t version, int& decoded) {
  const Result<std::string> first = codec.written_again(bytes, version);
  if (!first) {
    EXPECT_EQ(first.error().code(), ErrorCode::kMalformedRequest);
    return;
  }
  ++decoded;
  const Result<std::string> second = codec.written_again(*first, version);
  ASSERT_TRUE(second.has_value()) << codec.name << " v" << version << " " << hex(*first) << ": "
                                  << second.error().to_string();
  EXPECT_EQ(*second, *first) << codec.name << " v" << version;
}

void random_bytes_round_trip(const Codec& codec) {
  std::mt19937 random(static_cast<uint32_t>(codec.key));
  const int16_t versions_max = find_api(codec.key)->versions_max;
  for (int16_t version = 0; version <= versions_max; ++version) {
    int decoded = 0;
    // An empty message is all zeros, or ones for compact lengths.
    round_trips(codec, codec.empty(version), version, decoded);
    EXPECT_EQ(decoded, 1) << codec.name << " v" << version;
    for (int run = 0; run < 200; ++run) {
      std::string bytes = codec.empty(version);
      for (int change = 0; change < 3 && !bytes.empty(); ++change) {
        bytes[random() % bytes.size()] = static_cast<char>(random() % 4);
      }
      const std::string more(random() % 60, '\0');
      bytes.insert(random() % (bytes.size() + 1), more);
      for (char& byte : bytes) {
        if (random() % 8 == 0) byte = static_cast<char>(random() % 3);
      }
      round_trips(codec, bytes, version, decoded);
    }
  }
}

TEST(Message, EveryVersionOfEveryMessageRoundTrips){
#define ROUND_TRIP(name)                              \
  random_bytes_round_trip(codec_of<name##Request>()); \
  random_bytes_round_trip(codec_of<name##Response>());
    MILLRACE_KAFKA_APIS(ROUND_TRIP)
#undef ROUND_TRIP
}

TEST(Message, AMetadataRequestHasTheBytesOfTheProtocol) {
  MetadataRequest request;
  request.topics.emplace().push_back({.id = {}, .name = "a"});
  EXPECT_EQ(hex(joined(encode(request, 1))),
            "00000001"
            "0001"
            "61");
  EXPECT_EQ(hex(joined(encode(request, 9))),
            "02"
            "0261"
            "00"
            "01"
            "00"
            "00"
            "00");
  request.topics.reset();
  EXPECT_EQ(hex(joined(encode(request, 1))), "ffffffff");
  EXPECT_EQ(hex(joined(encode(request, 12))),
            "00"
            "01"
            "00"
            "00");
}

TEST(Message, AFetchResponseHasTheBytesOfTheProtocol) {
  FetchResponse response;
  auto& partition =
      response.topics.emplace_back(FetchResponse::Topic{.name = "t"}).partitions.emplace_back();
  partition.index = 7;
  partition.high_watermark = 3;
  partition.record_batches.emplace().push_back(Buffer::copy_of("rr"));
  EXPECT_EQ(hex(joined(encode(response, 4))),
            "00000000"
            "00000001"
            "000174"
            "00000001"
            "00000007"
            "0000"
            "0000000000000003"
            "ffffffffffffffff"
            "ffffffff"
            "00000002"
            "7272");
  partition.current_leader = {.leader_id = 1, .leader_epoch = 2};
  EXPECT_EQ(hex(joined(encode(response, 12))),
            "00000000"
            "0000"
            "00000000"
            "02"
            "0274"
            "02"
            "00000007"
            "0000"
            "0000000000000003"
            "ffffffffffffffff"
            "ffffffffffffffff"
            "00"
            "ffffffff"
            "037272"
            "01"
            "01"
            "09"
            "00000001"
            "00000002"
            "00"
            "00"
            "00");
}

TEST(Message, TagsBelowTheirVersionAreNotWritten) {
  ProduceResponse response;
  response.brokers.push_back({.node_id = 1, .host = "h", .port = 2, .rack = {}});
  const std::string without = joined(encode(response, 9));
  EXPECT_EQ(hex(without),
            "01"
            "00000000"
            "00");
  EXPECT_GT(joined(encode(response, 10)).size(), without.size());
}

TEST(RequestHeader, ReadsBothFormsAndLeavesTheBody) {
  for (const int16_t version : {4, 12}) {
    const RequestHeader header{
        .api_key = 1, .version = version, .correlation_id = 9, .client_id = "me"};
    const std::string frame = joined(write_request(header, {Buffer::copy_of("body")}));
    const auto request = read_request(Buffer::copy_of(std::string_view(frame).substr(4)));
    ASSERT_TRUE(request.has_value());
    EXPECT_EQ(request->api->name, "Fetch");
    EXPECT_EQ(request->header.version, version);
    EXPECT_EQ(request->header.correlation_id, 9);
    EXPECT_EQ(request->header.client_id, "me");
    EXPECT_EQ(request->body.view(), "body");
  }
}

TEST(RequestHeader, AnUnknownApiOrVersionIsToldApartFromAMalformedFrame) {
  using std::string_view_literals::operator""sv;
  const auto unknown = read_request(Buffer::copy_of("\x7f\x00\x00\x00\x00\x00\x00\x01\xff\xff"sv));
  ASSERT_TRUE(unknown.has_value());
  EXPECT_EQ(unknown->api, nullptr);
  const auto newer = read_request(Buffer::copy_of("\x00\x12\x00\x63\x00\x00\x00\x01\xff\xff"sv));
  ASSERT_TRUE(newer.has_value());
  EXPECT_EQ(newer->api->name, "ApiVersions");
  EXPECT_TRUE(newer->body.empty());
  const auto cut = read_request(Buffer::copy_of("\x00\x12\x00"sv));
  ASSERT_FALSE(cut.has_value());
  EXPECT_EQ(cut.error().code(), ErrorCode::kMalformedRequest);
}

TEST(RequestHeader, OnlyApiVersionsAnswersWithoutTags) {
  const RequestHeader header{.api_key = 18, .version = 3, .correlation_id = 5, .client_id = {}};
  const std::string versions = joined(write_response(header, ApiVersionsResponse()));
  EXPECT_EQ(hex(versions),
            "0000000c"
            "00000005"
            "0000"
            "01"
            "00000000"
            "00");
  const RequestHeader metadata{.api_key = 3, .version = 9, .correlation_id = 5, .client_id = {}};
  EXPECT_EQ(hex(joined(write_response(metadata, MetadataResponse()))).substr(8, 10),
            "00000005"
            "00");
}

TEST(Api, RangesLieInWhatTheTablesDescribe) {
  std::set<int16_t> keys;
  for (const Api& api : apis()) {
    EXPECT_TRUE(keys.insert(api.key).second) << api.name;
    EXPECT_LE(api.served.last, api.versions_max) << api.name;
    EXPECT_LE(api.advertised.first, api.served.first) << api.name;
    EXPECT_EQ(api.advertised.last, api.served.last) << api.name;
    EXPECT_EQ(find_api(api.key), &api);
  }
  EXPECT_EQ(find_api(-1), nullptr);
  EXPECT_EQ(find_api(4), nullptr);
}

TEST(ProtocolErrors, HaveTheNamesThatClientsPrint) {
  EXPECT_EQ(name_of(ProtocolError::kUnknownTopicOrPartition), "UNKNOWN_TOPIC_OR_PARTITION");
  EXPECT_EQ(name_of(ProtocolError::kNone), "NONE");
  EXPECT_EQ(name_of(static_cast<ProtocolError>(9'999)), "UNKNOWN_SERVER_ERROR");
  EXPECT_EQ(code_of(ProtocolError::kInvalidTxnState), 48);
  EXPECT_TRUE(is_retriable(ProtocolError::kNotLeaderOrFollower));
  EXPECT_FALSE(is_retriable(ProtocolError::kInvalidRecord));
}

}  // namespace
}  // namespace millrace::kafka
