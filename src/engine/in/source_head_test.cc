#include "engine/in/source_head.h"

#include <gtest/gtest.h>

#include <random>

#include "io/simulated_world.h"
#include "testing/job_runner.h"
#include "testing/key_counting.h"
#include "testing/time_recorder.h"

namespace millrace::engine {
namespace {

using testing::JobRunner;
using testing::MemoryCommitLog;
using testing::rows_of;
using testing::schema_of;
using testing::ScriptedSource;
using testing::TimeRecorder;
using Lines = std::vector<std::string>;

const data::SchemaPtr& time_schema() {
  static const data::SchemaPtr schema = schema_of("t BIGINT");
  return schema;
}

data::Batch times(std::initializer_list<int64_t> values) {
  data::BatchBuilder builder(time_schema());
  for (const int64_t value : values) builder.append_row({value});
  return builder.finish();
}

// source -> recorder -> topic
struct Recording {
  MemoryCommitLog log;
  commit::PartitionId out = log.make_partition("out");
  commit::PartitionId errors = log.make_partition("errors");
  std::shared_ptr<ScriptedSource> source;
  int64_t lag_us = 0;
  int64_t granularity_us = 1;
  int64_t idle_timeout_us = 0;
  int64_t far_future_us = 0;
  int64_t filter_above = INT64_MIN;
  double rows_per_second = 0;
  uint32_t shards = 1;
  bool show_times = true;

  explicit Recording(bool bounded)
      : source(std::make_shared<ScriptedSource>(time_schema(), bounded)) {}

  Dataflow dataflow() const {
    Dataflow dataflow;
    Pipeline scan;
    scan.name = "scan";
    scan.shards = shards;
    scan.source = testing::source_spec("times", source);
    scan.source->rows_per_second = rows_per_second;
    scan.source->event_time.emplace();
    const auto event_time = [lag = lag_us](uint32_t) -> Result<std::unique_ptr<EventTime>> {
      return std::make_unique<testing::EventTimeColumn>(0, lag);
    };
    scan.source->event_time->event_time = event_time;
    scan.source->event_time->granularity_us = granularity_us;
    scan.source->event_time->idle_timeout_us = idle_timeout_us;
    scan.source->event_time->far_future_us = far_future_us;
    if (filter_above != INT64_MIN) {
      scan.source->filter = [bound = filter_above](uint32_t) -> Result<std::unique_ptr<RowFilter>> {
        return std::make_unique<testing::ColumnAbove>(0, bound);
      };
    }
    Pipeline record;
    record.name = "record";
    record.operators.push_back([show = show_times](uint32_t) -> Result<std::unique_ptr<Operator>> {
      return std::make_unique<TimeRecorder>(TimeRecorder::Options{1, show});
    });
    record.sink = testing::collecting_sink(out, std::make_shared<testing::Collected>());
    dataflow.pipelines.push_back(std::move(scan));
    dataflow.pipelines.push_back(std::move(record));
    dataflow.edges.push_back({0, 1, 0, Routing::kSingle, {}});
    return dataflow;
  }
  JobOptions options(uint32_t batch_rows_max = data::kBatchRowsMax) const {
    JobOptions options;
    options.name = "job";
    options.batch_rows_max = batch_rows_max;
    options.errors = ErrorsTarget{errors, [](std::span<const Rejection> rejections) {
                                    std::string text;
                                    for (const Rejection& rejection : rejections) {
                                      text += std::string(error_info(rejection.code).name) + " " +
                                              rejection.table + " " + rejection.place + "\n";
                                    }
                                    return Result<Buffer>(testing::wrap_batch(
                                        text, static_cast<uint32_t>(rejections.size())));
                                  }};
    return options;
  }
  // "value watermark" per row, "~ watermark" per watermark.
  Lines seen() const {
    Lines lines;
    for (const std::string& line : testing::committed_lines(log, out)) {
      std::vector<std::string> cells;
      for (size_t from = 3; from <= line.size();) {
        const size_t to = std::min(line.find(" | ", from), line.size());
        cells.push_back(line.substr(from, to - from));
        from = to + 3;
      }
      if (cells[3] == std::to_string(kTimeMax)) cells[3] = "end";
      lines.push_back((cells[1] == "NULL" ? "~" : cells[1]) + " " + cells[3]);
    }
    return lines;
  }
};

Result<JobSummary> run(Recording& recording, uint32_t batch_rows_max = data::kBatchRowsMax) {
  io::SimulatedWorld world;
  JobRunner runner(world.world(), recording.log);
  return runner.run(recording.dataflow(), recording.options(batch_rows_max));
}

TEST(SourceHead, ABatchIsCutWhereALateRowWouldSlipIn) {
  Recording recording(true);
  recording.source->add_split({"s", "", {}}, {times({10, 20, 15, 30, 31, 5})});
  ASSERT_TRUE(run(recording));
  EXPECT_EQ(recording.seen(), (Lines{"10 NULL", "20 NULL", "~ 20", "15 20", "30 20", "31 20",
                                     "~ 31", "5 31", "~ end"}));
}

TEST(SourceHead, BelowTheGranularityNothingIsCutAndLittleIsSent) {
  Recording recording(true);
  recording.granularity_us = 100;
  recording.source->add_split({"s", "", {}},
                              {times({10, 20, 15}), times({90, 80}), times({130, 95})});
  ASSERT_TRUE(run(recording));
  EXPECT_EQ(recording.seen(), (Lines{"10 NULL", "20 NULL", "15 NULL", "~ 20", "90 20", "80 20",
                                     "130 20", "~ 130", "95 130", "~ end"}));
}

TEST(SourceHead, RowsMeetTheSameWatermarksInEveryBatchSize) {
  std::mt19937_64 random(11);
  for (int round = 0; round < 20; ++round) {
    std::vector<int64_t> values;
    int64_t now = 0;
    for (int n = 0; n < 300; ++n) {
      now += static_cast<int64_t>(random() % 9);
      values.push_back(now - static_cast<int64_t>(random() % 50));
    }
    const int64_t unit = 1 + static_cast<int64_t>(random() % 30);
    std::vector<Lines> all;
    for (const auto& [batch, rows_max] :
         std::vector<std::pair<size_t, uint32_t>>{{1, 1}, {300, 7}, {37, 4096}, {300, 4096}}) {
      Recording recording(true);
      recording.show_times = false;
      recording.granularity_us = unit;
      recording.lag_us = 10;
      std::vector<data::Batch> batches;
      for (size_t from = 0; from < values.size(); from += batch) {
        data::BatchBuilder builder(time_schema());
        for (size_t n = from; n < std::min(from + batch, values.size()); ++n) {
          builder.append_row({values[n]});
        }
        batches.push_back(builder.finish());
      }
      recording.source->add_split({"s", "", {}}, std::move(batches));
      ASSERT_TRUE(run(recording, rows_max));
      // What a row can tell of the watermark: the slices above it that have ended.
      Lines told;
      for (const std::string& line : recording.seen()) {
        const size_t space = line.find(' ');
        const int64_t value = std::stoll(line.substr(0, space));
        const std::string watermark = line.substr(space + 1);
        int64_t passed = watermark == "NULL" ? value : std::stoll(watermark);
        passed -= ((passed % unit) + unit) % unit;
        told.push_back(std::to_string(value) + " " + std::to_string(std::max(passed, value)));
      }
      all.push_back(told);
    }
    for (const Lines& told : all) ASSERT_EQ(told, all.front()) << round;
  }
}

TEST(SourceHead, AFilterHidesNoRowFromTheWatermark) {
  Recording recording(true);
  recording.filter_above = 25;
  recording.source->add_split({"s", "", {}}, {times({10, 40, 20, 30}), times({24, 39, 41})});
  ASSERT_TRUE(run(recording));
  EXPECT_EQ(recording.seen(),
            (Lines{"40 NULL", "~ 40", "30 40", "39 40", "41 40", "~ 41", "~ end"}));
}

TEST(SourceHead, RowsWithoutATimeAreRejectedByPlace) {
  Recording recording(true);
  recording.source->add_split(
      {"s", "", {}}, {rows_of(time_schema(), "1\nNULL\n3"), rows_of(time_schema(), "4\nNULL")});
  const auto summary = run(recording);
  ASSERT_TRUE(summary);
  EXPECT_EQ(summary->rows_rejected, 2U);
  EXPECT_EQ(testing::committed_lines(recording.log, recording.errors),
            (Lines{"NullEventTime times s:2", "NullEventTime times s:5"}));
  EXPECT_EQ(recording.seen().size(), 3U + 3U);
}

constexpr int64_t kYear = 365LL * 24 * 3600 * 1'000'000;

TEST(SourceHead, ARowFarAheadIsRejectedFromEndlessInputAndNotedInBoundedInput) {
  const int64_t now = io::SimulationOptions().wall_us;
  Recording endless(false);
  endless.far_future_us = 86'400'000'000;
  endless.source->add_split({"s", "", {}}, {times({now, now + kYear, now + 1})});
  endless.source->finish();
  ASSERT_TRUE(run(endless));
  EXPECT_EQ(testing::committed_lines(endless.log, endless.errors),
            (Lines{"EventTimeTooFar times s:2"}));
  EXPECT_EQ(endless.seen().back(), "~ end");

  Recording bounded(true);
  bounded.far_future_us = 86'400'000'000;
  bounded.source->add_split({"s", "", {}}, {times({now, now + kYear, now + 2 * kYear})});
  io::SimulatedWorld world;
  JobRunner runner(world.world(), bounded.log);
  const auto summary = runner.run(bounded.dataflow(), bounded.options());
  ASSERT_TRUE(summary);
  EXPECT_EQ(summary->rows_rejected, 0U);
  EXPECT_EQ(bounded.seen().back(), "~ end");
  ASSERT_EQ(runner.notices().size(), 1U);
  EXPECT_EQ(runner.notices().front().code(), ErrorCode::kEventTimeTooFar);
  EXPECT_EQ(runner.notices().front().place(), "s:2");
}

TEST(SourceHead, UnreadSplitsHoldTheWatermarkAtTheirStatistic) {
  // "b" says that it begins at 100: "a" may be read up to there, and first.
  Recording recording(true);
  recording.source->add_split({"b", "", 100}, {times({100, 120})});
  recording.source->add_split({"a", "", 0}, {times({10, 50}), times({90, 95}), times({110, 115})});
  ASSERT_TRUE(run(recording));
  EXPECT_EQ(recording.seen(),
            (Lines{"~ 0", "10 0", "50 0", "~ 50", "90 50", "95 50", "~ 95", "110 95", "115 95",
                   "~ 100", "100 100", "120 100", "~ 115", "~ 120", "~ end"}));
}

TEST(SourceHead, OfABoundedSourceTheSplitFurthestBehindIsRead) {
  Recording recording(true);
  recording.show_times = false;
  recording.source->add_split({"a", "", {}}, {times({10}), times({30}), times({50})});
  recording.source->add_split({"b", "", {}}, {times({20}), times({40}), times({60})});
  ASSERT_TRUE(run(recording));
  EXPECT_EQ(recording.seen(), (Lines{"10 NULL", "20 NULL", "30 10", "40 20", "50 30", "60 40"}));
}

TEST(SourceHead, ASplitIsIdleOnlyAtItsEndAndAfterItsTime) {
  io::SimulatedWorld world;
  Recording recording(false);
  recording.idle_timeout_us = 5'000'000;
  recording.source->add_split({"a", "", {}}, {times({10})});
  recording.source->add_split({"b", "", {}}, {times({100})});
  JobRunner runner(world.world(), recording.log);
  ASSERT_TRUE(runner.start(recording.dataflow(), recording.options()));
  world.threads().run_for(io::kNsPerSecond);
  recording.source->append("b", times({200}));
  world.threads().run_for(3 * io::kNsPerSecond);
  EXPECT_EQ(recording.seen().back(), "200 10");
  // "a" has been idle for five seconds, "b" for four.
  world.threads().run_for(3 * io::kNsPerSecond / 2);
  EXPECT_EQ(recording.seen().back(), "~ 200");
  // It wakes with older rows: they are late, the watermark stays.
  recording.source->append("a", times({20}));
  world.threads().run_for(io::kNsPerSecond);
  EXPECT_EQ(recording.seen().back(), "20 200");
  recording.source->append("b", times({300}));
  world.threads().run_for(io::kNsPerSecond);
  EXPECT_EQ(recording.seen().back(), "300 200");
  runner.job().request_stop();
  ASSERT_TRUE(runner.wait());
}

TEST(SourceHead, ASplitWhoseDataIsBeingFetchedIsNotIdle) {
  io::SimulatedWorld world;
  Recording recording(false);
  recording.idle_timeout_us = 5'000'000;
  recording.source->add_split({"a", "", {}}, {times({10})});
  recording.source->add_split({"b", "", {}}, {times({100})});
  JobRunner runner(world.world(), recording.log);
  ASSERT_TRUE(runner.start(recording.dataflow(), recording.options()));
  world.threads().run_for(io::kNsPerSecond);
  recording.source->stall("a", true);
  world.threads().run_for(60 * io::kNsPerSecond);
  EXPECT_EQ(recording.seen().back(), "~ 10");
  recording.source->append("a", times({20}));
  recording.source->stall("a", false);
  world.threads().run_for(io::kNsPerSecond);
  const Lines seen = recording.seen();
  EXPECT_EQ(Lines(seen.end() - 2, seen.end()), (Lines{"20 10", "~ 20"}));
  runner.job().request_stop();
  ASSERT_TRUE(runner.wait());
}

TEST(SourceHead, IdlenessAndWatermarksSurviveARestart) {
  Recording recording(false);
  recording.idle_timeout_us = 5'000'000;
  recording.source->add_split({"a", "", {}}, {times({10})});
  recording.source->add_split({"b", "", {}}, {times({100})});
  for (int round = 0; round < 2; ++round) {
    io::SimulatedWorld world;
    JobRunner runner(world.world(), recording.log);
    ASSERT_TRUE(runner.start(recording.dataflow(), recording.options()));
    world.threads().run_for(io::kNsPerSecond / 2);
    // Of the second run: "a" is still idle, so "b" alone has its say, from where it was.
    if (round == 1) {
      const Lines seen = recording.seen();
      EXPECT_EQ(Lines(seen.end() - 3, seen.end()), (Lines{"~ 100", "150 100", "~ 150"}));
    }
    world.threads().run_for(20 * io::kNsPerSecond);
    EXPECT_EQ(recording.seen().back(), round == 0 ? "~ 100" : "~ 150");
    recording.source->append("b", times({150}));
    if (round == 0) runner.job().cancel();
    if (round == 1) runner.job().request_stop();
    (void)runner.wait();
  }
}

TEST(SourceHead, TheRateIsKept) {
  io::SimulatedWorld world;
  Recording recording(true);
  recording.rows_per_second = 1000;
  recording.shards = 2;
  std::vector<data::Batch> batches;
  for (int n = 0; n < 1500; ++n) batches.push_back(times({n}));
  recording.source->add_split({"a", "", {}}, batches);
  recording.source->add_split({"b", "", {}}, batches);
  JobRunner runner(world.world(), recording.log);
  ASSERT_TRUE(runner.start(recording.dataflow(), recording.options()));
  world.threads().run_for(io::kNsPerSecond);
  EXPECT_NEAR(static_cast<double>(runner.job().progress().rows_in), 1000, 30);
  world.threads().run_for(io::kNsPerSecond);
  EXPECT_NEAR(static_cast<double>(runner.job().progress().rows_in), 2000, 30);
  EXPECT_TRUE(runner.wait());
}

TEST(SourceHead, LatencyIsFromEventTimeToCommit) {
  io::SimulatedWorld world;
  Recording recording(false);
  recording.source->add_split({"a", "", {}});
  JobRunner runner(world.world(), recording.log);
  ASSERT_TRUE(runner.start(recording.dataflow(), recording.options()));
  world.threads().run_for(io::kNsPerSecond);
  EXPECT_EQ(runner.job().progress().latency_us->count(), 0U);
  // Half a second old when it comes; after a quiet time it waits an eighth of the epoch's interval.
  recording.source->append("a", times({world.clock().wall_us() - 500'000}));
  world.threads().run_for(io::kNsPerSecond);
  const auto latency = runner.job().progress().latency_us;
  EXPECT_EQ(latency->count(), 1U);
  EXPECT_NEAR(static_cast<double>(latency->most()), 525'000, 2'000);
  runner.job().request_stop();
  ASSERT_TRUE(runner.wait());
}

TEST(SourceHead, OnlyCommittedRowsHaveALatencyAndEachHasOne) {
  for (const EpochPhase where :
       {EpochPhase::kBarrier, EpochPhase::kStaged, EpochPhase::kCommitted}) {
    Recording recording(true);
    recording.shards = 2;
    recording.filter_above = 20;
    std::vector<data::Batch> batches;
    for (int n = 0; n < 100; ++n) batches.push_back(times({n, n + 1, n - 40}));
    recording.source->add_split({"a", "", {}}, batches);
    recording.source->add_split({"b", "", {}}, batches);
    uint64_t told = 0;
    int crashes = 0;
    for (bool done = false; !done;) {
      io::SimulatedWorld world({.seed = 3U + static_cast<uint64_t>(crashes)});
      JobRunner runner(world.world(), recording.log);
      JobOptions dying = recording.options(4);
      dying.epoch_interval_us = 40;
      dying.slice_batches_max = 2;
      int left = 2 + crashes % 4;
      dying.crash = [&](commit::Epoch, EpochPhase phase) { return phase == where && --left == 0; };
      ASSERT_TRUE(runner.start(recording.dataflow(), std::move(dying)));
      done = runner.wait().has_value();
      crashes += done ? 0 : 1;
      told += runner.job().progress().latency_us->count();
      ASSERT_LT(crashes, 500);
    }
    EXPECT_GT(crashes, 2);
    EXPECT_EQ(told, 600U);
  }
}

TEST(SourceHead, TicksFollowTheClockAndComeWithEachBarrier) {
  io::SimulatedWorld world;
  Recording recording(false);
  recording.source->add_split({"a", "", {}});
  JobRunner runner(world.world(), recording.log);
  ASSERT_TRUE(runner.start(recording.dataflow(), recording.options()));
  const auto last_tick = [&] {
    const std::string line = testing::committed_lines(recording.log, recording.out).back();
    return std::stoll(line.substr(line.rfind(' ') + 1));
  };
  int64_t before = 0;
  for (int n = 0; n < 5; ++n) {
    recording.source->append("a", times({n}));
    world.threads().run_for(io::kNsPerSecond);
    EXPECT_GT(last_tick(), before);
    before = last_tick();
    EXPECT_NEAR(static_cast<double>(world.clock().wall_us() - before), 1e6, 2e5);
  }
  runner.job().request_stop();
  ASSERT_TRUE(runner.wait());
}

}  // namespace
}  // namespace millrace::engine
