#include "cli/records/record_json.h"

#include <gtest/gtest.h>

#include <random>

namespace millrace::cli {
namespace {

std::string json_of(const ClientRecord& record) {
  std::string json;
  append_record_json(json, record);
  return json;
}

std::string why_not(std::string_view json) {
  const auto read = GivenRecord::parse(json);
  return read ? "" : read.error().to_string();
}

TEST(RecordJson, EveryFieldIsThereInOrder) {
  const ClientRecord record{.topic = "t",
                            .partition = 3,
                            .offset = 7,
                            .timestamp_ms = 1709251200000,
                            .key = "k\n",
                            .value = std::nullopt,
                            .headers = {{"a", "1"}, {"a", std::nullopt}}};
  EXPECT_EQ(json_of(record),
            R"({"topic":"t","partition":3,"offset":7,"timestamp":1709251200000,"key":"k\n",)"
            R"("value":null,"headers":[{"name":"a","value":"1"},{"name":"a","value":null}]})");
}

TEST(RecordJson, WhatIsNoTextIsBase64AndSaysSo) {
  const ClientRecord record{.key = "\xff", .value = "\xc3", .headers = {{"h\xff", "\x80"}}};
  const std::string json = json_of(record);
  EXPECT_NE(json.find(R"("key":"/w==","key_encoding":"base64")"), json.npos) << json;
  EXPECT_NE(json.find(R"("value":"ww==","value_encoding":"base64")"), json.npos) << json;
  EXPECT_NE(json.find(R"({"name":"aP8=","name_encoding":"base64","value":"gA==",)"
                      R"("encoding":"base64"})"),
            json.npos)
      << json;
}

TEST(RecordJson, AnyRecordIsReadBackAsItWas) {
  std::mt19937 random(11);
  const auto bytes = [&]() -> std::optional<std::string> {
    if (random() % 5 == 0) return std::nullopt;
    std::string text(random() % 40, '\0');
    // Half of them texts of one-byte characters, control characters and quotes among them.
    const unsigned range = random() % 2 == 0 ? 128 : 256;
    for (char& c : text) c = static_cast<char>(random() % range);
    return text;
  };
  for (int round = 0; round < 2'000; ++round) {
    const auto key = bytes(), value = bytes(), header = bytes();
    const std::string name = bytes().value_or("h");
    ClientRecord record{.topic = "t", .partition = 2, .offset = 1, .timestamp_ms = round};
    if (key) record.key = *key;
    if (value) record.value = *value;
    record.headers.emplace_back(name,
                                header ? std::optional<std::string_view>(*header) : std::nullopt);
    const auto read = GivenRecord::parse(json_of(record));
    ASSERT_TRUE(read.has_value()) << read.error().to_string() << json_of(record);
    const ClientRecord again = read->record();
    EXPECT_EQ(again.key, record.key);
    EXPECT_EQ(again.value, record.value);
    EXPECT_EQ(again.headers, record.headers);
    EXPECT_EQ(again.partition, 2);
    EXPECT_EQ(again.timestamp_ms, round);
    EXPECT_EQ(again.offset, -1);
  }
}

TEST(RecordJson, AValueThatIsNoTextIsItsJson) {
  const auto value_of = [](std::string_view json) {
    const auto read = GivenRecord::parse(json);
    return read ? std::string(read->record().value.value_or("NULL")) : read.error().to_string();
  };
  EXPECT_EQ(value_of(R"({"value": {"a" : [1, 2.50]} })"), R"({"a" : [1, 2.50]})");
  EXPECT_EQ(value_of(R"({"value":99999999999999999999999.10 , "key":"k"})"),
            "99999999999999999999999.10");
  EXPECT_EQ(value_of(R"({"value":[]})"), "[]");
  EXPECT_EQ(value_of(R"({"value":false})"), "false");
  EXPECT_EQ(value_of(R"({"value":""})"), "");
  EXPECT_EQ(value_of(R"({"value":null})"), "NULL");
  EXPECT_EQ(value_of("{}"), "NULL");
  EXPECT_EQ(value_of(R"({"value":"\u00e9\ud83d\ude00"})"), "é😀");
}

TEST(RecordJson, WhatDoesNotFitIsNamed) {
  EXPECT_NE(why_not(R"({"vaule":"1"})").find("Did you mean 'value'?"), std::string::npos);
  EXPECT_NE(why_not(R"({"headers":[{"nam":"1"}]})").find("Did you mean 'name'?"),
            std::string::npos);
  for (const char* wrong :
       {"", "1", "[]", "{", R"({"value":"a"} {"value":"b"})", R"({"value":tru})",
        R"({"value":"\ud800"})", R"({"partition":1.5})", R"({"partition":4294967296})",
        R"({"timestamp":"now"})", R"({"headers":[1]})", R"({"headers":[{"name":1}]})",
        R"({"value":"a","value_encoding":1})", R"({"value":"!","value_encoding":"base64"})"}) {
    EXPECT_TRUE(why_not(wrong).starts_with("MR-3004")) << wrong << ": " << why_not(wrong);
  }
}

}  // namespace
}  // namespace millrace::cli
