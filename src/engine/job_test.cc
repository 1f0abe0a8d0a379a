#include "engine/job.h"

#include <gtest/gtest.h>

#include "io/posix_world.h"
#include "io/simulated_world.h"
#include "testing/job_runner.h"
#include "testing/key_counting.h"

namespace millrace::engine {
namespace {

using testing::fold;
using testing::JobRunner;
using testing::KeyCounting;
using testing::rows_of;
using testing::schema_of;
using Lines = std::vector<std::string>;

JobOptions options() {
  JobOptions options;
  options.name = "job";
  return options;
}

// As small as everything can be made: whatever can suspend does.
JobOptions narrow(uint32_t batch_rows_max = 1) {
  JobOptions narrow = options();
  narrow.batch_rows_max = batch_rows_max;
  narrow.channel_credit = 1;
  narrow.slice_batches_max = 1;
  narrow.epoch_interval_us = 100;
  return narrow;
}

TEST(Job, RowsGoFromSplitsToTheCommittedTopic) {
  io::SimulatedWorld world;
  KeyCounting counting;
  JobRunner runner(world.world(), counting.log);
  const auto summary = runner.run(counting.dataflow(), options());
  ASSERT_TRUE(summary) << summary.error().to_string();
  EXPECT_EQ(summary->end, JobEnd::kComplete);
  EXPECT_EQ(summary->rows_in, 4000U);
  EXPECT_EQ(counting.committed(), counting.expected());
  EXPECT_EQ(fold(counting.outside->lines()), counting.expected());
  EXPECT_EQ(counting.log.open_units(), 0U);
  ASSERT_FALSE(runner.committed().empty());
  EXPECT_TRUE(runner.committed().back().last);
  EXPECT_EQ(runner.job().progress().committed_epoch, summary->last_epoch);
}

TEST(Job, TheSameOnRealThreadsWithSeveralShards) {
  io::PosixWorld world;
  for (const uint32_t shards : {1U, 2U, 4U, 7U}) {
    KeyCounting counting({.batches = 200});
    JobRunner runner(world.world(), counting.log, 3);
    JobOptions quick = options();
    quick.epoch_interval_us = 1000;
    const auto summary = runner.run(counting.dataflow({shards, shards}), quick);
    ASSERT_TRUE(summary) << summary.error().to_string();
    EXPECT_EQ(counting.committed(), counting.expected());
    EXPECT_EQ(fold(counting.outside->lines()), counting.expected());
  }
}

TEST(Job, NothingDependsOnCreditSlicesOrBatchSizes) {
  for (const uint32_t batch_rows_max : {1U, 7U, 4096U}) {
    for (const uint32_t shards : {1U, 3U, 5U}) {
      io::SimulatedWorld world({.seed = batch_rows_max + shards});
      KeyCounting counting({.batches = 8, .log = {.full_every = 3}});
      JobRunner runner(world.world(), counting.log);
      const auto summary = runner.run(counting.dataflow({shards, shards}), narrow(batch_rows_max));
      ASSERT_TRUE(summary) << summary.error().to_string();
      EXPECT_EQ(counting.committed(), counting.expected());
      EXPECT_EQ(fold(counting.outside->lines()), counting.expected());
    }
  }
}

TEST(Job, ALogWithOneOpenUnitHoldsTheNextEpochBack) {
  io::SimulatedWorld world;
  KeyCounting counting({.log = {.open_units_max = 1}});
  JobRunner runner(world.world(), counting.log);
  const auto summary = runner.run(counting.dataflow({2, 2}), narrow(7));
  ASSERT_TRUE(summary) << summary.error().to_string();
  EXPECT_EQ(counting.committed(), counting.expected());
  EXPECT_GT(summary->last_epoch.value(), 5U);
}

TEST(Job, EpochsAreCommittedInOrderAndToldInOrder) {
  io::SimulatedWorld world;
  KeyCounting counting;
  JobRunner runner(world.world(), counting.log);
  ASSERT_TRUE(runner.run(counting.dataflow({2, 3}), narrow(7)));
  uint64_t epoch = 0;
  for (const CommittedEpoch& committed : runner.committed()) {
    EXPECT_EQ(committed.epoch.value(), ++epoch);
  }
  EXPECT_EQ(epoch, counting.log.commits());
  EXPECT_GT(epoch, 10U);
}

TEST(Job, OneSeedIsOneRunAndAnotherSeedAnother) {
  const auto trace = [](uint64_t seed) {
    io::SimulatedWorld world({.seed = seed});
    KeyCounting counting;
    JobRunner runner(world.world(), counting.log, 3);
    EXPECT_TRUE(runner.run(counting.dataflow({2, 4}), narrow(7)));
    return world.trace_hash();
  };
  EXPECT_EQ(trace(1), trace(1));
  EXPECT_NE(trace(1), trace(2));
}

TEST(Job, NothingIsCommittedWhileNothingChanges) {
  io::SimulatedWorld world;
  KeyCounting counting({.batches = 0});
  auto endless = std::make_shared<testing::ScriptedSource>(testing::key_schema(), false);
  endless->add_split({"s", "", {}});
  counting.source = endless;
  JobRunner runner(world.world(), counting.log);
  ASSERT_TRUE(runner.start(counting.dataflow(), options()));
  // What holds before any row is an epoch of its own.
  world.threads().run_for(io::kNsPerSecond * 60);
  EXPECT_EQ(counting.log.commits(), 1U);
  world.threads().run_for(io::kNsPerSecond * 60);
  EXPECT_EQ(counting.log.commits(), 1U);
  endless->append("s", rows_of(testing::key_schema(), "7\n7"));
  world.threads().run_for(io::kNsPerSecond * 60);
  EXPECT_EQ(counting.log.commits(), 2U);
  EXPECT_EQ(counting.committed(), (Lines{"7 | 2"}));
  runner.job().request_stop();
  const auto summary = runner.wait();
  ASSERT_TRUE(summary);
  EXPECT_EQ(summary->end, JobEnd::kStopped);
}

TEST(Job, AnEndlessSourceIsReadAsRowsComeAndStopsBetweenEpochs) {
  io::SimulatedWorld world;
  KeyCounting counting({.batches = 0});
  auto endless = std::make_shared<testing::ScriptedSource>(testing::key_schema(), false);
  for (const char* split : {"a", "b", "c"}) endless->add_split({split, "", {}});
  counting.source = endless;
  JobRunner runner(world.world(), counting.log);
  for (int round = 1; round <= 3; ++round) {
    ASSERT_TRUE(runner.start(counting.dataflow({2, 2}), options()));
    for (const char* split : {"a", "b", "c"}) {
      endless->append(split, testing::key_batches(1, 10, 10).front());
    }
    world.threads().run_for(io::kNsPerSecond);
    EXPECT_EQ(counting.committed(), testing::key_counts(10, 3 * round));
    runner.job().request_stop();
    const auto summary = runner.wait();
    ASSERT_TRUE(summary) << summary.error().to_string();
    EXPECT_EQ(summary->end, JobEnd::kStopped);
    EXPECT_EQ(summary->rows_in, 30U);
  }
}

TEST(Job, ASourcesErrorEndsTheJobAndCommitsNothingOfItsEpoch) {
  io::SimulatedWorld world;
  KeyCounting counting;
  counting.source->fail_at("s2", 20, Error(ErrorCode::kIoFailed, "the disk is gone"));
  JobRunner runner(world.world(), counting.log);
  const auto failed = runner.run(counting.dataflow({2, 2}), narrow(7));
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code(), ErrorCode::kIoFailed);
  EXPECT_EQ(counting.log.open_units(), 0U);
  const auto summary = runner.run(counting.dataflow({2, 2}), narrow(7));
  ASSERT_TRUE(summary) << summary.error().to_string();
  EXPECT_EQ(counting.committed(), counting.expected());
}

TEST(Job, CancellingEndsItWithoutAFurtherCommit) {
  io::SimulatedWorld world;
  KeyCounting counting;
  JobRunner runner(world.world(), counting.log);
  ASSERT_TRUE(runner.start(counting.dataflow(), narrow()));
  world.threads().run_for(200'000);
  runner.job().cancel();
  const auto cancelled = runner.wait();
  ASSERT_FALSE(cancelled);
  EXPECT_EQ(cancelled.error().code(), ErrorCode::kCancelled);
  EXPECT_EQ(counting.log.open_units(), 0U);
}

TEST(Job, ABrokenDataflowIsRefused) {
  io::SimulatedWorld world;
  KeyCounting counting;
  JobRunner runner(world.world(), counting.log);
  const auto refused = [&](auto&& break_it) {
    Dataflow dataflow = counting.dataflow({2, 2});
    break_it(dataflow);
    const auto started = runner.start(std::move(dataflow), options());
    return !started && started.error().code() == ErrorCode::kInternal;
  };
  EXPECT_TRUE(refused([](Dataflow& d) { d.edges.clear(); }));
  EXPECT_TRUE(refused([](Dataflow& d) { d.edges[0].to = 7; }));
  EXPECT_TRUE(refused([](Dataflow& d) { d.edges.push_back({1, 1, 0, Routing::kSingle, {}}); }));
  EXPECT_TRUE(refused([](Dataflow& d) { d.pipelines[0].shards = 0; }));
  EXPECT_TRUE(refused([](Dataflow& d) { d.pipelines[0].source->id = "$x"; }));
  EXPECT_TRUE(refused([](Dataflow& d) {
    d.pipelines[0].shards = 3;
    d.edges[0].routing = Routing::kForward;
  }));
  EXPECT_TRUE(refused([](Dataflow& d) {
    d.pipelines[1].operators.emplace_back(
        [](uint32_t) { return Error(ErrorCode::kInternal, "unused"); });
    d.pipelines[1].state_ids.push_back(d.pipelines[1].state_ids.front());
  }));
  EXPECT_TRUE(refused([](Dataflow& d) { d.pipelines[1].state_ids.clear(); }) || !runner.wait());
}

TEST(Job, RejectedRowsAreCommittedWithTheirEpoch) {
  io::SimulatedWorld world;
  KeyCounting counting({.batches = 5, .splits = 2});
  Rejection bad;
  bad.reason = "not a row";
  bad.place = "s0:26";
  counting.source->reject_at("s0", 1, bad);
  counting.source->reject_at("s1", 4, bad);
  const commit::PartitionId errors = counting.log.make_partition("errors");
  JobOptions with_errors = narrow();
  with_errors.errors = ErrorsTarget{
      errors, [](std::span<const Rejection> rejections) {
        std::string text;
        for (const Rejection& rejection : rejections) {
          text += "+I " + rejection.table + " " + rejection.place + " " + rejection.reason + "\n";
        }
        return Result<Buffer>(testing::wrap_batch(text, static_cast<uint32_t>(rejections.size())));
      }};
  JobRunner runner(world.world(), counting.log);
  const auto summary = runner.run(counting.dataflow({2, 1}), with_errors);
  ASSERT_TRUE(summary) << summary.error().to_string();
  EXPECT_EQ(summary->rows_rejected, 2U);
  EXPECT_EQ(testing::committed_lines(counting.log, errors),
            (Lines{"+I keys s0:26 not a row", "+I keys s0:26 not a row"}));
}

TEST(Job, ATableMayWantBadRowsToBeSkippedAndCounted) {
  io::SimulatedWorld world;
  KeyCounting counting({.batches = 5, .splits = 1});
  const commit::PartitionId errors = counting.log.make_partition("errors");
  counting.source->reject_at("s0", 1, Rejection());
  Dataflow dataflow = counting.dataflow();
  dataflow.pipelines[0].source->on_rejection = OnRejection::kSkip;
  JobOptions with_errors = options();
  with_errors.errors = ErrorsTarget{.partition = errors, .encode = [](std::span<const Rejection>) {
                                      return Result<Buffer>(testing::wrap_batch("rejected"));
                                    }};
  JobRunner runner(world.world(), counting.log);
  const auto summary = runner.run(std::move(dataflow), with_errors);
  ASSERT_TRUE(summary) << summary.error().to_string();
  EXPECT_EQ(summary->rows_skipped, 1U);
  EXPECT_EQ(summary->rows_rejected, 0U);
  EXPECT_TRUE(counting.log.batches(errors).empty());
}

TEST(Job, ATableMayWantItsJobToFailOnABadRow) {
  io::SimulatedWorld world;
  KeyCounting counting({.batches = 5, .splits = 1});
  Rejection bad;
  bad.reason = "not a row";
  bad.place = "s0:26";
  counting.source->reject_at("s0", 1, bad);
  Dataflow dataflow = counting.dataflow();
  dataflow.pipelines[0].source->on_rejection = OnRejection::kFail;
  JobRunner runner(world.world(), counting.log);
  const auto failed = runner.run(std::move(dataflow), options());
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code(), ErrorCode::kRowFailed);
  EXPECT_EQ(failed.error().place(), "s0:26");
}

}  // namespace
}  // namespace millrace::engine
