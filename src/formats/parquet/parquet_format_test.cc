#include "formats/parquet/parquet_format.h"

#include <gtest/gtest.h>

#include "formats/decoding_test.h"

#ifndef MILLRACE_WITH_PARQUET

namespace millrace::formats {
namespace {

TEST(ParquetFormat, SaysThatItWasLeftOutOfTheBuild) {
  const auto format = make_parquet_format();
  const auto opened = format->open_file(make_request(*format, {}, {}), "f.parquet", 100, "");
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code(), ErrorCode::kFormatUnavailable);
}

}  // namespace
}  // namespace millrace::formats

#else

#include <arrow/api.h>
#include <arrow/io/memory.h>
#include <parquet/arrow/writer.h>

namespace millrace::formats {
namespace {

using data::Type;
using data::TypeKind;

const std::unique_ptr<Format>& parquet_format() {
  static const std::unique_ptr<Format> format = make_parquet_format();
  return format;
}

DecodeRequest request(std::vector<data::Field> fields) {
  return make_request(*parquet_format(), std::move(fields), {});
}

std::string write(const std::shared_ptr<arrow::Table>& table, int64_t group_rows) {
  const auto sink = arrow::io::BufferOutputStream::Create().ValueOrDie();
  const auto status =
      parquet::arrow::WriteTable(*table, arrow::default_memory_pool(), sink, group_rows);
  EXPECT_TRUE(status.ok()) << status.ToString();
  return sink->Finish().ValueOrDie()->ToString();
}

template <class Builder, class Value>
std::shared_ptr<arrow::Array> array_of(const std::vector<std::optional<Value> >& values) {
  Builder builder;
  for (const auto& value : values) {
    EXPECT_TRUE((value ? builder.Append(*value) : builder.AppendNull()).ok());
  }
  return builder.Finish().ValueOrDie();
}

std::shared_ptr<arrow::Array> integers(std::vector<std::optional<int64_t> > values) {
  return array_of<arrow::Int64Builder, int64_t>(values);
}
std::shared_ptr<arrow::Array> texts(std::vector<std::optional<std::string> > values) {
  return array_of<arrow::StringBuilder, std::string>(values);
}

// `rows` rows: id, a text of few values, a text of its own, a time.
std::string sample(int rows, int64_t group_rows) {
  std::vector<std::optional<int64_t> > ids;
  std::vector<std::optional<std::string> > few;
  std::vector<std::optional<std::string> > many;
  arrow::TimestampBuilder times(arrow::timestamp(arrow::TimeUnit::MILLI),
                                arrow::default_memory_pool());
  for (int n = 0; n < rows; ++n) {
    ids.emplace_back(n);
    few.push_back(n % 7 == 3 ? std::nullopt
                             : std::optional("value number " + std::to_string(n % 5)));
    many.emplace_back("row " + std::to_string(n));
    EXPECT_TRUE(times.Append(n * 1000).ok());
  }
  const auto schema =
      arrow::schema({arrow::field("id", arrow::int64()), arrow::field("few", arrow::utf8()),
                     arrow::field("many", arrow::utf8()),
                     arrow::field("t", arrow::timestamp(arrow::TimeUnit::MILLI))});
  return write(arrow::Table::Make(
                   schema, {integers(ids), texts(few), texts(many), times.Finish().ValueOrDie()}),
               group_rows);
}

const std::vector<data::Field> kSample = {{"id", TypeKind::kBigint},
                                          {"few", TypeKind::kVarchar},
                                          {"many", TypeKind::kVarchar},
                                          {"t", Type::timestamp(0)}};

std::string expected_row(int n) {
  const std::string few = n % 7 == 3 ? "NULL" : "'value number " + std::to_string(n % 5) + "'";
  const data::Value time(int64_t{n} * 1'000'000);
  return "#" + std::to_string(n) + " (" + std::to_string(n) + ", " + few + ", 'row " +
         std::to_string(n) + "', " + to_string(time, Type::timestamp(0)) + ")\n";
}

std::string decode(const DecodeRequest& request, std::string_view file) {
  Position start;
  return decode_steps(*parquet_format(), request, file, start, 1 << 30, data::kBatchRowsMax);
}

TEST(ParquetFormat, ReadsEveryRowGroup) {
  const std::string file = sample(50'000, 12'345);
  std::string expected;
  for (int n = 0; n < 50'000; ++n) expected += expected_row(n);
  EXPECT_TRUE(decode(request(kSample), file) == expected);
}

TEST(ParquetFormat, GoesOnFromEveryPosition) {
  const std::string file = sample(1'000, 300);
  std::string expected;
  for (int n = 0; n < 1'000; ++n) expected += expected_row(n);
  std::string pieces;
  for (Position from; from != "done";) {
    pieces += decode_steps(*parquet_format(), request(kSample), file, from, 1, 77);
  }
  EXPECT_EQ(pieces, expected);
}

TEST(ParquetFormat, OnlyWantedColumnsAreAskedFor) {
  const std::string file = sample(20'000, 20'000);
  DecodeRequest wanted = request(kSample);
  wanted.columns = {0};
  auto opened = parquet_format()->open_file(wanted, "f", file.size(), "");
  ASSERT_TRUE(opened);
  Decoded decoded;
  uint64_t bytes = 0;
  uint64_t rows = 0;
  while (true) {
    const auto progress = (*opened)->decode(data::kBatchRowsMax, decoded);
    ASSERT_TRUE(progress) << progress.error().to_string();
    if (*progress == Progress::kDone) break;
    if (*progress == Progress::kRows) rows += decoded.batch.rows();
    for (const ByteRange& range : (*opened)->wanted()) {
      bytes += range.offset + range.bytes < file.size() - 64 * 1024 ? range.bytes : 0;
      (*opened)->supply(range,
                        Buffer::copy_of(std::string_view(file).substr(range.offset, range.bytes)));
    }
  }
  EXPECT_EQ(rows, 20'000U);
  EXPECT_LT(bytes, file.size() / 2);
  wanted.columns = {};
  opened = parquet_format()->open_file(wanted, "f", file.size(), "");
  rows = 0;
  while (true) {
    const auto progress = (*opened)->decode(1000, decoded);
    ASSERT_TRUE(progress) << progress.error().to_string();
    if (*progress == Progress::kDone) break;
    if (*progress == Progress::kRows) rows += decoded.batch.rows();
    for (const ByteRange& range : (*opened)->wanted()) {
      (*opened)->supply(range,
                        Buffer::copy_of(std::string_view(file).substr(range.offset, range.bytes)));
    }
  }
  EXPECT_EQ(rows, 20'000U);
}

TEST(ParquetFormat, RowGroupsThatCannotMatchAreSkippedAndStillNumbered) {
  const std::string file = sample(1'000, 100);
  DecodeRequest wanted = request(kSample);
  wanted.columns = {0};
  wanted.predicates = {{0, data::Comparison::kGreaterOrEqual, 250},
                       {0, data::Comparison::kLess, 401}};
  std::string expected;
  for (int n = 200; n < 500; ++n)
    expected += "#" + std::to_string(n) + " (" + std::to_string(n) + ")\n";
  EXPECT_EQ(decode(wanted, file), expected);
  wanted.predicates = {{1, data::Comparison::kEqual, "nothing"}};
  EXPECT_EQ(decode(wanted, file), "");
}

TEST(ParquetFormat, TypesConvertWhereNothingIsLostAndBadValuesAreBadRows) {
  const auto schema =
      arrow::schema({arrow::field("a", arrow::int64()), arrow::field("b", arrow::utf8())});
  const std::string file = write(arrow::Table::Make(schema, {integers({1, 300, std::nullopt, 4}),
                                                             texts({"x", "y", "z", std::nullopt})}),
                                 10);
  EXPECT_EQ(decode(request({{"a", TypeKind::kDouble}}), file),
            "#0 (1)\n#1 (300)\n#2 (NULL)\n#3 (4)\n");
  const std::string narrowed = decode(request({{"a", TypeKind::kTinyint}}), file);
  EXPECT_EQ(
      narrowed,
      "#0 (1)\n![1] 0 (NULL) NumericOverflow: column 'a': 300 is out of the range of TINYINT\n"
      "#2 (NULL)\n#3 (4)\n");
  EXPECT_EQ(
      decode(request({{"a", TypeKind::kBigint, false}, {"b", TypeKind::kVarchar, false}}), file),
      "#0 (1, 'x')\n#1 (300, 'y')\n"
      "![2] 0 (NULL, 'z') NullNotAllowed: column 'a': NULL, but the column is NOT NULL\n"
      "![3] 0 (4, NULL) NullNotAllowed: column 'b': NULL, but the column is NOT NULL\n");
  EXPECT_EQ(decode(request({{"b", TypeKind::kBigint}}), file),
            "MR-2009 file: column 'b' is declared as BIGINT, but in the file it is STRING\n"
            "  Declare it as STRING and convert it in the query.");
  EXPECT_EQ(decode(request({{"B", TypeKind::kVarchar}}), file),
            "MR-2006 file: the file has no column 'B'\n  Did you mean 'b'?");
}

TEST(ParquetFormat, NestedColumnsAreRead) {
  arrow::ListBuilder lists(arrow::default_memory_pool(), std::make_shared<arrow::Int64Builder>());
  auto* elements = static_cast<arrow::Int64Builder*>(lists.value_builder());
  EXPECT_TRUE(lists.Append().ok() && elements->Append(1).ok() && elements->AppendNull().ok());
  EXPECT_TRUE(lists.AppendNull().ok() && lists.AppendEmptyValue().ok());
  const auto list = lists.Finish().ValueOrDie();
  const auto row = arrow::StructArray::Make(
                       arrow::ArrayVector{integers({1, 2, 3}), texts({"x", "y", std::nullopt})},
                       std::vector<std::string>{"p", "q"})
                       .ValueOrDie();
  const auto schema =
      arrow::schema({arrow::field("l", list->type()), arrow::field("r", row->type())});
  const std::string file = write(arrow::Table::Make(schema, {list, row}), 10);
  EXPECT_EQ(decode(request({{"l", Type::array(TypeKind::kBigint)},
                            {"r", Type::row({{"q", TypeKind::kVarchar}, {"p", TypeKind::kInt}})}}),
                   file),
            "#0 ([1, NULL], ('x', 1))\n#1 (NULL, ('y', 2))\n#2 ([], (NULL, 3))\n");
}

TEST(ParquetFormat, DamagedFilesAreRefusedWithARemedy) {
  const std::string file = sample(1'500, 300);
  const auto code = [&](std::string_view bytes) {
    const std::string text = decode(request(kSample), bytes);
    return text.substr(text.find("MR-") == std::string::npos ? 0 : text.find("MR-"));
  };
  EXPECT_EQ(code(file.substr(0, file.size() / 2)),
            "MR-6003 file: the Parquet file is cut short: its end is missing\n  Write or copy the "
            "file again.");
  EXPECT_EQ(code("{\"a\":1}\n{\"a\":2}\n"),
            "MR-6003 file: the file is no Parquet file\n  Check the path and the option 'format'.");
  EXPECT_EQ(code("PAR1"),
            "MR-6003 file: the Parquet file is damaged: it is shorter than a footer\n"
            "  Write or copy the file again.");
  EXPECT_EQ(code(""), "MR-6003 file: the file is empty\n  Check the path and the option 'format'.");
  for (size_t at = 5; at < file.size(); at += 197) {
    std::string spoiled = file;
    for (size_t n = at; n < std::min(at + 8, spoiled.size()); ++n) spoiled[n] ^= 0x55;
    decode(request(kSample), spoiled);  // any outcome, but an orderly one
  }
}

TEST(ParquetFormat, TellsTheLimitsOfAColumn) {
  class MemoryFile final : public io::File {
   public:
    explicit MemoryFile(std::string bytes) : bytes_(std::move(bytes)) {}
    Result<size_t> read_at(uint64_t offset, std::span<std::byte> to) override {
      return bytes_.copy(reinterpret_cast<char*>(to.data()), to.size(), offset);
    }
    Result<void> write_at(uint64_t, std::span<const std::span<const std::byte> >) override {
      return {};
    }
    Result<void> sync() override { return {}; }
    Result<uint64_t> size() override { return bytes_.size(); }
    Result<void> truncate(uint64_t) override { return {}; }
    Result<void> drop_cache() override { return {}; }

   private:
    std::string bytes_;
  };
  MemoryFile file(sample(1'000, 100));
  const auto limits = parquet_format()->statistics(request(kSample), "f", file, 3);
  ASSERT_TRUE(limits) << limits.error().to_string();
  ASSERT_TRUE(*limits);
  EXPECT_EQ((*limits)->min, data::Value(0));
  EXPECT_EQ((*limits)->max, data::Value(int64_t{999'000'000}));
  EXPECT_EQ((*limits)->rows, 1'000U);
  Decoded decoded;
  auto opened = parquet_format()->open_file(request(kSample), "f", file.size().value(), "");
  ASSERT_TRUE(opened);
  const auto progress = decode_from(file, **opened, 10, decoded);
  ASSERT_TRUE(progress);
  EXPECT_EQ(decoded.batch.rows(), 10U);
}

}  // namespace
}  // namespace millrace::formats

#endif  // MILLRACE_WITH_PARQUET
