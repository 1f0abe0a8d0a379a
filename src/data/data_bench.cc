#include <benchmark/benchmark.h>

#include <random>

#include "data/builder.h"
#include "data/key_encoding.h"

namespace millrace::data {
namespace {

constexpr uint32_t kRows = kBatchRowsMax;

Batch sample(uint32_t text_bytes) {
  std::mt19937_64 random(1);
  BatchBuilder builder(
      make_schema({{"a", TypeKind::kBigint}, {"b", TypeKind::kBigint}, {"t", TypeKind::kVarchar}}));
  for (uint32_t row = 0; row < kRows; ++row) {
    builder.column(0).append(static_cast<int64_t>(random() % 1000));
    builder.column(1).append(static_cast<int64_t>(random()));
    std::string text(text_bytes, 'x');
    text[random() % text_bytes] = static_cast<char>('a' + random() % 26);
    builder.column(2).append_text(text);
    builder.end_row();
  }
  return builder.finish();
}

void count_rows(benchmark::State& state) {
  state.counters["ns_per_row"] =
      benchmark::Counter(static_cast<double>(state.iterations() * kRows) / 1e9,
                         benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

void hash_keys(benchmark::State& state, std::vector<size_t> columns) {
  const Batch batch = sample(12);
  KeyHasher hasher(std::move(columns));
  std::vector<uint64_t> hashes(batch.size());
  for (auto _ : state) {
    hasher.hash(batch, hashes);
    benchmark::DoNotOptimize(hashes.data());
  }
  count_rows(state);
}

void encode_keys(benchmark::State& state, std::vector<size_t> columns) {
  const Batch batch = sample(12);
  KeyEncoder encoder(*batch.schema(), std::move(columns));
  Keys keys;
  for (auto _ : state) {
    encoder.encode(batch, keys);
    benchmark::DoNotOptimize(keys.hashes.data());
  }
  count_rows(state);
}

void decode_keys(benchmark::State& state, std::vector<size_t> columns) {
  const Batch batch = sample(12);
  KeyEncoder encoder(*batch.schema(), std::move(columns));
  Keys keys;
  encoder.encode(batch, keys);
  for (auto _ : state) benchmark::DoNotOptimize(encoder.decode(keys.views()));
  count_rows(state);
}

void gather_column(benchmark::State& state, size_t column) {
  const Batch batch = sample(30);
  std::vector<uint16_t> selection;
  for (uint32_t row = 0; row < kRows; ++row) selection.push_back(static_cast<uint16_t>(row));
  for (auto _ : state) {
    benchmark::DoNotOptimize(gather(batch.column(column), selection.data(), kRows));
  }
  count_rows(state);
}

void build_integers(benchmark::State& state) {
  ColumnBuilder builder(TypeKind::kBigint);
  for (auto _ : state) {
    for (uint32_t row = 0; row < kRows; ++row) builder.append(int64_t{row});
    benchmark::DoNotOptimize(builder.finish());
  }
  count_rows(state);
}

void build_texts(benchmark::State& state, size_t bytes) {
  ColumnBuilder builder(TypeKind::kVarchar);
  const std::string text(bytes, 'x');
  for (auto _ : state) {
    for (uint32_t row = 0; row < kRows; ++row) builder.append_text(text);
    benchmark::DoNotOptimize(builder.finish());
  }
  count_rows(state);
}

BENCHMARK_CAPTURE(hash_keys, bigint, {0});
BENCHMARK_CAPTURE(hash_keys, two_bigints, {0, 1});
BENCHMARK_CAPTURE(hash_keys, text, {2});
BENCHMARK_CAPTURE(encode_keys, bigint, {0});
BENCHMARK_CAPTURE(encode_keys, two_bigints, {0, 1});
BENCHMARK_CAPTURE(encode_keys, bigint_and_text, {0, 2});
BENCHMARK_CAPTURE(encode_keys, none, {});
BENCHMARK_CAPTURE(decode_keys, two_bigints, {0, 1});
BENCHMARK_CAPTURE(decode_keys, bigint_and_text, {0, 2});
BENCHMARK_CAPTURE(gather_column, bigint, 0);
BENCHMARK_CAPTURE(gather_column, text, 2);
BENCHMARK(build_integers);
BENCHMARK_CAPTURE(build_texts, inline_12, 12);
BENCHMARK_CAPTURE(build_texts, heap_40, 40);

}  // namespace
}  // namespace millrace::data
