#include <gtest/gtest.h>

#include "engine/job.h"
#include "io/simulated_world.h"
#include "testing/job_runner.h"
#include "testing/key_counting.h"

namespace millrace::engine {
namespace {

using testing::JobRunner;
using testing::KeyCounting;
using testing::KeyCountingShape;

JobOptions options(uint32_t batch_rows_max = 7) {
  JobOptions options;
  options.name = "job";
  options.batch_rows_max = batch_rows_max;
  options.channel_credit = 1;
  options.slice_batches_max = 2;
  options.epoch_interval_us = 40;
  return options;
}

// Runs again and again, each time dying at the next moment, until it gets through.
int crash_everywhere(KeyCounting& counting, EpochPhase where, KeyCountingShape shape,
                     uint64_t seed) {
  int crashes = 0;
  for (int run = 0; run < 2000; ++run) {
    io::SimulatedWorld world({.seed = seed + static_cast<uint64_t>(run)});
    JobRunner runner(world.world(), counting.log);
    JobOptions dying = options();
    // Not the first moment every time: several epochs may be under way and nothing be committed
    // yet.
    int left = 1 + run % 6;
    dying.crash = [&](commit::Epoch, EpochPhase phase) { return phase == where && --left == 0; };
    const auto summary = runner.run(counting.dataflow(shape), dying);
    EXPECT_EQ(counting.log.open_units(), 0U);
    if (summary) {
      EXPECT_TRUE(summary->end == JobEnd::kComplete || summary->end == JobEnd::kAlreadyComplete);
      return crashes;
    }
    EXPECT_EQ(summary.error().code(), ErrorCode::kCancelled) << summary.error().to_string();
    ++crashes;
  }
  return -1;
}

TEST(JobRecovery, ACrashAtEveryBarrierChangesNothing) {
  for (const EpochPhase where :
       {EpochPhase::kBarrier, EpochPhase::kStaged, EpochPhase::kCommitted}) {
    for (const KeyCountingShape shape : {KeyCountingShape{1, 1}, {2, 3}, {4, 5}}) {
      KeyCounting counting({.batches = 15, .log = {.full_every = 4}});
      const int crashes = crash_everywhere(counting, where, shape, 17);
      EXPECT_GT(crashes, 3);
      EXPECT_EQ(counting.committed(), counting.expected());
    }
  }
}

TEST(JobRecovery, WhatWasReadAndCommittedIsNotReadAgain) {
  KeyCounting counting;
  io::SimulatedWorld world;
  JobRunner runner(world.world(), counting.log);
  JobOptions dying = options(4096);
  dying.crash = [&](commit::Epoch epoch, EpochPhase phase) {
    return phase == EpochPhase::kCommitted && epoch.value() == 2;
  };
  ASSERT_FALSE(runner.run(counting.dataflow(), dying));
  const uint64_t first = counting.source->batches_read();
  const auto summary = runner.run(counting.dataflow(), options(4096));
  ASSERT_TRUE(summary);
  EXPECT_LT(summary->rows_in, 4000U);
  EXPECT_GT(first, 0U);
  EXPECT_EQ(counting.committed(), counting.expected());
}

TEST(JobRecovery, ACompleteJobSaysSo) {
  KeyCounting counting;
  io::SimulatedWorld world;
  JobRunner runner(world.world(), counting.log);
  ASSERT_TRUE(runner.run(counting.dataflow(), options()));
  const uint64_t commits = counting.log.commits();
  const auto again = runner.run(counting.dataflow(), options());
  ASSERT_TRUE(again);
  EXPECT_EQ(again->end, JobEnd::kAlreadyComplete);
  EXPECT_EQ(counting.log.commits(), commits);
  EXPECT_TRUE(is_complete(counting.log.jobs().list().front()));
}

TEST(JobRecovery, AJobGoesOnWithOtherNumbersOfShards) {
  KeyCounting counting({.batches = 60});
  io::SimulatedWorld world;
  JobRunner runner(world.world(), counting.log);
  int run = 0;
  for (const KeyCountingShape shape : {KeyCountingShape{2, 2}, {1, 4}, {3, 1}, {2, 7}}) {
    JobOptions dying = options();
    int left = 4;
    dying.crash = [&](commit::Epoch, EpochPhase phase) {
      return phase == EpochPhase::kCommitted && --left == 0;
    };
    ASSERT_FALSE(runner.run(counting.dataflow(shape), dying)) << run;
    // All state is with the tasks of this layout.
    const std::vector<commit::RecoveredJob> jobs = counting.log.jobs().list();
    for (const commit::TaskId task : jobs.front().tasks) {
      EXPECT_EQ(task.value() >> 16 & 0xFFFF, shape.count_shards) << run;
    }
    ++run;
  }
  ASSERT_TRUE(runner.run(counting.dataflow({2, 2}), options(4096)));
  EXPECT_EQ(counting.committed(), counting.expected());
}

TEST(JobRecovery, WhereStateCannotBeWrittenForAnotherLayoutTheJobFailsAndLosesNothing) {
  KeyCounting counting({.batches = 60});
  io::SimulatedWorld world;
  JobRunner runner(world.world(), counting.log);
  JobOptions dying = options();
  dying.crash = [](commit::Epoch epoch, EpochPhase phase) {
    return phase == EpochPhase::kCommitted && epoch.value() == 4;
  };
  ASSERT_FALSE(runner.run(counting.dataflow({2, 2}), dying));
  for (const bool at_the_end : {false, true}) {
    counting.log.options().fail_snapshot = [=](bool finishing) -> std::optional<Error> {
      if (finishing != at_the_end) return std::nullopt;
      return Error(ErrorCode::kDiskFull, "no room");
    };
    const auto failed = runner.run(counting.dataflow({2, 3}), options());
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().code(), ErrorCode::kDiskFull);
    EXPECT_EQ(counting.log.jobs().list().front().last_epoch.value(), 4U);
  }
  counting.log.options().fail_snapshot = nullptr;
  ASSERT_TRUE(runner.run(counting.dataflow({2, 3}), options()));
  EXPECT_EQ(counting.committed(), counting.expected());
}

TEST(JobRecovery, ANewerStartFencesTheOlder) {
  KeyCounting counting;
  io::SimulatedWorld world;
  JobRunner older(world.world(), counting.log);
  JobRunner newer(world.world(), counting.log);
  ASSERT_TRUE(older.start(counting.dataflow(), options()));
  world.threads().run_for(300'000);
  const auto summary = newer.run(counting.dataflow(), options());
  ASSERT_TRUE(summary) << summary.error().to_string();
  const auto fenced = older.wait();
  ASSERT_FALSE(fenced);
  EXPECT_EQ(fenced.error().code(), ErrorCode::kFenced);
  EXPECT_EQ(counting.committed(), counting.expected());
}

TEST(JobRecovery, AFailedCommitLeavesNothingOfItsEpoch) {
  KeyCounting counting;
  io::SimulatedWorld world;
  JobRunner runner(world.world(), counting.log);
  counting.log.options().fail_commit = [](const commit::UnitSpec& spec) -> std::optional<Error> {
    if (spec.epoch.value() != 3) return std::nullopt;
    return Error(ErrorCode::kSyncFailed, "no disk");
  };
  const auto failed = runner.run(counting.dataflow(), options());
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code(), ErrorCode::kSyncFailed);
  EXPECT_EQ(counting.log.jobs().list().front().last_epoch.value(), 2U);
  counting.log.options().fail_commit = nullptr;
  ASSERT_TRUE(runner.run(counting.dataflow(), options()));
  EXPECT_EQ(counting.committed(), counting.expected());
}

TEST(JobRecovery, AnInputThatChangedOrWentIsNotReadOn) {
  KeyCounting counting;
  counting.source->set_identity("s0", "100:7");
  io::SimulatedWorld world;
  JobRunner runner(world.world(), counting.log);
  JobOptions dying = options();
  dying.crash = [&](commit::Epoch epoch, EpochPhase phase) {
    return phase == EpochPhase::kCommitted && epoch.value() == 3;
  };
  ASSERT_FALSE(runner.run(counting.dataflow({4, 1}), dying));
  counting.source->set_identity("s0", "101:8");
  auto refused = runner.run(counting.dataflow({4, 1}), options());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::kInputChanged);
  EXPECT_EQ(refused.error().place(), "s0");
  counting.source->set_identity("s0", "100:7");
  counting.source->remove_split("s3");
  refused = runner.run(counting.dataflow({4, 1}), options());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::kInputChanged);
  EXPECT_EQ(refused.error().place(), "s3");
}

TEST(JobRecovery, SnapshotsReplaceDeltasAndAreRecoveredFrom) {
  KeyCounting counting({.batches = 200, .rows = 50, .keys = 500});
  uint64_t most = 0;
  int crashes = 0;
  while (true) {
    io::SimulatedWorld world({.seed = static_cast<uint64_t>(crashes) + 1});
    JobRunner runner(world.world(), counting.log);
    JobOptions small = options(4096);
    small.slice_batches_max = 4;
    small.snapshot_delta_bytes = 1;
    int left = 40;
    small.crash = [&](commit::Epoch, EpochPhase phase) {
      most = std::max(most, counting.log.state_bytes("job"));
      return phase == EpochPhase::kCommitted && --left == 0;
    };
    const auto summary = runner.run(counting.dataflow({1, 2}), small);
    if (summary) break;
    ASSERT_EQ(summary.error().code(), ErrorCode::kCancelled) << summary.error().to_string();
    ASSERT_LT(++crashes, 1000);
  }
  EXPECT_EQ(counting.committed(), counting.expected());
  EXPECT_GT(crashes, 0);
  EXPECT_GT(counting.log.commits(), 50U);
  EXPECT_GT(counting.log.snapshots_adopted(), 3U);
  EXPECT_LT(most, 700'000U);
}

}  // namespace
}  // namespace millrace::engine
