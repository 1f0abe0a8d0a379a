#include <benchmark/benchmark.h>

#include "data/builder.h"
#include "engine/job.h"
#include "io/posix_world.h"
#include "testing/job_runner.h"
#include "testing/key_counting.h"

namespace millrace::engine {
namespace {

// Gives the same batch again and again.
class Repeating final : public Source {
 public:
  Repeating(data::Batch batch, uint64_t batches) : batch_(std::move(batch)), batches_(batches) {}
  data::SchemaPtr schema() const override { return batch_.schema(); }
  Result<std::vector<Split>> splits() override { return std::vector<Split>{{"all", "", {}}}; }
  Result<std::unique_ptr<SplitReader>> open(const Split&, const Position&, io::Wake) override {
    return std::unique_ptr<SplitReader>(std::make_unique<Reader>(*this));
  }
  bool bounded() const override { return true; }

 private:
  class Reader final : public SplitReader {
   public:
    explicit Reader(Repeating& source) : source_(source) {}
    Result<Step> poll(uint32_t, Emit& emit) override {
      if (read_ == source_.batches_) return Step::kDone;
      emit.rows(source_.batch_, Position(), static_cast<int64_t>(++read_ * source_.batch_.rows()));
      return Step::kAgain;
    }

   private:
    Repeating& source_;
    uint64_t read_ = 0;
  };
  const data::Batch batch_;
  const uint64_t batches_;
};

// Keeps half of the rows.
class Halve final : public Operator {
 public:
  Halve() {
    traits_.name = "halve";
    traits_.ports.resize(1);
  }
  const traits::OperatorTraits& traits() const override { return traits_; }
  Result<void> open(OpenContext&) override { return {}; }
  Result<Step> on_batch(Port, data::Batch batch, Output& output) override {
    Buffer kept = Buffer::allocate(batch.rows() * sizeof(uint16_t));
    const int64_t* values = batch.column(0)->data<int64_t>();
    uint32_t count = 0;
    for (uint32_t row = 0; row < batch.rows(); ++row) {
      kept.mutable_as<uint16_t>()[count] = static_cast<uint16_t>(row);
      count += values[row] & 1;
    }
    output.push(std::move(batch).with_selection(std::move(kept), count));
    return Step::kDone;
  }

 private:
  traits::OperatorTraits traits_;
};

class Blackhole final : public Sink {
 public:
  Result<void> open(OpenContext&) override { return {}; }
  Result<Step> on_batch(data::Batch, Staging&) override { return Step::kDone; }
  Result<Step> on_barrier(commit::Epoch, Staging&) override { return Step::kDone; }
  Result<Step> resume(Staging&) override { return Step::kDone; }
  Result<void> committed(commit::Epoch) override { return {}; }
};

enum class Way { kOneTask, kForward, kHash };

Dataflow scan_filter_sink(int64_t rows, uint64_t batches, Way way, bool event_time) {
  data::BatchBuilder builder(testing::key_schema());
  for (int64_t row = 0; row < rows; ++row) builder.append_row({row});
  Dataflow dataflow;
  Pipeline scan;
  scan.name = "scan";
  scan.source =
      testing::source_spec("keys", std::make_shared<Repeating>(builder.finish(), batches));
  if (event_time) {
    scan.source->event_time.emplace();
    scan.source->event_time->granularity_us = 1'000'000;
    scan.source->event_time->event_time = [](uint32_t) -> Result<std::unique_ptr<EventTime>> {
      return std::make_unique<testing::EventTimeColumn>(0);
    };
  }
  const auto filter = [](uint32_t) -> Result<std::unique_ptr<Operator>> {
    return std::make_unique<Halve>();
  };
  const auto sink = [](uint32_t) -> Result<std::unique_ptr<Sink>> {
    return std::make_unique<Blackhole>();
  };
  scan.operators.push_back(filter);
  if (way == Way::kOneTask) {
    scan.sink = sink;
    dataflow.pipelines.push_back(std::move(scan));
    return dataflow;
  }
  dataflow.pipelines.push_back(std::move(scan));
  Pipeline out;
  out.name = "out";
  out.shards = way == Way::kHash ? 2 : 1;
  out.sink = sink;
  dataflow.pipelines.push_back(std::move(out));
  dataflow.edges.push_back({0, 1, 0, way == Way::kHash ? Routing::kHash : Routing::kForward, {0}});
  return dataflow;
}

void run(benchmark::State& state, Way way, bool event_time) {
  const int64_t rows = state.range(0);
  const uint64_t batches = 20'000;
  io::PosixWorld world;
  testing::MemoryCommitLog log;
  testing::JobRunner runner(world.world(), log, 2);
  int jobs = 0;
  for (auto _ : state) {
    JobOptions options;
    options.name = "job" + std::to_string(++jobs);
    const auto summary =
        runner.run(scan_filter_sink(rows, batches, way, event_time), std::move(options));
    if (!summary) state.SkipWithError(summary.error().to_string().c_str());
  }
  const auto rate = [](double count) {
    return benchmark::Counter(count, benchmark::Counter::kIsIterationInvariantRate);
  };
  state.counters["batches"] = rate(static_cast<double>(batches));
  state.counters["rows"] = rate(static_cast<double>(batches) * static_cast<double>(rows));
}

void one_task(benchmark::State& state) {
  run(state, Way::kOneTask, false);
}
void one_task_event_time(benchmark::State& state) {
  run(state, Way::kOneTask, true);
}
void forward_channel(benchmark::State& state) {
  run(state, Way::kForward, false);
}
void hash_exchange(benchmark::State& state) {
  run(state, Way::kHash, false);
}

void timed(benchmark::internal::Benchmark* benchmark) {
  benchmark->UseRealTime()->Unit(benchmark::kMillisecond);
}

BENCHMARK(one_task)->Arg(1)->Arg(64)->Arg(4096)->Apply(timed);
BENCHMARK(one_task_event_time)->Arg(64)->Arg(4096)->Apply(timed);
BENCHMARK(forward_channel)->Arg(1)->Arg(64)->Arg(4096)->Apply(timed);
BENCHMARK(hash_exchange)->Arg(64)->Arg(4096)->Apply(timed);

}  // namespace
}  // namespace millrace::engine
