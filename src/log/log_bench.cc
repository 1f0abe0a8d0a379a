#include <benchmark/benchmark.h>

#include <atomic>
#include <string>
#include <vector>

#include "base/log_histogram.h"
#include "io/posix_world.h"
#include "log/log.h"
#include "log/log_driver.h"

namespace millrace::log {
namespace {

constexpr const char* kFolder = "build/log_bench_data";

LogOptions bench_options(bool sync) {
  LogOptions options;
  options.folder = kFolder;
  options.sync = sync;
  return options;
}

// Keeps `in_flight` batches on their way; each has `records` values of `bytes`.
void append_batches(benchmark::State& state) {
  const auto bytes = static_cast<size_t>(state.range(0));
  const auto records = static_cast<size_t>(state.range(1));
  const auto in_flight = static_cast<int64_t>(state.range(2));
  const bool sync = state.range(3) != 0;
  io::PosixWorld world;
  (void)io::remove_tree(world.world().files, kFolder);
  {
    LogDriver driver(world.world(), bench_options(sync));
    const commit::PartitionId partition = driver.make_partition("t");
    const commit::RecordBatch batch =
        batch_of(std::vector<std::string>(records, std::string(bytes, 'x')));
    std::atomic<int64_t> done = 0;
    int64_t sent = 0;
    for (auto _ : state) {
      driver.log().appender().append(partition, batch, commit::Acks::kDurable, driver.executor(),
                                     [&done](Result<commit::Appended>) {
                                       done.fetch_add(1);
                                       done.notify_one();
                                     });
      ++sent;
      for (int64_t seen = done; sent - seen >= in_flight; seen = done) done.wait(seen);
    }
    for (int64_t seen = done; seen < sent; seen = done) done.wait(seen);
    state.SetItemsProcessed(sent * static_cast<int64_t>(records));
    state.SetBytesProcessed(sent * static_cast<int64_t>(batch.bytes.bytes()));
  }
  (void)io::remove_tree(world.world().files, kFolder);
}
BENCHMARK(append_batches)
    ->ArgNames({"record_bytes", "records", "in_flight", "sync"})
    ->Args({100, 1, 1, 1})
    ->Args({100, 1, 256, 1})
    ->Args({100, 160, 64, 1})
    ->Args({1024, 16, 64, 1})
    ->Args({1024, 1, 256, 1})
    ->Args({1024, 64, 64, 1})
    ->Args({1024, 64, 64, 0})
    ->UseRealTime()
    ->MeasureProcessCPUTime()
    ->Unit(benchmark::kMicrosecond);

// One epoch after the other: 64 KiB of output, a delta, a commit that waits for its sync.
void commit_epochs(benchmark::State& state) {
  const bool sync = state.range(0) != 0;
  io::PosixWorld world;
  (void)io::remove_tree(world.world().files, kFolder);
  LogHistogram latency_us;
  {
    LogDriver driver(world.world(), bench_options(sync));
    const commit::PartitionId partition = driver.make_partition("t");
    const auto job = driver.open_job("job");
    const commit::RecordBatch batch = batch_of({std::string(64 << 10, 'o')});
    commit::DeltaBuilder delta;
    uint64_t epoch = 0;
    for (auto _ : state) {
      const io::MonotonicTime start = world.world().clock.now();
      auto unit = driver.begin(*job, ++epoch).value();
      (void)driver.stage(*unit, partition, batch);
      for (uint64_t key = 0; key < 100; ++key) {
        delta.put(commit::KeyGroup(1), commit::StateId(1), "key" + std::to_string(1000 + key),
                  std::to_string(epoch));
      }
      (void)driver.stage_state(*unit, commit::TaskId(1), delta.finish());
      if (!driver.commit(*unit)) state.SkipWithError("the commit failed");
      latency_us.add((world.world().clock.now() - start) / io::kNsPerUs);
    }
  }
  const auto at = [&](double share) { return static_cast<double>(latency_us.quantile(share)); };
  state.counters["p50_us"] = at(0.5);
  state.counters["p99_us"] = at(0.99);
  state.counters["p999_us"] = at(0.999);
  (void)io::remove_tree(world.world().files, kFolder);
}
BENCHMARK(commit_epochs)
    ->ArgName("sync")
    ->Arg(1)
    ->Arg(0)
    ->UseRealTime()
    ->Unit(benchmark::kMicrosecond);

// Reads what is settled and what is in the ring, a megabyte at a time.
void read_back(benchmark::State& state) {
  io::PosixWorld world;
  (void)io::remove_tree(world.world().files, kFolder);
  {
    LogDriver driver(world.world(), bench_options(false));
    const commit::PartitionId partition = driver.make_partition("t");
    const commit::RecordBatch batch =
        batch_of(std::vector<std::string>(16, std::string(1024, 'x')));
    std::atomic<int> done = 0;
    constexpr int kBatches = 8192;
    for (int i = 0; i < kBatches; ++i) {
      driver.log().appender().append(partition, batch, commit::Acks::kDurable, driver.executor(),
                                     [&done](Result<commit::Appended>) {
                                       done.fetch_add(1);
                                       done.notify_one();
                                     });
    }
    for (int seen = done; seen < kBatches; seen = done) done.wait(seen);
    int64_t offset = 0;
    int64_t bytes = 0;
    for (auto _ : state) {
      const auto data = driver.read({{.partition = partition, .offset = offset}});
      for (const Buffer& read : data->front().batches) {
        bytes += static_cast<int64_t>(read.bytes());
        offset += 16;
      }
      if (offset == kBatches * 16) offset = 0;
    }
    state.SetBytesProcessed(bytes);
  }
  (void)io::remove_tree(world.world().files, kFolder);
}
BENCHMARK(read_back)->UseRealTime()->Unit(benchmark::kMicrosecond);

// Reads what is settled, a megabyte at a time, by readers in turn; with memory to read ahead or
// none.
void read_settled(benchmark::State& state) {
  io::PosixWorld world;
  (void)io::remove_tree(world.world().files, kFolder);
  {
    LogOptions options = bench_options(true);
    options.settle_idle_ns = 10 * io::kNsPerMs;
    if (state.range(0) == 0) options.read_ahead_bytes_max = 0;
    LogDriver driver(world.world(), options);
    const commit::PartitionId partition = driver.make_partition("t");
    const commit::RecordBatch batch =
        batch_of(std::vector<std::string>(64, std::string(1024, 'x')));
    constexpr int64_t kBatches = 4096;
    for (int64_t i = 0; i < kBatches; ++i) (void)driver.append(partition, batch);
    while (driver.log().reader().size(partition)->ring_bytes > 0) {
      io::Notification later;
      driver.executor().post_at(driver.executor().now() + io::kNsPerMs, [&] { later.set(); });
      driver.threads().wait(later);
    }
    std::vector<int64_t> offsets(static_cast<size_t>(state.range(1)));
    for (size_t i = 0; i < offsets.size(); ++i) offsets[i] = static_cast<int64_t>(i) * 64;
    int64_t bytes = 0;
    size_t reader = 0;
    for (auto _ : state) {
      int64_t& offset = offsets[reader++ % offsets.size()];
      const auto data = driver.read({{.partition = partition, .offset = offset}});
      for (const Buffer& read : data->front().batches) {
        bytes += static_cast<int64_t>(read.bytes());
        offset += 64;
      }
      if (offset >= kBatches * 64) offset = 0;
    }
    state.SetBytesProcessed(bytes);
  }
  (void)io::remove_tree(world.world().files, kFolder);
}
BENCHMARK(read_settled)
    ->ArgNames({"ahead", "readers"})
    ->ArgsProduct({{0, 1}, {1, 100}})
    ->MeasureProcessCPUTime()
    ->UseRealTime()
    ->Unit(benchmark::kMicrosecond);

void open_an_empty_log(benchmark::State& state) {
  io::PosixWorld world;
  for (auto _ : state) {
    (void)io::remove_tree(world.world().files, kFolder);
    LogDriver driver(world.world(), bench_options(state.range(0) != 0));
    if (!driver.is_open()) state.SkipWithError("not open");
  }
  (void)io::remove_tree(world.world().files, kFolder);
}
BENCHMARK(open_an_empty_log)
    ->ArgName("sync")
    ->Arg(1)
    ->Arg(0)
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace millrace::log
