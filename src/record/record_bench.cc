#include <benchmark/benchmark.h>

#include <string>

#include "record/batch_builder.h"
#include "record/batch_view.h"

namespace millrace::record {
namespace {

constexpr int kRecords = 1'000;

void append_records(BatchBuilder& builder) {
  static const std::string value =
      "{\"id\": 1234567, \"name\": \"a value of one hundred bytes\", " + std::string(47, 'x') + "}";
  for (int index = 0; index < kRecords; ++index) {
    if (!builder.append(
            {.timestamp_ms = 1'700'000'000'000 + index, .key = "key", .value = value})) {
      std::abort();
    }
  }
}

void count(benchmark::State& state, size_t bytes) {
  state.SetItemsProcessed(state.iterations() * kRecords);
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(bytes));
  state.SetLabel(std::string(codec_name(static_cast<Codec>(state.range(0)))));
}

void build_batch(benchmark::State& state) {
  BatchBuilder builder({.codec = static_cast<Codec>(state.range(0)), .capacity_bytes = 1 << 18});
  size_t bytes = 0;
  for (auto _ : state) {
    append_records(builder);
    bytes = builder.bytes();
    benchmark::DoNotOptimize(builder.build());
  }
  count(state, bytes);
}
BENCHMARK(build_batch)->DenseRange(0, kCodecCount - 1);

void read_batch(benchmark::State& state) {
  BatchBuilder builder({.codec = static_cast<Codec>(state.range(0))});
  append_records(builder);
  const size_t bytes = builder.bytes();
  const Buffer batch = builder.build();
  Decompressor decompressor;
  for (auto _ : state) {
    const BatchView view = BatchView::read(batch).value();
    RecordReader reader = view.records(decompressor).value();
    Record record;
    int64_t sum = 0;
    while (reader.next(record).value()) sum += record.timestamp_ms;
    benchmark::DoNotOptimize(sum);
  }
  count(state, bytes);
}
BENCHMARK(read_batch)->DenseRange(0, kCodecCount - 1);

}  // namespace
}  // namespace millrace::record
