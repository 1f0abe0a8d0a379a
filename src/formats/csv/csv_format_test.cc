#include "formats/csv/csv_format.h"

#include <gtest/gtest.h>

#include "data/builder.h"
#include "formats/decoding_test.h"

namespace millrace::formats {
namespace {

using data::Type;
using data::TypeKind;

const std::unique_ptr<Format>& csv() {
  static const std::unique_ptr<Format> format = make_csv_format();
  return format;
}

DecodeRequest request(std::vector<data::Field> fields,
                      std::vector<std::pair<std::string, std::string>> options = {}) {
  return make_request(*csv(), std::move(fields), std::move(options));
}

std::string decode(const DecodeRequest& request, const std::string& text) {
  return decode_all(*csv(), request, text);
}

const std::vector<data::Field> kAB = {{"a", TypeKind::kBigint}, {"b", TypeKind::kVarchar}};

TEST(CsvFormat, ReadsPlainAndQuotedFields) {
  EXPECT_EQ(decode(request(kAB), "1,x\r\n2,\"y, \"\"z\"\"\"\n3,\"\"\n4,\n\"5\",a\"b"),
            "#0 (1, 'x')\n#1 (2, 'y, \"z\"')\n#2 (3, '')\n#3 (4, NULL)\n#4 (5, 'a\"b')\n");
  EXPECT_EQ(decode(request(kAB), ""), "");
  EXPECT_EQ(decode(request({{"b", TypeKind::kVarchar}}), "x\n\"y\""), "#0 ('x')\n#1 ('y')\n");
}

TEST(CsvFormat, RowsAreNumberedByTheirFirstLine) {
  EXPECT_EQ(
      decode(request(kAB), "1,\"x\ny\n\"\n\n2,z\nx,y\n"),
      "#0 (1, 'x\ny\n')\n#4 (2, 'z')\n!:6 14 x,y CastFailed: column 'a': 'x' is not a BIGINT\n");
}

TEST(CsvFormat, AHeaderSaysWhereTheColumnsAre) {
  const auto with_header = request(kAB, {{"csv.header", "true"}});
  EXPECT_EQ(decode(with_header, "\xef\xbb\xbfz,\"b\",a\n0,x,1\n0,y,2\n"),
            "#1 (1, 'x')\n#2 (2, 'y')\n");
  EXPECT_EQ(decode(with_header, "a,b\n"), "");
  EXPECT_EQ(decode(with_header, ""), "");
  EXPECT_EQ(decode(with_header, "a,B\n1,x\n"),
            "MR-2006 file:1: the header of the file has no column 'b'\n  Did you mean 'B'?");
  EXPECT_EQ(decode(request(kAB), "a,b\n1,x\n"),
            "!:1 0 a,b CastFailed: column 'a': 'a' is not a BIGINT (the line is a header: say "
            "'csv.header' = 'true')\n#1 (1, 'x')\n");
}

TEST(CsvFormat, OnlyWantedColumnsAreConverted) {
  DecodeRequest wanted = request({{"a", TypeKind::kBigint}, {"b", TypeKind::kBigint}});
  wanted.columns = {1};
  EXPECT_EQ(decode(wanted, "x,1\ny,2\n"), "#0 (1)\n#1 (2)\n");
  wanted.columns = {};
  EXPECT_EQ(decode(wanted, "x,1\ny,2\n"), "#0 ()\n#1 ()\n");
}

TEST(CsvFormat, ABadRowIsNamedAndTheOthersCome) {
  EXPECT_EQ(decode(request(kAB), "1,x\n2\n3,y,z\n4,\"a\"b,c\n5,\"never\n6,ok\n7,\xff\n8,z\n"),
            "#0 (1, 'x')\n"
            "!:2 4 2 MalformedRow: the row has 1 fields, expected are 2\n"
            "!:3 6 3,y,z MalformedRow: the row has 3 fields, expected are 2\n"
            "!:4 12 4,\"a\"b,c MalformedRow: a field goes on behind its closing quote\n"
            "!:5 21 5,\"never MalformedRow: a quote is never closed\n"
            "#5 (6, 'ok')\n"
            "!:7 35 7,\xff MalformedRow: the row is not valid UTF-8\n"
            "#7 (8, 'z')\n");
}

TEST(CsvFormat, OptionsChangeWhatIsSpecial) {
  EXPECT_EQ(decode(request(kAB, {{"csv.field-delimiter", "\\t"}, {"csv.quote-character", "'"}}),
                   "1\t'x\ty'\n2\t\"q\n"),
            "#0 (1, 'x\ty')\n#1 (2, '\"q')\n");
  EXPECT_EQ(decode(request(kAB, {{"csv.disable-quote-character", "true"}}), "1,\"x\n"),
            "#0 (1, '\"x')\n");
  EXPECT_EQ(
      decode(request(kAB, {{"csv.escape-character", "\\"}}), "1,\"a\\\"b\\\\\"\n2,\"c\"\"d\"\n"),
      "#0 (1, 'a\"b\\')\n#1 (2, 'c\"d')\n");
  EXPECT_EQ(decode(request(kAB, {{"csv.null-literal", "n/a"}}), "n/a,n/a\n1,\n2,\"n/a\"\n"),
            "#0 (NULL, NULL)\n#1 (1, '')\n#2 (2, 'n/a')\n");
  EXPECT_EQ(decode(request(kAB, {{"csv.allow-comments", "true"}}), "# one, two\n1,x\n#\n2,y\n#end"),
            "#1 (1, 'x')\n#3 (2, 'y')\n");
  EXPECT_EQ(decode(request(kAB, {{"csv.ignore-parse-errors", "true"}}), "x,y\n"),
            "#0 (NULL, 'y')\n");
}

TEST(CsvFormat, AnEmptyLineIsNullWhereThereIsOneColumn) {
  EXPECT_EQ(decode(request({{"b", TypeKind::kVarchar}}), "x\n\r\n\n\"\"\n"),
            "#0 ('x')\n#1 (NULL)\n#2 (NULL)\n#3 ('')\n");
}

TEST(CsvFormat, NullsFollowTheDeclaration) {
  EXPECT_EQ(decode(request({{"a", TypeKind::kInt, false}, {"b", TypeKind::kInt}}), ",1\n2,\n"),
            "!:1 0 ,1 NullNotAllowed: column 'a': the field is NULL, but the column is NOT NULL\n"
            "#1 (2, NULL)\n");
}

TEST(CsvFormat, EveryScalarTypeAndArraysAreRead) {
  EXPECT_EQ(decode(request({{"t", Type::timestamp(3)},
                            {"d", Type::decimal(8, 2)},
                            {"x", TypeKind::kDouble},
                            {"b", TypeKind::kBoolean},
                            {"l", Type::array(TypeKind::kInt)}}),
                   "2001/01/01 00:47, 12.345 ,1e3,yes,1;;3\n,,,,\"\"\n,,,,;\n"),
            "#0 (2001-01-01 00:47:00.000, 12.35, 1000, true, [1, NULL, 3])\n"
            "#1 (NULL, NULL, NULL, NULL, [])\n#2 (NULL, NULL, NULL, NULL, [NULL, NULL])\n");
}

TEST(CsvFormat, RowsAcrossBlocksAreWhole) {
  std::string text;
  std::string expected;
  const std::string huge(2'500'000, 'h');
  for (int n = 0; n < 60'000; ++n) {
    const std::string b = n == 30'000 ? huge : std::string(static_cast<size_t>(n % 60), 'x');
    text += std::to_string(n) + ",\"" + b + "\"\"\"\n";
    expected += "#" + std::to_string(n) + " (" + std::to_string(n) + ", '" + b + "\"')\n";
  }
  EXPECT_TRUE(decode(request(kAB), text) == expected);
}

TEST(CsvFormat, ABinaryFileIsRefusedAsAWhole) {
  EXPECT_EQ(
      decode(request(kAB), "PAR1\x15\x04xx"),
      "MR-6003 file: the file is a Parquet file, not CSV text\n  Say 'format' = 'parquet' for it.");
}

TEST(CsvFormat, ATextMayBeginLikeTheMarkOfABinaryFile) {
  EXPECT_EQ(decode(request({{"b", TypeKind::kVarchar}}), "ORC\n"), "#0 ('ORC')\n");
}

TEST(CsvFormat, WhatIsWrittenIsReadAsTheSame) {
  const std::vector<data::Field> fields = {{"a", TypeKind::kBigint},
                                           {"b c", TypeKind::kVarchar},
                                           {"l", Type::array(TypeKind::kInt)},
                                           {"y", TypeKind::kBytes}};
  const DecodeRequest wanted = request(fields, {{"csv.header", "true"}});
  data::BatchBuilder builder(wanted.declared);
  builder.append_row({1, "", data::Value::List{1, data::Value(), 2}, "bytes"});
  builder.append_row({data::Value(), "a,\"b\"\r\nc", data::Value::List{}, data::Value()});
  builder.append_row({2, "# no comment", data::Value(), ""});
  const data::Batch batch = builder.finish();
  const auto encoder = csv()->encoder(wanted.declared, wanted.options);
  ASSERT_TRUE(encoder);
  EncodedRecords records;
  (*encoder)->encode(batch, (*encoder)->record_end(), records);
  const std::string text = std::string((*encoder)->file_header()) + records.bytes;
  EXPECT_EQ(
      text,
      "a,b c,l,y\n1,\"\",1;;2,Ynl0ZXM=\n,\"a,\"\"b\"\"\r\nc\",\"\",\n2,\"# no comment\",,\"\"\n");
  std::string expected;
  const std::string numbers[] = {"#1", "#2", "#4"};
  for (uint32_t row = 0; row < 3; ++row) {
    expected += numbers[row] + " " + batch.slice(row, 1).to_string().substr(3);
  }
  EXPECT_EQ(decode(wanted, text), expected);
}

TEST(CsvFormat, AValueMayBeginLikeAByteOrderMark) {
  const DecodeRequest wanted = request({{"b", TypeKind::kVarchar}});
  data::BatchBuilder builder(wanted.declared);
  builder.append_row({"\xEF\xBB\xBFx"});
  const auto encoder = csv()->encoder(wanted.declared, wanted.options);
  ASSERT_TRUE(encoder);
  EncodedRecords records;
  (*encoder)->encode(builder.finish(), (*encoder)->record_end(), records);
  EXPECT_EQ(records.bytes, "\"\xEF\xBB\xBFx\"\n");
  EXPECT_EQ(decode(wanted, records.bytes), "#0 ('\xEF\xBB\xBFx')\n");
}

TEST(CsvFormat, RecordsAreOneRowEach) {
  const auto decoder = csv()->record_decoder(request(kAB));
  ASSERT_TRUE(decoder);
  const Buffer bytes = Buffer::copy_of(std::string_view("1,x2,y\n3,z"));
  const std::vector<std::string_view> values = {bytes.view().substr(0, 3), bytes.view().substr(3),
                                                ""};
  DecodedRecords rows;
  (*decoder)->decode(values, rows);
  EXPECT_EQ(rows.batch.to_string(), "+I (1, 'x')\n");
  ASSERT_EQ(rows.bad.size(), 2U);
  EXPECT_EQ(rows.bad[0].reason, "the record is more than one row");
  EXPECT_EQ(rows.bad[1].reason, "the row has 1 fields, expected are 2");
}

}  // namespace
}  // namespace millrace::formats
