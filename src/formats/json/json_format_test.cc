#include "formats/json/json_format.h"

#include <gtest/gtest.h>

#include "data/builder.h"
#include "formats/decoding_test.h"

namespace millrace::formats {
namespace {

using data::Type;
using data::TypeKind;

const std::unique_ptr<Format>& json() {
  static const std::unique_ptr<Format> format = make_json_format();
  return format;
}

DecodeRequest request(std::vector<data::Field> fields,
                      std::vector<std::pair<std::string, std::string>> options = {}) {
  return make_request(*json(), std::move(fields), std::move(options));
}

std::string decode(const DecodeRequest& request, const std::string& text) {
  return decode_all(*json(), request, text);
}

const std::vector<data::Field> kAB = {{"a", TypeKind::kBigint}, {"b", TypeKind::kVarchar}};

TEST(JsonFormat, ReadsALinePerRow) {
  EXPECT_EQ(decode(request(kAB), "{\"a\":1,\"b\":\"x\"}\n{\"b\":\"y\",\"a\":2}\r\n{\"a\":3}"),
            "#0 (1, 'x')\n#1 (2, 'y')\n#2 (3, NULL)\n");
  EXPECT_EQ(decode(request(kAB), ""), "");
  EXPECT_EQ(decode(request(kAB), "\xef\xbb\xbf{\"a\":1}"), "#0 (1, NULL)\n");
}

TEST(JsonFormat, BlankLinesCountButGiveNoRow) {
  EXPECT_EQ(decode(request(kAB), "\n\n{\"a\":1}\n \r\n{\"a\":2}\n\n"),
            "#2 (1, NULL)\n#4 (2, NULL)\n");
}

TEST(JsonFormat, OnlyWantedMembersAreLookedAt) {
  DecodeRequest wanted = request({{"a", TypeKind::kBigint}, {"b", TypeKind::kBigint}});
  wanted.columns = {1};
  EXPECT_EQ(decode(wanted, "{\"a\":\"no number\",\"b\":1,\"c\":[1,{\"d\":2}]}\n"), "#0 (1)\n");
  wanted.columns = {};
  EXPECT_EQ(decode(wanted, "{\"a\":1}\n{\"a\":2}\n"), "#0 ()\n#1 ()\n");
}

TEST(JsonFormat, ABadRowIsNamedAndTheOthersCome) {
  EXPECT_EQ(
      decode(
          request(kAB),
          "{\"a\":1}\n{\"a\":x}\n{\"a\":\"abc\"}\n{\"a\":2\n{\"a\":3} {}\nnull\n[1]\n{\"a\":4}\n"),
      "#0 (1, NULL)\n"
      "!:2 8 {\"a\":x} MalformedRow: the row is not one JSON object: a number is not one\n"
      "!:3 16 {\"a\":\"abc\"} CastFailed: column 'a': 'abc' is not a BIGINT\n"
      "!:4 28 {\"a\":2 MalformedRow: the row is not one JSON object: a bracket is never closed\n"
      "!:5 35 {\"a\":3} {} MalformedRow: the row is not one JSON object: something follows it\n"
      "!:6 46 null MalformedRow: the row is not one JSON object: it is no object\n"
      "!:7 51 [1] MalformedRow: the row is not one JSON object: it is no object\n"
      "#7 (4, NULL)\n");
}

TEST(JsonFormat, TextThatIsNotUtf8IsABadRow) {
  EXPECT_EQ(decode(request(kAB), "{\"b\":\"\xff\"}\n{\"b\":\"ok\"}\n"),
            "!:1 0 {\"b\":\"\xff\"} MalformedRow: the row is not one JSON object: it is not valid "
            "UTF-8\n#1 (NULL, 'ok')\n");
}

TEST(JsonFormat, EveryTypeIsRead) {
  const DecodeRequest wanted =
      request({{"bool", TypeKind::kBoolean},
               {"int", TypeKind::kInt},
               {"double", TypeKind::kDouble},
               {"decimal", Type::decimal(10, 2)},
               {"date", TypeKind::kDate},
               {"time", Type(TypeKind::kTime, 0)},
               {"ts", Type::timestamp(3)},
               {"ltz", Type::timestamp_ltz(3)},
               {"bytes", TypeKind::kBytes},
               {"json", TypeKind::kJson},
               {"list", Type::array(TypeKind::kInt)},
               {"map", Type::map(TypeKind::kVarchar, TypeKind::kDouble)},
               {"row", Type::row({{"x", TypeKind::kInt}, {"y", TypeKind::kVarchar}})}});
  EXPECT_EQ(
      decode(
          wanted,
          "{\"bool\":true,\"int\":-5,\"double\":1.5e2,\"decimal\":12.345,\"date\":\"2001/01/01\","
          "\"time\":\"12:30\",\"ts\":\"2001/01/01 00:47\",\"ltz\":1517966773840,"
          "\"bytes\":\"aGk=\",\"json\": {\"k\": [1, 2]} ,\"list\":[1,null,3],"
          "\"map\":{\"p\":1,\"q\":null},\"row\":{\"y\":\"a\\nb\",\"x\":1,\"z\":0}}\n"
          "{\"bool\":null,\"int\":null,\"list\":[],\"map\":{},\"row\":{}, \"json\":\"s\"}\n"),
      "#0 (true, -5, 150, 12.35, 2001-01-01, 12:30:00, 2001-01-01 00:47:00.000, "
      "2018-02-07 01:26:13.840Z, \\x6869, '{\"k\": [1, 2]}', [1, NULL, 3], {'p': 1, 'q': NULL}, "
      "(1, 'a\nb'))\n"
      "#1 (NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '\"s\"', [], {}, (NULL, NULL))\n");
}

TEST(JsonFormat, NumbersConvertWhereNothingIsLost) {
  EXPECT_EQ(
      decode(request({{"a", TypeKind::kBigint}}),
             "{\"a\":\"12\"}\n{\"a\":3.0}\n{\"a\":1e3}\n{\"a\":3.5}\n{\"a\":9223372036854775807}\n"
             "{\"a\":9223372036854775808}\n{\"a\":true}\n{\"a\":{}}\n{\"a\":01}\n"),
      "#0 (12)\n#1 (3)\n#2 (1000)\n"
      "!:4 31 {\"a\":3.5} CastFailed: column 'a': 3.5 is not a BIGINT\n"
      "#4 (9223372036854775807)\n"
      "!:6 67 {\"a\":9223372036854775808} NumericOverflow: column 'a': '9223372036854775808' is "
      "out of the range of BIGINT\n"
      "!:7 93 {\"a\":true} CastFailed: column 'a': true is not a BIGINT\n"
      "!:8 104 {\"a\":{}} CastFailed: column 'a': an object is not a BIGINT\n"
      "!:9 113 {\"a\":01} MalformedRow: the row is not one JSON object: a number is not one\n");
  EXPECT_EQ(
      decode(request({{"a", TypeKind::kVarchar}}), "{\"a\":1.50}\n{\"a\":[1]}\n{\"a\":true}\n"),
      "#0 ('1.50')\n#1 ('[1]')\n#2 ('true')\n");
  EXPECT_EQ(decode(request({{"a", Type::timestamp(6)}}), "{\"a\":1.5}\n{\"a\":-1}\n"),
            "#0 (1970-01-01 00:00:00.001500)\n#1 (1969-12-31 23:59:59.999000)\n");
}

TEST(JsonFormat, NullsAndMissingMembersFollowTheDeclaration) {
  const std::vector<data::Field> fields = {{"a", TypeKind::kInt, false}};
  EXPECT_EQ(
      decode(request(fields), "{}\n{\"a\":null}\n{\"a\":1}\n"),
      "!:1 0 {} NullNotAllowed: column 'a': the member is missing, but the column is NOT NULL\n"
      "!:2 3 {\"a\":null} NullNotAllowed: column 'a': null, but the column is NOT NULL\n"
      "#2 (1)\n");
  EXPECT_EQ(decode(request(kAB, {{"json.fail-on-missing-field", "true"}}), "{\"a\":1}\n"),
            "!:1 0 {\"a\":1} MalformedRow: column 'b': the member is missing\n");
  EXPECT_EQ(decode(request({{"a", Type::row({{"b", Type::array(TypeKind::kInt)}})}}),
                   "{\"a\":{\"b\":[1,\"x\"]}}\n{\"a\":{\"b\":[2]}}\n"),
            "!:1 0 {\"a\":{\"b\":[1,\"x\"]}} CastFailed: column 'a.b.element': 'x' is not an INT\n"
            "#1 (([2]))\n");
}

TEST(JsonFormat, ErrorsBecomeNullWhereTheTableSaysSo) {
  const auto wanted = request(kAB, {{"json.ignore-parse-errors", "true"}});
  EXPECT_EQ(decode(wanted, "{\"a\":\"x\",\"b\":\"y\"}\n{\"a\":[1,2],\"b\":\"z\"}\n{\"a\":}\n"),
            "#0 (NULL, 'y')\n#1 (NULL, 'z')\n"
            "!:3 38 {\"a\":} MalformedRow: the row is not one JSON object: a number is not one\n");
}

TEST(JsonFormat, MembersMayComeInAnyOrderTwiceAndWithEscapes) {
  EXPECT_EQ(decode(request(kAB),
                   "{\"b\":\"1\",\"a\":1}\n{\"a\":2,\"x\":{},\"b\":\"2\"}\n{\"x\":[[]],\"b\":\"3\","
                   "\"a\":3}\n"
                   "{\"a\":0,\"a\":4,\"\\u0062\":\"4\"}\n{\"A\":5,\"ab\":1,\"b\":\"5\"}\n"),
            "#0 (1, '1')\n#1 (2, '2')\n#2 (3, '3')\n#3 (4, '4')\n#4 (NULL, '5')\n");
}

TEST(JsonFormat, ReadsOneArray) {
  EXPECT_EQ(decode(request(kAB),
                   " [ {\"a\":1,\"b\":\"]\\\"}\"},\n {\"a\":2} , {\"a\":\"x\"},3,{\"a\":4}]\n"),
            "#0 (1, ']\"}')\n#1 (2, NULL)\n"
            "![2] 34 {\"a\":\"x\"} CastFailed: column 'a': 'x' is not a BIGINT\n"
            "![3] 44 3 MalformedRow: the row is not one JSON object: it is no object\n"
            "#4 (4, NULL)\n");
  EXPECT_EQ(decode(request(kAB), "[]"), "");
}

TEST(JsonFormat, AnArrayThatIsCutShortIsSaidToBe) {
  EXPECT_EQ(decode(request(kAB), "[{\"a\":1},{\"a\":2"),
            "#0 (1, NULL)\n![1] 9 {\"a\":2 MalformedRow: the file ends in the middle of a row\n");
  EXPECT_EQ(decode(request(kAB), "[{\"a\":1},"),
            "#0 (1, NULL)\n![1] 9  MalformedRow: the file ends before its array does\n");
  EXPECT_EQ(decode(request(kAB), "[{\"a\":1}] x"),
            "#0 (1, NULL)\n![1] 10 x MalformedRow: something follows the array\n");
}

TEST(JsonFormat, ReadsRowsAtAPath) {
  const std::string document =
      "{\"type\":\"F\",\"meta\":{\"features\":[0]},\"features\":[{\"a\":1,\"p\":{\"a\":10}},"
      "{\"a\":2,\"p\":{\"a\":20}}],\"end\":0}";
  EXPECT_EQ(decode(request(kAB, {{"json.path", "$.features[*]"}}), document),
            "#0 (1, NULL)\n#1 (2, NULL)\n");
  EXPECT_EQ(decode(request(kAB, {{"json.path", "$.features[*].p"}}), document),
            "#0 (10, NULL)\n#1 (20, NULL)\n");
  EXPECT_EQ(decode(request(kAB, {{"json.path", "$"}}), "{\n\"a\":1\n}"), "#0 (1, NULL)\n");
  EXPECT_EQ(
      decode(request(kAB, {{"json.path", "$.nothing[*]"}}), document),
      "MR-6003 file: the document has no member 'nothing' there\n  Check the option 'json.path'.");
  EXPECT_EQ(
      decode(request(kAB, {{"json.path", "$.type[*]"}}), document),
      "MR-6003 file: what stands at 'json.path' is no array\n  Check the option 'json.path'.");
}

TEST(JsonFormat, ABinaryFileIsRefusedAsAWhole) {
  EXPECT_EQ(decode(request(kAB), "PAR1\x15\x04xx"),
            "MR-6003 file: the file is a Parquet file, not JSON text\n  Say 'format' = 'parquet' "
            "for it.");
  EXPECT_EQ(decode(request(kAB), std::string("abc\0def", 7)),
            "MR-6003 file: the file is binary data, not JSON text\n  Give a file of JSON text.");
}

TEST(JsonFormat, RowsLongerThanABlockAndThoseAcrossTwoAreWhole) {
  std::string text;
  std::string expected;
  const std::string huge(3 << 20, 'h');
  for (int n = 0; n < 40'000; ++n) {
    const std::string b = n == 20'000 ? huge : std::string(static_cast<size_t>(n % 50), 'x');
    text += "{\"a\":" + std::to_string(n) + ",\"b\":\"" + b + "\"}\n";
    expected += "#" + std::to_string(n) + " (" + std::to_string(n) + ", '" + b + "')\n";
  }
  EXPECT_TRUE(decode(request(kAB), text) == expected);
  text = "[" + text;
  for (char& c : text) c = c == '\n' ? ',' : c;
  text.back() = ']';
  EXPECT_TRUE(decode(request(kAB), text) == expected);
}

TEST(JsonFormat, EncodesAsTheOutputsOfMillraceAre) {
  data::BatchBuilder builder(data::make_schema({{"b", TypeKind::kBoolean},
                                                {"n", TypeKind::kBigint},
                                                {"x", TypeKind::kDouble},
                                                {"d", Type::decimal(10, 2)},
                                                {"t", TypeKind::kVarchar},
                                                {"ts", Type::timestamp(3)},
                                                {"z", Type::timestamp_ltz(0)},
                                                {"y", TypeKind::kBytes},
                                                {"j", TypeKind::kJson},
                                                {"l", Type::array(TypeKind::kInt)},
                                                {"m", Type::map(TypeKind::kInt, TypeKind::kInt)},
                                                {"r", Type::row({{"p q", TypeKind::kDate}})}}));
  builder.append_row({true, 1, 0.1, 150, "a\"b", 1'709'250'965'460'000, 0, "hi", "{\"a\":\n1}",
                      data::Value::List{1, data::Value()}, data::Value::List{7, 8},
                      data::Value::List{0}});
  builder.append_row(std::vector<data::Value>(12));
  const auto encoder = json()->encoder(builder.schema(), request({}).options);
  ASSERT_TRUE(encoder);
  EncodedRecords records;
  (*encoder)->encode(builder.finish(), "\n", records);
  ASSERT_EQ(records.size(), 2U);
  EXPECT_EQ(records[0],
            "{\"b\":true,\"n\":1,\"x\":0.1,\"d\":1.50,\"t\":\"a\\\"b\",\"ts\":\"2024-02-29 "
            "23:56:05.460\","
            "\"z\":\"1970-01-01 00:00:00Z\",\"y\":\"aGk=\",\"j\":{\"a\": 1},\"l\":[1,null],"
            "\"m\":{\"7\":8},\"r\":{\"p q\":\"1970-01-01\"}}\n");
  EXPECT_EQ(
      records[1],
      "{\"b\":null,\"n\":null,\"x\":null,\"d\":null,\"t\":null,\"ts\":null,\"z\":null,\"y\":null,"
      "\"j\":null,\"l\":null,\"m\":null,\"r\":null}\n");
}

TEST(JsonFormat, RecordsAreOneRowEach) {
  const auto decoder = json()->record_decoder(request(kAB));
  ASSERT_TRUE(decoder);
  const Buffer bytes = Buffer::copy_of(std::string_view("{\"a\":1}{\"a\":x}{\"a\":3}"));
  const std::vector<std::string_view> values = {
      bytes.view().substr(0, 7), bytes.view().substr(7, 7), bytes.view().substr(14, 7), ""};
  DecodedRecords rows;
  (*decoder)->decode(values, rows);
  EXPECT_EQ(rows.batch.to_string(), "+I (1, NULL)\n+I (3, NULL)\n");
  ASSERT_EQ(rows.bad.size(), 2U);
  EXPECT_EQ(rows.bad[0].index, 1U);
  EXPECT_EQ(rows.bad[1].index, 3U);
  EXPECT_EQ(rows.bad[1].reason, "the row is not one JSON object: there is nothing");
}

TEST(JsonFormat, TypesThatJsonHasNotAreRefusedAtOnce) {
  const auto opened = json()->open_file(request({{"i", TypeKind::kIntervalDay}}), "f", 1, "");
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code(), ErrorCode::kTypeMismatch);
}

}  // namespace
}  // namespace millrace::formats
