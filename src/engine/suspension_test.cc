#include <gtest/gtest.h>

#include <deque>

#include "engine/in/coalesce.h"
#include "engine/job.h"
#include "io/simulated_world.h"
#include "testing/job_runner.h"
#include "testing/key_counting.h"

namespace millrace::engine {
namespace {

using testing::fold;
using testing::JobRunner;
using testing::KeyCounting;
using testing::lines_of;
using testing::rows_of;
using testing::schema_of;
using Lines = std::vector<std::string>;

// Gives each batch back a second of processing time after it came.
class Delay final : public Operator {
 public:
  Delay() {
    traits_.name = "delay";
    traits_.ports.resize(1);
  }
  const traits::OperatorTraits& traits() const override { return traits_; }
  Result<void> open(OpenContext&) override { return {}; }
  Result<Step> on_batch(Port, data::Batch batch, Output&) override {
    held_.emplace_back(now_ + 1'000'000, std::move(batch));
    return Step::kDone;
  }
  Result<Step> on_time(Port, TimeDomain domain, Timestamp time, Output& output) override {
    if (domain == TimeDomain::kProcessing) now_ = time;
    return resume(output);
  }
  Result<Step> resume(Output& output) override {
    while (!held_.empty() && held_.front().first <= now_) {
      if (output.full()) return Step::kAgain;
      output.push(std::move(held_.front().second));
      held_.pop_front();
    }
    return Step::kDone;
  }
  Timestamp next_timer() const override { return held_.empty() ? kTimeMax : held_.front().first; }

 private:
  traits::OperatorTraits traits_;
  Timestamp now_ = kTimeMin;
  std::deque<std::pair<Timestamp, data::Batch>> held_;
};

TEST(Timers, ProcessingTimePassesThoughNoRowsCome) {
  io::SimulatedWorld world;
  KeyCounting counting({.batches = 0});
  auto endless = std::make_shared<testing::ScriptedSource>(testing::key_schema(), false);
  endless->add_split({"s", "", {}});
  counting.source = endless;
  Dataflow dataflow = counting.dataflow();
  dataflow.pipelines[0].operators.push_back(
      [](uint32_t) -> Result<std::unique_ptr<Operator>> { return std::make_unique<Delay>(); });
  JobRunner runner(world.world(), counting.log);
  JobOptions options;
  options.name = "timers";
  ASSERT_TRUE(runner.start(std::move(dataflow), options));
  endless->append("s", rows_of(testing::key_schema(), "4\n4"));
  world.threads().run_for(io::kNsPerSecond * 9 / 10);
  EXPECT_TRUE(counting.committed().empty());
  world.threads().run_for(io::kNsPerSecond);
  EXPECT_EQ(counting.committed(), (Lines{"4 | 2"}));
  const uint64_t commits = counting.log.commits();
  EXPECT_LT(commits, 6U);
  world.threads().run_for(60 * io::kNsPerSecond);
  EXPECT_EQ(counting.log.commits(), commits);
  runner.job().request_stop();
  ASSERT_TRUE(runner.wait());
}

// Holds at most one epoch's rows: waits in the next one until the last has been committed.
class OneEpochSink final : public Sink {
 public:
  explicit OneEpochSink(std::shared_ptr<testing::Collected> outside)
      : outside_(std::move(outside)) {}
  Result<void> open(OpenContext&) override { return {}; }
  Result<Step> on_batch(data::Batch batch, Staging& staging) override {
    batch_ = std::move(batch);
    return resume(staging);
  }
  Result<Step> on_barrier(commit::Epoch epoch, Staging&) override {
    EXPECT_TRUE(held_.empty() || lines_.empty());
    if (held_.empty()) held_.swap(lines_);
    held_of_ = held_.empty() ? held_of_ : epoch;
    return Step::kDone;
  }
  Result<Step> resume(Staging&) override {
    if (!held_.empty()) return Step::kWait;
    for (std::string& line : lines_of(std::exchange(batch_, {}))) lines_.push_back(line);
    return Step::kDone;
  }
  Result<void> committed(commit::Epoch epoch) override {
    if (epoch == held_of_) outside_->add(std::exchange(held_, {}));
    return {};
  }

 private:
  const std::shared_ptr<testing::Collected> outside_;
  data::Batch batch_;
  Lines lines_;
  Lines held_;
  commit::Epoch held_of_;
};

TEST(Suspension, ASinkMayWaitForItsLastEpochToBeCommitted) {
  io::SimulatedWorld world;
  KeyCounting counting({.batches = 20});
  Dataflow dataflow = counting.dataflow();
  dataflow.pipelines[1].sink = [&](uint32_t) -> Result<std::unique_ptr<Sink>> {
    return std::make_unique<OneEpochSink>(counting.outside);
  };
  JobRunner runner(world.world(), counting.log);
  JobOptions options;
  options.name = "waiting";
  options.batch_rows_max = 7;
  options.epoch_interval_us = 30;
  const auto summary = runner.run(std::move(dataflow), options);
  ASSERT_TRUE(summary) << summary.error().to_string();
  EXPECT_GT(summary->last_epoch.value(), 2U);
  EXPECT_EQ(fold(counting.outside->lines()), counting.expected());
}

TEST(Coalesce, RowsKeepTheirOrderTheirSignsAndTheirNulls) {
  const auto schema = schema_of("k BIGINT, s STRING");
  std::vector<data::Batch> batches;
  batches.push_back(rows_of(schema, "1 | a\nNULL | a longer text than fits"));
  data::Batch selected = rows_of(schema, "-D 3 | x\n+I 4 | y\n-U 5 | NULL");
  Buffer selection = Buffer::allocate(2 * sizeof(uint16_t));
  selection.mutable_as<uint16_t>()[0] = 0;
  selection.mutable_as<uint16_t>()[1] = 2;
  batches.push_back(std::move(selected).with_selection(std::move(selection), 2));
  batches.push_back(rows_of(schema, "6 | b"));
  EXPECT_EQ(lines_of(coalesce(batches)), (Lines{"+I 1 | a", "+I NULL | a longer text than fits",
                                                "-D 3 | x", "-U 5 | NULL", "+I 6 | b"}));
  EXPECT_TRUE(batches.empty());
}

}  // namespace
}  // namespace millrace::engine
