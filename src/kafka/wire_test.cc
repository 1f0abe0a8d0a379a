#include <gtest/gtest.h>

#include <string>

#include "kafka/wire/reader.h"
#include "kafka/wire/writer.h"

namespace millrace::kafka {
namespace {

Buffer joined(const std::vector<Buffer>& parts) {
  std::string text;
  for (const Buffer& part : parts) text += part.view();
  return Buffer::copy_of(text);
}

Buffer bytes_of(std::string_view text) {
  return Buffer::copy_of(text);
}

TEST(Wire, ValuesComeBackInBothEncodings) {
  for (const bool flexible : {false, true}) {
    Writer writer(flexible);
    writer.number<int8_t>(-3);
    writer.number<int16_t>(-300);
    writer.number<uint16_t>(65'000);
    writer.number<int32_t>(-70'000);
    writer.number<int64_t>(INT64_MIN);
    writer.boolean(true);
    writer.float64(2.5);
    writer.string("häuser");
    writer.nullable_string(std::nullopt);
    writer.bytes(bytes_of("raw"));
    writer.nullable_bytes(std::nullopt);
    writer.array(std::vector<int32_t>{1, 2}, [&](int32_t n) { writer.number<int32_t>(n); });
    Reader reader(joined(writer.finish(false)), flexible);
    EXPECT_EQ(reader.number<int8_t>(), -3);
    EXPECT_EQ(reader.number<int16_t>(), -300);
    EXPECT_EQ(reader.number<uint16_t>(), 65'000);
    EXPECT_EQ(reader.number<int32_t>(), -70'000);
    EXPECT_EQ(reader.number<int64_t>(), INT64_MIN);
    EXPECT_TRUE(reader.boolean());
    EXPECT_EQ(reader.float64(), 2.5);
    EXPECT_EQ(reader.string(), "häuser");
    EXPECT_EQ(reader.nullable_string(), std::nullopt);
    EXPECT_EQ(reader.bytes().view(), "raw");
    EXPECT_FALSE(reader.nullable_bytes().has_value());
    std::vector<int32_t> numbers;
    reader.array(numbers, [&](int32_t& to) { to = reader.number<int32_t>(); });
    EXPECT_EQ(numbers, (std::vector<int32_t>{1, 2}));
    EXPECT_TRUE(reader.finish("it").has_value());
  }
}

TEST(Wire, LargeBuffersGoByReferenceSmallOnesAreCopied) {
  const Buffer large = Buffer::zeroed(100'000);
  Writer writer(true);
  writer.string("before");
  writer.records(std::vector{large, bytes_of("tail")});
  const auto parts = writer.finish(true);
  ASSERT_EQ(parts.size(), 4U);
  EXPECT_EQ(parts[2].data(), large.data());
  Reader reader(joined(parts), true);
  EXPECT_EQ(reader.number<int32_t>(), 7 + 3 + 100'004);
  EXPECT_EQ(reader.string(), "before");
  const auto records = reader.records();
  ASSERT_EQ(records.size(), 1U);
  EXPECT_EQ(records[0].bytes(), 100'004U);
}

TEST(Wire, RecordsShareTheFramesBlock) {
  Writer writer(false);
  writer.bytes(bytes_of("batch"));
  const Buffer frame = joined(writer.finish(false));
  Reader reader(frame, false);
  EXPECT_EQ(reader.bytes().data(), frame.data() + 4);
}

std::string wrong(std::string_view text, bool flexible, auto read) {
  Reader reader(bytes_of(text), flexible);
  read(reader);
  const auto end = reader.finish("it");
  return end ? "" : end.error().to_string();
}

TEST(Wire, WhatDoesNotFitIsNamedWithItsByte) {
  const auto strings = [](Reader& reader) {
    std::vector<std::string> to;
    reader.array(to, [&](std::string& text) { text = reader.string(); });
  };
  using std::string_view_literals::operator""sv;
  EXPECT_NE(wrong("\0\0\0"sv, false, strings).find("it ends too early"), std::string::npos);
  EXPECT_NE(wrong("\0\0\0\5ab"sv, false, strings).find("an array longer than it"),
            std::string::npos);
  EXPECT_NE(wrong("\xff\xff\xff\xfe"sv, false, strings).find("a negative length"),
            std::string::npos);
  EXPECT_NE(wrong("\xff\xff\xff\xff"sv, false, strings).find("must not be null"),
            std::string::npos);
  EXPECT_NE(wrong("\2\0"sv, true, strings).find("a string that must not be null"),
            std::string::npos);
  EXPECT_NE(wrong("\xff\xff\xff\xff\xff\x01"sv, true, strings).find("more than 32 bits"),
            std::string::npos);
}

TEST(Wire, BytesBehindAMessageDoNotCount) {
  Reader reader(Buffer::copy_of(std::string_view("\1x")), true);
  std::vector<std::string> texts;
  reader.array(texts, [&](std::string& text) { text = reader.string(); });
  EXPECT_TRUE(reader.finish("it").has_value());
}

TEST(Wire, UnknownTagsAreSkippedAndKnownOnesMustFillTheirSize) {
  using std::string_view_literals::operator""sv;
  int32_t value = 0;
  const auto tag_five = [&](Reader& reader) {
    reader.tags([&](uint32_t tag) {
      if (tag != 5) return false;
      value = reader.number<int32_t>();
      return true;
    });
  };
  EXPECT_EQ(wrong("\2\1\2ab\5\4\0\0\0\7"sv, true, tag_five), "");
  EXPECT_EQ(value, 7);
  EXPECT_NE(wrong("\1\5\5\0\0\0\7x"sv, true, tag_five).find("another size"), std::string::npos);
  EXPECT_NE(wrong("\1\5\3\0\0\7x"sv, true, tag_five).find("too early"), std::string::npos);
  EXPECT_NE(wrong("\2\5\4\0\0\0\7\5\0"sv, true, tag_five).find("do not ascend"), std::string::npos);
}

TEST(Wire, ArraysTogetherHaveALimit) {
  Writer writer(false);
  const std::vector<int8_t> many(600'000);
  for (int i = 0; i < 2; ++i) {
    writer.array(many, [&](int8_t n) { writer.number<int8_t>(n); });
  }
  Reader reader(joined(writer.finish(false)), false);
  std::vector<int8_t> to;
  for (int i = 0; i < 2; ++i) {
    reader.array(to, [&](int8_t& n) { n = reader.number<int8_t>(); });
  }
  const auto end = reader.finish("it");
  ASSERT_FALSE(end.has_value());
  EXPECT_NE(end.error().to_string().find("too many array elements"), std::string::npos);
}

TEST(Wire, AUuidPrintsAsTwentyTwoCharacters) {
  Uuid id;
  EXPECT_TRUE(id.empty());
  EXPECT_EQ(id.to_string(), "AAAAAAAAAAAAAAAAAAAAAA");
  for (size_t i = 0; i < id.raw.size(); ++i) id.raw[i] = static_cast<std::byte>(255 - i);
  EXPECT_EQ(id.to_string(), "__79_Pv6-fj39vX08_Lx8A");
}

}  // namespace
}  // namespace millrace::kafka
