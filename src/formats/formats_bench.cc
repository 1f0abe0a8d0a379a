#include <benchmark/benchmark.h>
#include <fmt/core.h>

#include "data/builder.h"
#include "formats/builtin.h"
#include "io/posix_file_system.h"

// Rows per second of decoding and encoding, one core. The Parquet part reads the flights of the
// examples, if the working folder is the repository's.
namespace millrace::formats {
namespace {

using data::Type;
using data::TypeKind;

constexpr int kRows = 100'000;
constexpr const char* kFlights = "examples/data/flights-3m.parquet";

const Formats& formats() {
  static const Formats all = builtin_formats();
  return all;
}

DecodeRequest request(std::string_view format, std::vector<data::Field> fields,
                      std::vector<size_t> columns) {
  DecodeRequest request;
  request.declared = data::make_schema(std::move(fields));
  request.columns = std::move(columns);
  const traits::OptionTable tables[] = {(*formats().find(format))->traits().options};
  request.options = *traits::Options::parse(tables, {}, "format");
  return request;
}

const std::vector<data::Field> kFields = {
    {"id", TypeKind::kBigint},       {"time", Type::timestamp(3)},   {"delay", TypeKind::kBigint},
    {"distance", TypeKind::kBigint}, {"origin", TypeKind::kVarchar}, {"dest", TypeKind::kVarchar},
    {"k", TypeKind::kInt},           {"v", TypeKind::kDouble}};

std::string lines(bool json) {
  std::string text;
  for (int n = 0; n < kRows; ++n) {
    const char* pattern =
        json ? "{{\"id\":{},\"time\":\"2001-01-01 00:47:{:02}\",\"delay\":{},\"distance\":{},"
               "\"origin\":\"DTW\",\"dest\":\"LAS\",\"k\":{},\"v\":{}}}\n"
             : "{},2001-01-01 00:47:{:02},{},{},DTW,LAS,{},{}\n";
    text += fmt::format(fmt::runtime(pattern), n, n % 60, n % 100, n % 1000, n % 7, n * 0.5);
  }
  return text;
}

// Rows that came.
uint64_t decode(std::string_view format, const DecodeRequest& request, const std::string& text) {
  const auto decoder = *(*formats().find(format))->open_file(request, "bench", text.size(), "");
  Decoded decoded;
  uint64_t rows = 0;
  while (true) {
    const Progress progress = *decoder->decode(data::kBatchRowsMax, decoded);
    if (progress == Progress::kDone) return rows;
    rows += decoded.batch.rows();
    if (progress != Progress::kNeedsBytes) continue;
    for (const ByteRange& range : decoder->wanted()) {
      decoder->supply(range,
                      Buffer::copy_of(std::string_view(text).substr(range.offset, range.bytes)));
    }
  }
}

void decode_lines(benchmark::State& state, std::string_view format, std::vector<size_t> columns) {
  const std::string text = lines(format == "json");
  const DecodeRequest wanted = request(format, kFields, std::move(columns));
  uint64_t rows = 0;
  for (auto _ : state) rows += decode(format, wanted, text);
  state.SetItemsProcessed(static_cast<int64_t>(rows));
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(text.size()));
}

void encode_rows(benchmark::State& state, std::string_view format) {
  const DecodeRequest wanted = request("json", kFields, {0, 1, 2, 3, 4, 5, 6, 7});
  data::BatchBuilder builder(wanted.output_schema());
  for (int n = 0; n < static_cast<int>(data::kBatchRowsMax); ++n) {
    builder.append_row(
        {n, int64_t{n} * 1'000'000, n % 100, n % 1000, "DTW", "LAS", n % 7, n * 0.5});
  }
  const data::Batch batch = builder.finish();
  const auto options = request(format, {}, {}).options;
  const auto encoder = *(*formats().find(format))->encoder(batch.schema(), options);
  EncodedRecords records;
  for (auto _ : state) {
    records.clear();
    encoder->encode(batch, "\n", records);
    benchmark::DoNotOptimize(records.bytes.data());
  }
  state.SetItemsProcessed(state.iterations() * batch.rows());
}

void decode_flights(benchmark::State& state, std::vector<size_t> columns) {
  io::PosixFileSystem files;
  const auto file = files.open(kFlights, io::OpenMode::kRead);
  if (!file) return state.SkipWithError("no flights here");
  const DecodeRequest wanted = request("parquet",
                                       {{"date", Type::timestamp(6)},
                                        {"delay", TypeKind::kBigint},
                                        {"distance", TypeKind::kBigint},
                                        {"origin", TypeKind::kVarchar},
                                        {"destination", TypeKind::kVarchar}},
                                       std::move(columns));
  uint64_t rows = 0;
  for (auto _ : state) {
    const auto opened =
        (*formats().find("parquet"))->open_file(wanted, kFlights, *(*file)->size(), "");
    if (!opened) return state.SkipWithError(opened.error().to_string().c_str());
    Decoded decoded;
    while (*decode_from(**file, **opened, data::kBatchRowsMax, decoded) == Progress::kRows) {
      rows += decoded.batch.rows();
    }
  }
  state.SetItemsProcessed(static_cast<int64_t>(rows));
}

BENCHMARK_CAPTURE(decode_lines, json_3_of_8, "json", {0, 2, 4});
BENCHMARK_CAPTURE(decode_lines, json_time_and_2, "json", {1, 2, 4});
BENCHMARK_CAPTURE(decode_lines, json_all, "json", {0, 1, 2, 3, 4, 5, 6, 7});
BENCHMARK_CAPTURE(decode_lines, csv_3_of_8, "csv", {0, 2, 4});
BENCHMARK_CAPTURE(decode_lines, csv_all, "csv", {0, 1, 2, 3, 4, 5, 6, 7});
BENCHMARK_CAPTURE(encode_rows, json, "json");
BENCHMARK_CAPTURE(encode_rows, csv, "csv");
BENCHMARK_CAPTURE(decode_flights, all_columns, {0, 1, 2, 3, 4});
BENCHMARK_CAPTURE(decode_flights, date_delay_origin, {0, 1, 3});

}  // namespace
}  // namespace millrace::formats
