#include <gtest/gtest.h>

#include "engine/job.h"
#include "io/posix_world.h"
#include "io/simulated_world.h"
#include "testing/job_runner.h"
#include "testing/key_counting.h"
#include "testing/time_recorder.h"

namespace millrace::engine {
namespace {

using testing::fold;
using testing::JobRunner;
using testing::KeyCounting;
using testing::TimeRecorder;
using Lines = std::vector<std::string>;

// Lets every row through, every n-th one `copies` times in batches of its own; counts what it has
// of each port between barriers and fails if an epoch does not hold the same on both.
class Balance final : public Operator {
 public:
  Balance() {
    traits_.name = "balance";
    traits_.ports.resize(2);
  }
  const traits::OperatorTraits& traits() const override { return traits_; }
  Result<void> open(OpenContext&) override { return {}; }
  Result<Step> on_batch(Port port, data::Batch batch, Output& output) override {
    rows_[port] += batch.size();
    batch_ = std::move(batch);
    next_ = 0;
    return resume(output);
  }
  Result<Step> on_barrier(commit::Epoch epoch, Output&) override {
    if (rows_[0] == rows_[1]) return Step::kDone;
    return Error(ErrorCode::kInternal, "epoch " + std::to_string(epoch.value()) + " holds " +
                                           std::to_string(rows_[0]) + " and " +
                                           std::to_string(rows_[1]) + " rows");
  }
  Result<Step> resume(Output& output) override {
    for (; next_ < batch_.size(); ++next_) {
      if (output.full()) return Step::kAgain;
      output.push(batch_.slice(next_, 1));
    }
    batch_ = {};
    return Step::kDone;
  }

 private:
  traits::OperatorTraits traits_;
  uint64_t rows_[2] = {0, 0};
  data::Batch batch_;
  uint32_t next_ = 0;
};

// keys -> [slow: through another pipeline] -> balance:0
//      -> [at once] ------------------------> balance:1 -> count -> sink
Dataflow diamond(KeyCounting& counting, uint32_t shards) {
  Dataflow base = counting.dataflow({1, shards});
  Dataflow dataflow;
  Pipeline scan = std::move(base.pipelines[0]);
  scan.shards = 2;
  Pipeline detour;
  detour.name = "detour";
  detour.shards = shards;
  Pipeline balance;
  balance.name = "balance";
  balance.operators.push_back(
      [](uint32_t) -> Result<std::unique_ptr<Operator>> { return std::make_unique<Balance>(); });
  dataflow.pipelines.push_back(std::move(scan));
  dataflow.pipelines.push_back(std::move(detour));
  dataflow.pipelines.push_back(std::move(balance));
  dataflow.pipelines.push_back(std::move(base.pipelines[1]));
  dataflow.edges.push_back({0, 1, 0, Routing::kHash, {0}});
  dataflow.edges.push_back({1, 2, 0, Routing::kSingle, {}});
  dataflow.edges.push_back({0, 2, 1, Routing::kSingle, {}});
  dataflow.edges.push_back({2, 3, 0, Routing::kHash, {0}});
  return dataflow;
}

Lines twice(const KeyCounting& counting) {
  Lines lines;
  for (const std::string& line : counting.expected()) {
    const size_t bar = line.find(" | ");
    lines.push_back(line.substr(0, bar + 3) + std::to_string(2 * std::stoi(line.substr(bar + 3))));
  }
  return lines;
}

TEST(Diamond, WithACreditOfOneNothingHangsAndBarriersAreAligned) {
  for (const uint32_t batch_rows_max : {1U, 7U, 4096U}) {
    for (uint64_t seed = 1; seed <= 10; ++seed) {
      io::SimulatedWorld world({.seed = seed});
      KeyCounting counting({.batches = 12});
      JobRunner runner(world.world(), counting.log, 3);
      JobOptions options;
      options.name = "diamond";
      options.batch_rows_max = batch_rows_max;
      options.channel_credit = 1;
      options.slice_batches_max = 1 + static_cast<uint32_t>(seed % 3);
      options.epoch_interval_us = 40;
      const auto summary = runner.run(diamond(counting, 3), options);
      ASSERT_TRUE(summary) << summary.error().to_string();
      EXPECT_EQ(counting.committed(), twice(counting));
      EXPECT_GT(summary->last_epoch.value(), 3U);
    }
  }
}

TEST(Diamond, TheSameOnRealThreads) {
  io::PosixWorld world;
  for (int round = 0; round < 5; ++round) {
    KeyCounting counting({.batches = 20});
    JobRunner runner(world.world(), counting.log, 3);
    JobOptions options;
    options.name = "diamond";
    options.channel_credit = 1;
    options.epoch_interval_us = 300;
    const auto summary = runner.run(diamond(counting, 3), options);
    ASSERT_TRUE(summary) << summary.error().to_string();
    EXPECT_EQ(counting.committed(), twice(counting));
  }
}

TEST(Diamond, CrashesLeaveItExact) {
  KeyCounting counting({.batches = 30});
  int crashes = 0;
  while (true) {
    io::SimulatedWorld world({.seed = static_cast<uint64_t>(crashes) + 1});
    JobRunner runner(world.world(), counting.log);
    JobOptions options;
    options.name = "diamond";
    options.channel_credit = 1;
    options.batch_rows_max = 7;
    options.epoch_interval_us = 40;
    int left = 1 + crashes % 5;
    options.crash = [&](commit::Epoch, EpochPhase phase) {
      return phase == EpochPhase::kCommitted && --left == 0;
    };
    const auto summary = runner.run(diamond(counting, 2), options);
    if (summary) break;
    ASSERT_EQ(summary.error().code(), ErrorCode::kCancelled) << summary.error().to_string();
    ASSERT_LT(++crashes, 500);
  }
  EXPECT_GT(crashes, 5);
  EXPECT_EQ(counting.committed(), twice(counting));
}

// Two sources with event time into the two ports of a recorder.
struct TwoInputs {
  testing::MemoryCommitLog log;
  commit::PartitionId out = log.make_partition("out");
  std::shared_ptr<testing::ScriptedSource> left;
  std::shared_ptr<testing::ScriptedSource> right;
  int64_t idle_timeout_us = 0;

  explicit TwoInputs(bool bounded)
      : left(std::make_shared<testing::ScriptedSource>(testing::key_schema(), bounded)),
        right(std::make_shared<testing::ScriptedSource>(testing::key_schema(), bounded)) {}

  Pipeline scan(const std::string& id, const std::shared_ptr<testing::ScriptedSource>& source) {
    Pipeline scan;
    scan.name = id;
    scan.source = testing::source_spec(id, source);
    scan.source->event_time.emplace();
    scan.source->event_time->idle_timeout_us = idle_timeout_us;
    scan.source->event_time->event_time = [](uint32_t) -> Result<std::unique_ptr<EventTime>> {
      return std::make_unique<testing::EventTimeColumn>(0);
    };
    return scan;
  }
  Dataflow dataflow() {
    Dataflow dataflow;
    dataflow.pipelines.push_back(scan("left", left));
    dataflow.pipelines.push_back(scan("right", right));
    Pipeline record;
    record.name = "record";
    record.operators.push_back([](uint32_t) -> Result<std::unique_ptr<Operator>> {
      return std::make_unique<TimeRecorder>(TimeRecorder::Options{2, false});
    });
    record.sink = testing::collecting_sink(out, std::make_shared<testing::Collected>());
    dataflow.pipelines.push_back(std::move(record));
    dataflow.edges.push_back({0, 2, 0, Routing::kForward, {}});
    dataflow.edges.push_back({1, 2, 1, Routing::kForward, {}});
    return dataflow;
  }
  data::Batch row(int64_t value) const {
    return testing::rows_of(testing::key_schema(), std::to_string(value));
  }
  // "port value port_watermark watermark" of the last committed row.
  std::string last() const {
    const std::string line = testing::committed_lines(log, out).back().substr(3);
    return line.substr(0, line.rfind(" | "));
  }
};

TEST(TwoInputs, TheFirstRowsAfterARestartMeetTheWatermarksOfBefore) {
  TwoInputs inputs(false);
  inputs.left->add_split({"l", "", {}}, {inputs.row(100)});
  inputs.right->add_split({"r", "", {}}, {inputs.row(50)});
  for (int round = 0; round < 30; ++round) {
    io::SimulatedWorld world({.seed = static_cast<uint64_t>(round) + 1});
    JobRunner runner(world.world(), inputs.log, 3);
    JobOptions options;
    options.name = "two";
    ASSERT_TRUE(runner.start(inputs.dataflow(), options));
    world.threads().run_for(io::kNsPerSecond);
    if (round > 0) {
      EXPECT_EQ(inputs.last(), "0 | " + std::to_string(20 + round) + " | 100 | 50");
    }
    // The next run finds this row there at once; the other input may not have spoken yet.
    inputs.left->append("l", inputs.row(20 + round + 1));
    runner.job().cancel();
    (void)runner.wait();
  }
}

TEST(TwoInputs, AnIdleInputIsLeftOutOfTheOthersMinimum) {
  io::SimulatedWorld world;
  TwoInputs inputs(false);
  inputs.idle_timeout_us = 2'000'000;
  inputs.left->add_split({"l", "", {}}, {inputs.row(100)});
  inputs.right->add_split({"r", "", {}}, {inputs.row(50)});
  JobRunner runner(world.world(), inputs.log);
  JobOptions options;
  options.name = "two";
  ASSERT_TRUE(runner.start(inputs.dataflow(), options));
  for (int n = 1; n <= 10; ++n) {
    world.threads().run_for(io::kNsPerSecond);
    inputs.left->append("l", inputs.row(100 + n));
  }
  world.threads().run_for(io::kNsPerSecond);
  EXPECT_EQ(inputs.last(), "0 | 110 | 109 | 50");  // a port's own minimum is what the operator sees
  EXPECT_EQ(runner.job().progress().watermark, 110);
  runner.job().request_stop();
  ASSERT_TRUE(runner.wait());
}

TEST(TwoInputs, AnEndedInputNoLongerHoldsAnything) {
  io::SimulatedWorld world;
  TwoInputs inputs(true);
  inputs.left->add_split({"l", "", {}}, {inputs.row(1)});
  inputs.right->add_split({"r", "", {}});
  JobRunner runner(world.world(), inputs.log);
  JobOptions options;
  options.name = "two";
  const auto summary = runner.run(inputs.dataflow(), options);
  ASSERT_TRUE(summary) << summary.error().to_string();
  EXPECT_EQ(summary->rows_out, 1U);
}

}  // namespace
}  // namespace millrace::engine
