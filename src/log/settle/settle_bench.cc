// What settling costs those who write meanwhile, and what a start costs after it.

#include <benchmark/benchmark.h>

#include <algorithm>
#include <atomic>
#include <string>
#include <vector>

#include "base/log_histogram.h"
#include "io/posix_world.h"
#include "log/log_driver.h"

namespace millrace::log {
namespace {

constexpr const char* kFolder = "build/settle_bench_data";

LogOptions bench_options() {
  LogOptions options;
  options.folder = kFolder;
  options.ring_bytes = options.ring_bytes_max = 256 << 20;
  return options;
}

void make_topics(LogDriver& driver, int topics, uint32_t partitions) {
  std::vector<commit::Command> commands;
  for (int i = 0; i < topics; ++i) {
    commands.push_back(commit::create_topic_command(
        {.name = "t" + std::to_string(i), .partitions = partitions, .config = {}}));
  }
  (void)io::await<commit::Lsn>(driver.threads(), [&](auto done) {
    driver.log().proposals().propose(std::move(commands), driver.executor(), std::move(done));
  });
}

// Sends batches of 64 KiB at some pace, round the partitions.
class Stream {
 public:
  Stream(LogDriver& driver, std::vector<commit::PartitionId> to, int64_t mb_per_second)
      : driver_(driver),
        to_(std::move(to)),
        step_ns_((64 << 10) * io::kNsPerSecond / (mb_per_second * 1'000'000)),
        next_(driver.executor().now()) {
    if (!to_.empty()) driver_.executor().post([this] { send(); });
  }
  ~Stream() {
    stopped_ = true;
    while (sent_ != answered_) {
      io::Notification over;
      driver_.executor().post_at(driver_.executor().now() + io::kNsPerMs, [&] { over.set(); });
      driver_.threads().wait(over);
    }
  }

 private:
  void send() {
    if (stopped_) return;
    while (next_ <= driver_.executor().now() && sent_ - answered_ < 64) {
      driver_.log().appender().append(to_[static_cast<size_t>(sent_) % to_.size()], batch_,
                                      commit::Acks::kDurable, driver_.executor(),
                                      [this](const Result<commit::Appended>&) { ++answered_; });
      ++sent_;
      next_ = next_ + step_ns_;
    }
    driver_.executor().post_at(std::max(next_, driver_.executor().now() + io::kNsPerMs / 4),
                               [this] { send(); });
  }

  LogDriver& driver_;
  const std::vector<commit::PartitionId> to_;
  const int64_t step_ns_;
  const commit::RecordBatch batch_ = batch_of(std::vector<std::string>(64, std::string(1000, 'x')));
  io::MonotonicTime next_;
  std::atomic<bool> stopped_{false};
  std::atomic<int64_t> sent_{0};
  std::atomic<int64_t> answered_{0};
};

// One record of 1 KiB after the other, each waits for its sync, beside a stream that makes the ring
// settle, or, for a second, does not.
void append_beside_a_stream(benchmark::State& state) {
  const int64_t mb_per_second = state.range(0);
  const auto topics = static_cast<int>(state.range(1));
  const bool settles = state.range(2) != 0;
  io::PosixWorld world;
  (void)io::remove_tree(world.world().files, kFolder);
  LogHistogram latency_us;
  {
    LogDriver driver(world.world(), bench_options());
    make_topics(driver, topics, 10);
    std::vector<commit::PartitionId> partitions;
    for (int i = 0; i < 16; ++i) partitions.push_back({commit::TopicId(1 + i % topics), 0});
    const commit::RecordBatch batch = batch_of({std::string(1000, 'o')});
    const Stream stream(driver, partitions, mb_per_second);
    io::Clock& clock = world.world().clock;
    for (auto _ : state) {
      const io::MonotonicTime begin = clock.now();
      const int64_t duration_ns = (settles ? 10 : 1) * io::kNsPerSecond;
      while (clock.now() - begin < duration_ns) {
        const io::MonotonicTime start = clock.now();
        if (!driver.append({commit::TopicId(1), 1}, batch)) state.SkipWithError("refused");
        latency_us.add((clock.now() - start) / io::kNsPerUs);
      }
    }
    state.counters["passes"] = static_cast<double>(driver.log().status().checkpoint_generation);
  }
  const auto at = [&](double share) { return static_cast<double>(latency_us.quantile(share)); };
  state.counters["p50_us"] = at(0.5);
  state.counters["p99_us"] = at(0.99);
  state.counters["p999_us"] = at(0.999);
  state.counters["max_us"] = at(1);
  (void)io::remove_tree(world.world().files, kFolder);
}
BENCHMARK(append_beside_a_stream)
    ->ArgNames({"MB/s", "topics_of_10", "settles"})
    ->Args({30, 1, 0})
    ->Args({30, 1, 1})
    ->Args({200, 1, 1})
    ->Args({50, 1000, 0})
    ->Args({50, 1000, 1})
    ->Iterations(1)
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

// Ready again with records in every partition, a part of them in the ring.
void open_after_a_kill(benchmark::State& state) {
  const auto topics = static_cast<int>(state.range(0));
  io::PosixWorld world;
  (void)io::remove_tree(world.world().files, kFolder);
  LogOptions options = bench_options();
  options.settle_idle_ns = 0;
  {
    LogDriver driver(world.world(), options);
    make_topics(driver, topics, 10);
    const commit::RecordBatch batch = batch_of({std::string(4000, 'o')});
    std::atomic<int> done = 0;
    int sent = 0;
    for (int round = 0; round < 80'000 / topics / 10 + 1; ++round) {
      for (int i = 0; i < topics * 10; ++i) {
        driver.log().appender().append(
            {commit::TopicId(1 + static_cast<uint64_t>(i) / 10), static_cast<uint32_t>(i % 10)},
            batch, commit::Acks::kDurable, driver.executor(), [&](Result<commit::Appended>) {
              done.fetch_add(1);
              done.notify_one();
            });
        ++sent;
      }
    }
    for (int seen = done; seen < sent; seen = done) done.wait(seen);
    state.counters["passes"] = static_cast<double>(driver.log().status().checkpoint_generation);
    state.counters["unsettled_MB"] =
        static_cast<double>(driver.log().status().unsettled_bytes) / 1e6;
  }
  for (auto _ : state) {
    LogDriver driver(world.world(), options);
    if (!driver.is_open()) state.SkipWithError("not open");
  }
  const std::string checkpoints = std::string(kFolder) + "/checkpoint";
  const auto names = world.world().files.list(checkpoints);
  if (names && !names->empty()) {
    const auto stat = world.world().files.stat(checkpoints + "/" + names->back());
    state.counters["checkpoint_KB"] = static_cast<double>(stat->bytes) / 1e3;
  }
  (void)io::remove_tree(world.world().files, kFolder);
}
BENCHMARK(open_after_a_kill)
    ->ArgName("topics_of_10")
    ->Arg(100)
    ->Arg(1000)
    ->UseRealTime()
    ->MeasureProcessCPUTime()
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace millrace::log
