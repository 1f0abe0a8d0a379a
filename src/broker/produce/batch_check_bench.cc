#include <benchmark/benchmark.h>

#include <string>

#include "broker/produce/batch_check.h"
#include "record/batch_builder.h"

namespace millrace::broker {
namespace {

constexpr int kRecords = 1'000;

// Records of 100 bytes that compress as logs do: most of each is like those before.
Buffer batch_of(record::Codec codec) {
  record::BatchBuilder builder({.codec = codec});
  uint64_t state = 7;
  for (int index = 0; index < kRecords; ++index) {
    std::string value = "{\"id\": " + std::to_string(index) + ", \"at\": \"";
    while (value.size() < 100) {
      state = state * 6'364'136'223'846'793'005ULL + 1'442'695'040'888'963'407ULL;
      value += static_cast<char>('a' + (state >> 60));
    }
    if (!builder.append({.timestamp_ms = 1 + index, .key = "key", .value = value})) std::abort();
  }
  return builder.build();
}

void check_batch(benchmark::State& state) {
  const auto codec = static_cast<record::Codec>(state.range(0));
  const Buffer batch = batch_of(codec);
  const TopicLimits limits = read_topic_limits({});
  BatchCheck check;
  for (auto _ : state) {
    std::vector<Buffer> one = {batch};
    if (!check.check(std::move(one), {limits, 13, 1'000})) std::abort();
  }
  state.SetItemsProcessed(state.iterations() * kRecords);
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(batch.bytes()));
  state.SetLabel(std::string(codec_name(codec)));
}
BENCHMARK(check_batch)->DenseRange(0, record::kCodecCount - 1);

// What its producer did to make it.
void compress_batch(benchmark::State& state) {
  const auto codec = static_cast<record::Codec>(state.range(0));
  const Buffer plain = batch_of(record::Codec::kNone);
  record::Compressor compressor;
  for (auto _ : state) {
    benchmark::DoNotOptimize(
        compressor.compress(codec, plain.span().subspan(record::kBatchHeaderBytes)));
  }
  state.SetItemsProcessed(state.iterations() * kRecords);
  state.SetLabel(std::string(codec_name(codec)));
}
BENCHMARK(compress_batch)->DenseRange(1, record::kCodecCount - 1);

}  // namespace
}  // namespace millrace::broker
