#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "log/log_driver.h"

namespace millrace::log {
namespace {

using commit::KeyGroup;
using commit::PartitionId;
using commit::StateId;
using commit::TaskId;
using testing::ElementsAre;
using testing::ElementsAreArray;
using testing::Pair;

std::string text_of(int number, size_t bytes) {
  std::string text = std::to_string(number);
  text.resize(std::max(bytes, text.size()), '.');
  return text;
}

class SettleTest : public testing::Test {
 protected:
  void restart() {
    driver_.reset();
    world_.files().crash(io::CrashMode::kLoseUnsynced);
    world_.files().recover();
    driver_ = std::make_unique<LogDriver>(world_.world(), options_);
    ASSERT_TRUE(driver_->is_open()) << driver_->open_error()->to_string();
  }
  // Appends `count` values of about `bytes`; returns what values() should say.
  std::vector<std::string> append_many(PartitionId partition, int from, int count, size_t bytes) {
    std::vector<std::string> expected;
    for (int i = from; i < from + count; ++i) {
      const auto appended = driver_->append(partition, batch_of({text_of(i, bytes)}));
      EXPECT_TRUE(appended.has_value()) << appended.error().to_string();
      expected.push_back(std::to_string(i) + ":" + text_of(i, bytes));
    }
    return expected;
  }
  Buffer counters(int epoch, int keys) {
    commit::DeltaBuilder builder;
    for (int key = 0; key < keys; ++key) {
      builder.put(KeyGroup(3), StateId(1), text_of(1000 + key, 4), std::to_string(epoch));
    }
    return builder.finish();
  }
  // A delta that puts these, and removes those without a value.
  Buffer entries(const std::map<std::string, std::string>& values) {
    commit::DeltaBuilder builder;
    for (const auto& [key, value] : values) {
      if (value.empty()) {
        builder.remove(KeyGroup(3), StateId(1), key);
      } else {
        builder.put(KeyGroup(3), StateId(1), key, value);
      }
    }
    return builder.finish();
  }
  // A durable snapshot, in one slice.
  Result<commit::SnapshotId> dump(commit::SnapshotSpec spec, const Buffer& slice) {
    const auto writer = MILLRACE_TRY(driver_->log().jobs().begin_snapshot(std::move(spec)));
    MILLRACE_TRY(driver_->until_accepted(
        [&](io::Wake wake) { return writer->write(slice, std::move(wake)); }));
    return io::await<commit::SnapshotId>(driver_->threads(), [&](auto done) {
      writer->finish(driver_->executor(), std::move(done));
    });
  }

  io::SimulatedWorld world_;
  LogOptions options_ = small_log();
  std::unique_ptr<LogDriver> driver_ = std::make_unique<LogDriver>(world_.world(), options_);
};

TEST_F(SettleTest, TheRingIsReusedLapAfterLapAndNothingIsLost) {
  const PartitionId a = driver_->make_partition("a");
  const PartitionId b = driver_->make_partition("b");
  auto expected_a = append_many(a, 0, 300, 20'000);
  const auto expected_b = append_many(b, 0, 10, 100);
  EXPECT_GE(driver_->log().status().checkpoint_generation, 5U);
  EXPECT_THAT(driver_->values(a), ElementsAreArray(expected_a));
  restart();
  EXPECT_THAT(driver_->values(a), ElementsAreArray(expected_a));
  EXPECT_THAT(driver_->values(b), ElementsAreArray(expected_b));
  EXPECT_THAT(driver_->values(a, 299), ElementsAre(expected_a.back()));
  std::ranges::move(append_many(a, 300, 100, 20'000), std::back_inserter(expected_a));
  restart();
  EXPECT_THAT(driver_->values(a), ElementsAreArray(expected_a));
}

TEST_F(SettleTest, StateOfManyEpochsIsCoalescedAndSurvives) {
  const auto job = driver_->open_job("job");
  for (int epoch = 1; epoch <= 200; ++epoch) {
    auto unit = *driver_->begin(*job, static_cast<uint64_t>(epoch));
    ASSERT_TRUE(driver_->stage_state(*unit, TaskId(epoch % 2), counters(epoch, 1000)).has_value());
    ASSERT_TRUE(driver_->commit(*unit).has_value());
  }
  restart();
  const auto state = driver_->state(job->job);
  ASSERT_TRUE(state.has_value()) << state.error().to_string();
  EXPECT_EQ(state->size(), 1000U);
  for (const auto& [key, value] : *state) EXPECT_EQ(value, "200");
  const auto recovered = driver_->log().jobs().recover(job->job);
  EXPECT_EQ(recovered->last_epoch.value(), 200U);
  EXPECT_LT(recovered->delta_bytes, counters(1, 1000).bytes() * 100);
  const auto half = driver_->state(job->job, {.groups = {KeyGroup(4), KeyGroup(9)}, .states = {}});
  EXPECT_TRUE(half->empty());
}

TEST_F(SettleTest, AUnitLargerThanTheRingGoesThroughSpillFiles) {
  options_.spill_file_bytes = 1 << 20;
  restart();
  const PartitionId a = driver_->make_partition("a", 0, 2);
  const PartitionId b{a.topic, 1};
  append_many(b, 0, 1, 10);
  const auto job = driver_->open_job("job");
  auto unit = *driver_->begin(*job, 1);
  std::vector<std::string> expected_a;
  std::vector<std::string> expected_b{"0:0........."};
  for (int i = 0; i < 400; ++i) {
    const std::string text = text_of(i, 20'000);
    ASSERT_TRUE(driver_->stage(*unit, i % 3 == 0 ? b : a, batch_of({text})).has_value());
    auto& expected = i % 3 == 0 ? expected_b : expected_a;
    expected.push_back(std::to_string(expected.size()) + ":" + text);
    if (i % 50 == 0) {
      ASSERT_TRUE(driver_->stage_state(*unit, TaskId(1), counters(i, 10)).has_value());
    }
  }
  EXPECT_THAT(driver_->values(a), ElementsAre());
  const auto committed = driver_->commit(*unit);
  ASSERT_TRUE(committed.has_value()) << committed.error().to_string();
  EXPECT_THAT(driver_->values(a), ElementsAreArray(expected_a));
  EXPECT_THAT(driver_->values(b), ElementsAreArray(expected_b));
  restart();
  EXPECT_THAT(driver_->values(a), ElementsAreArray(expected_a));
  EXPECT_THAT(driver_->values(b), ElementsAreArray(expected_b));
  const auto more = append_many(driver_->make_partition("filler"), 0, 200, 20'000);
  EXPECT_GE(driver_->log().status().checkpoint_generation, 1U);
  restart();
  EXPECT_THAT(driver_->values(a), ElementsAreArray(expected_a));
  EXPECT_THAT(driver_->values(b), ElementsAreArray(expected_b));
  EXPECT_EQ((*driver_->state(job->job))[0].second, "350");
}

TEST_F(SettleTest, AnOpenUnitDoesNotHoldTheRingBack) {
  const PartitionId out = driver_->make_partition("out");
  const PartitionId busy = driver_->make_partition("busy");
  const auto job = driver_->open_job("job");
  auto unit = *driver_->begin(*job, 1);
  ASSERT_TRUE(driver_->stage(*unit, out, batch_of({"early"})).has_value());
  ASSERT_TRUE(driver_->stage_state(*unit, TaskId(1), counters(1, 2)).has_value());
  const auto expected = append_many(busy, 0, 200, 20'000);
  ASSERT_TRUE(driver_->stage(*unit, out, batch_of({"late"})).has_value());
  auto aborted = *driver_->begin(*job, 2);
  ASSERT_TRUE(driver_->stage(*aborted, out, batch_of({"never"})).has_value());
  ASSERT_TRUE(driver_->commit(*unit).has_value());
  EXPECT_THAT(driver_->values(out), ElementsAre("0:early", "1:late"));
  append_many(busy, 200, 200, 20'000);
  aborted->abort();
  restart();
  EXPECT_THAT(driver_->values(out), ElementsAre("0:early", "1:late"));
  EXPECT_THAT(*driver_->state(job->job), ElementsAre(Pair("3/1/1000", "1"), Pair("3/1/1001", "1")));
}

TEST_F(SettleTest, ASnapshotReplacesTheDeltasBeforeItOnceItsEpochHasCommitted) {
  const auto job = driver_->open_job("job");
  const auto commit_epoch = [&](uint64_t epoch, std::optional<commit::SnapshotId> snapshot) {
    auto unit = *driver_->begin(*job, epoch);
    ASSERT_TRUE(
        driver_->stage_state(*unit, TaskId(1), counters(static_cast<int>(epoch), 500)).has_value());
    if (snapshot) {
      ASSERT_TRUE(unit->adopt_snapshot(*snapshot).has_value());
    }
    ASSERT_TRUE(driver_->commit(*unit).has_value());
  };
  for (uint64_t epoch = 1; epoch <= 50; ++epoch) commit_epoch(epoch, {});
  const auto snapshot = dump({.job = job->job,
                              .incarnation = job->incarnation,
                              .task = TaskId(1),
                              .begun = commit::Epoch(50),
                              .replaces = {}},
                             counters(50, 600));
  commit_epoch(51, {});
  ASSERT_TRUE(snapshot.has_value());
  commit_epoch(52, *snapshot);
  for (int round = 0; round < 2; ++round) {
    const auto state = driver_->state(job->job);
    ASSERT_TRUE(state.has_value()) << state.error().to_string();
    ASSERT_EQ(state->size(), 600U);
    EXPECT_EQ((*state)[0].second, "52");
    EXPECT_EQ((*state)[599].second, "50");
    const auto recovered = driver_->log().jobs().recover(job->job);
    EXPECT_GT(recovered->snapshot_bytes, 0U);
    EXPECT_LT(recovered->delta_bytes, 4 * counters(1, 500).bytes());
    if (round == 0) append_many(driver_->make_partition("filler"), 0, 200, 20'000);
    restart();
  }
}

// A job goes from task 1 to tasks 1 and 2, and back: each time all state is in the first epoch's
// snapshots, and nothing of the layout before is ever read again.
TEST_F(SettleTest, SnapshotsOfAnotherLayoutReplaceAllTasksOfTheOneBefore) {
  const auto job = driver_->open_job("job");
  const auto adopt = [&](commit::Unit& unit, uint64_t task, std::vector<TaskId> replaced,
                         const std::map<std::string, std::string>& values) {
    const auto id = dump({.job = job->job,
                          .incarnation = job->incarnation,
                          .task = TaskId(task),
                          .begun = driver_->log().jobs().recover(job->job)->last_epoch,
                          .replaces = std::move(replaced)},
                         entries(values));
    ASSERT_TRUE(id && unit.adopt_snapshot(*id));
  };
  auto unit = *driver_->begin(*job, 1);
  ASSERT_TRUE(driver_->stage_state(*unit, TaskId(1), entries({{"changes", "1"}, {"goes", "1"}})));
  ASSERT_TRUE(driver_->commit(*unit).has_value());

  unit = *driver_->begin(*job, 2);  // task 2 has the keys now
  adopt(*unit, 2, {TaskId(1)}, {{"changes", "1"}, {"goes", "1"}});
  adopt(*unit, 1, {TaskId(1)}, {{"stays", "1"}});
  ASSERT_TRUE(driver_->stage_state(*unit, TaskId(2), entries({{"changes", "2"}, {"goes", ""}})));
  ASSERT_TRUE(driver_->commit(*unit).has_value());
  EXPECT_THAT(*driver_->state(job->job),
              ElementsAre(Pair("3/1/changes", "2"), Pair("3/1/stays", "1")));
  EXPECT_THAT(driver_->log().jobs().recover(job->job)->tasks, ElementsAre(TaskId(1), TaskId(2)));

  unit = *driver_->begin(*job, 3);  // and task 1 again
  adopt(*unit, 1, {TaskId(1), TaskId(2)}, {{"changes", "2"}, {"stays", "1"}});
  ASSERT_TRUE(driver_->stage_state(*unit, TaskId(1), entries({{"stays", "3"}})));
  ASSERT_TRUE(driver_->commit(*unit).has_value());
  for (int round = 0; round < 3; ++round) {
    EXPECT_THAT(*driver_->state(job->job),
                ElementsAre(Pair("3/1/changes", "2"), Pair("3/1/stays", "3")));
    EXPECT_THAT(driver_->log().jobs().recover(job->job)->tasks, ElementsAre(TaskId(1)));
    if (round == 0) append_many(driver_->make_partition("filler"), 0, 200, 20'000);
    restart();
  }
}

TEST_F(SettleTest, FilesThatNobodyNamesAnyMoreGo) {
  append_many(driver_->make_partition("gone"), 0, 200, 20'000);
  const size_t before = world_.files().list("/data/segments")->size();
  EXPECT_GE(before, 5U);
  const auto topic = driver_->log().topics().describe("gone");
  ASSERT_TRUE(io::await<void>(driver_->threads(), [&](auto done) {
                driver_->log().topics().remove(topic->id, driver_->executor(), std::move(done));
              }).has_value());
  append_many(driver_->make_partition("kept"), 0, 100, 20'000);
  EXPECT_LT(world_.files().list("/data/segments")->size(), before);
  restart();
  EXPECT_EQ(driver_->values(driver_->make_partition("kept")).size(), 100U);
}

TEST_F(SettleTest, AFullDiskIsAnErrorForAppendersAndWorkResumes) {
  const PartitionId partition = driver_->make_partition("t");
  world_.files().inject({.call = io::FileCall::kWrite,
                         .lasting = true,
                         .path_part = "segments",
                         .code = ErrorCode::kDiskFull});
  std::vector<std::string> acknowledged;
  std::optional<ErrorCode> refused;
  for (int i = 0; i < 100 && !refused; ++i) {
    const auto appended = driver_->append(partition, batch_of({text_of(i, 20'000)}));
    if (!appended) refused = appended.error().code();
    if (appended) acknowledged.push_back(std::to_string(i) + ":" + text_of(i, 20'000));
  }
  EXPECT_EQ(refused, ErrorCode::kDiskFull);
  world_.files().clear_faults();
  world_.threads().run_for(3 * io::kNsPerSecond);
  std::ranges::move(append_many(partition, static_cast<int>(acknowledged.size()), 50, 20'000),
                    std::back_inserter(acknowledged));
  restart();
  EXPECT_THAT(driver_->values(partition), ElementsAreArray(acknowledged));
}

TEST_F(SettleTest, AnIdleLogIsSettledOnceAndThenNothingWakesUp) {
  const PartitionId partition = driver_->make_partition("t");
  auto expected = append_many(partition, 0, 5, 20'000);
  EXPECT_EQ(driver_->log().status().checkpoint_generation, 0U);
  world_.threads().run_for(3 * io::kNsPerSecond);
  EXPECT_EQ(driver_->log().status().checkpoint_generation, 0U);
  world_.threads().run_for(60 * io::kNsPerSecond);
  EXPECT_EQ(driver_->log().status().checkpoint_generation, 1U);
  EXPECT_LE(driver_->log().status().unsettled_bytes, 3 * 4096U);
  EXPECT_EQ(driver_->log().reader().size(partition)->ring_bytes, 0U);
  const uint64_t calls = world_.files().calls();
  world_.threads().run_for(3600 * io::kNsPerSecond);
  EXPECT_EQ(driver_->log().status().checkpoint_generation, 1U);
  EXPECT_EQ(world_.files().calls(), calls);
  restart();
  world_.threads().run_for(3600 * io::kNsPerSecond);
  EXPECT_EQ(driver_->log().status().checkpoint_generation, 1U) << "nothing had changed";
  EXPECT_THAT(driver_->values(partition), ElementsAreArray(expected));
  std::ranges::move(append_many(partition, 5, 1, 10), std::back_inserter(expected));
  world_.threads().run_for(60 * io::kNsPerSecond);
  EXPECT_EQ(driver_->log().status().checkpoint_generation, 2U);
  restart();
  EXPECT_THAT(driver_->values(partition), ElementsAreArray(expected));
}

TEST_F(SettleTest, WhatACrashLeftInTheRingIsSettledToo) {
  const PartitionId partition = driver_->make_partition("t");
  const auto expected = append_many(partition, 0, 5, 20'000);
  restart();
  world_.threads().run_for(60 * io::kNsPerSecond);
  EXPECT_EQ(driver_->log().status().checkpoint_generation, 1U);
  EXPECT_THAT(driver_->values(partition), ElementsAreArray(expected));
}

TEST_F(SettleTest, APartitionWithMuchGetsFilesOfItsOwnAndTheOthersShareOne) {
  options_.own_file_bytes = 100'000;
  restart();
  const PartitionId large = driver_->make_partition("large");
  std::vector<PartitionId> small;
  for (int i = 0; i < 10; ++i) small.push_back(driver_->make_partition("s" + std::to_string(i)));
  const auto expected = append_many(large, 0, 15, 20'000);
  for (const PartitionId id : small) append_many(id, 0, 2, 1000);
  world_.threads().run_for(60 * io::kNsPerSecond);
  EXPECT_EQ(driver_->log().status().checkpoint_generation, 1U);
  EXPECT_EQ(world_.files().list("/data/segments")->size(), 2U);
  restart();
  EXPECT_THAT(driver_->values(large), ElementsAreArray(expected));
  for (const PartitionId id : small) EXPECT_EQ(driver_->values(id).size(), 2U);
}

TEST_F(SettleTest, ManySmallFilesBecomeFewAndWhatIsDeletedFreesItsSpace) {
  options_.own_file_bytes = 200'000;
  options_.merge_files_min = 4;
  restart();
  std::vector<PartitionId> partitions;
  for (int i = 0; i < 5; ++i) {
    partitions.push_back(driver_->make_partition("t" + std::to_string(i)));
  }
  std::map<PartitionId, std::vector<std::string>> expected;
  size_t most = 0;
  for (int round = 0; round < 60; ++round) {
    for (size_t i = 0; i < partitions.size(); ++i) {
      std::ranges::move(append_many(partitions[i], round, 1, i == 0 ? 12'000 : 900),
                        std::back_inserter(expected[partitions[i]]));
    }
    world_.threads().run_for(70 * io::kNsPerSecond);
    most = std::max(most, world_.files().list("/data/segments")->size());
    if (round % 13 == 5) restart();
  }
  EXPECT_GE(driver_->log().status().checkpoint_generation, 60U);
  EXPECT_LE(most, 20U);
  for (const PartitionId id : partitions) {
    EXPECT_THAT(driver_->values(id), ElementsAreArray(expected[id]));
  }
  const auto bytes = [&] {
    uint64_t sum = 0;
    const auto names = world_.files().list("/data/segments");
    for (const std::string& name : *names) {
      sum += world_.files().stat("/data/segments/" + name)->bytes;
    }
    return sum;
  };
  EXPECT_GT(bytes(), 60 * 12'000U);
  ASSERT_TRUE(io::await<commit::Lsn>(driver_->threads(), [&](auto done) {
                driver_->log().proposals().propose(
                    {commit::delete_records_command(partitions[0], 60)}, driver_->executor(),
                    std::move(done));
              }).has_value());
  world_.threads().run_for(200 * io::kNsPerSecond);
  EXPECT_LT(bytes(), 60 * 12'000U * 2 / 3);
  restart();
  EXPECT_THAT(driver_->values(partitions[0], 60), ElementsAre());
  for (size_t i = 1; i < partitions.size(); ++i) {
    EXPECT_THAT(driver_->values(partitions[i]), ElementsAreArray(expected[partitions[i]]));
  }
}

TEST_F(SettleTest, ATopicsSegmentSettingsBoundWhatIsLetGoAsOne) {
  options_.retention_interval_ns = io::kNsPerSecond;
  restart();
  const auto id = io::await<commit::TopicId>(driver_->threads(), [&](auto done) {
    driver_->log().topics().create(
        {.name = "t", .partitions = 1, .config = {{"segment.ms", "100000"}, {"retention.ms", "0"}}},
        driver_->executor(), std::move(done));
  });
  const PartitionId partition{*id, 0};
  const int64_t now_ms = world_.clock().wall_us() / 1000;
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(driver_->append(partition, batch_of({"x"}, now_ms + i * 10'000)).has_value());
  }
  world_.threads().run_for(460 * io::kNsPerSecond);
  const int64_t start = (*driver_->read({{.partition = partition, .offset = 99}}))[0].start_offset;
  EXPECT_EQ(start, 40) << "an extent holds what came in a hundred seconds";
}

// Settling stands still: writers wait, and what is not settled stays bounded.
TEST_F(SettleTest, WritersWaitWhileTooMuchIsNotSettled) {
  options_.ring_bytes = options_.ring_bytes_max = 4 << 20;
  options_.unsettled_bytes_max = 1 << 20;
  restart();
  const PartitionId partition = driver_->make_partition("t");
  uint64_t most = 0;
  int done = 0;
  for (int i = 0; i < 400; ++i) {
    driver_->log().appender().append(
        partition, batch_of({text_of(i, 20'000)}), commit::Acks::kDurable, driver_->executor(),
        [&](Result<commit::Appended> appended) {
          EXPECT_TRUE(appended.has_value());
          most = std::max(most, driver_->log().status().unsettled_bytes);
          ++done;
        });
  }
  world_.threads().run_for(io::kNsPerSecond);
  EXPECT_EQ(done, 400);
  EXPECT_LE(most, (1U << 20) + 2 * (256U << 10));
  EXPECT_EQ(driver_->values(partition).size(), 400U);
}

TEST_F(SettleTest, TheRingGrowsWhileItIsPressedUpToItsLimit) {
  options_.ring_bytes_max = 4 << 20;
  restart();
  const PartitionId partition = driver_->make_partition("t");
  std::vector<std::string> expected;
  int done = 0;
  for (int i = 0; i < 400; ++i) {
    driver_->log().appender().append(partition, batch_of({text_of(i, 20'000)}),
                                     commit::Acks::kDurable, driver_->executor(),
                                     [&](Result<commit::Appended> appended) {
                                       EXPECT_TRUE(appended.has_value());
                                       ++done;
                                     });
    expected.push_back(std::to_string(i) + ":" + text_of(i, 20'000));
  }
  world_.threads().run_for(io::kNsPerSecond);
  EXPECT_EQ(done, 400);
  EXPECT_GT(driver_->log().status().ring_bytes, 1U << 20);
  EXPECT_THAT(driver_->values(partition), ElementsAreArray(expected));
  restart();
  EXPECT_THAT(driver_->values(partition), ElementsAreArray(expected));
}

}  // namespace
}  // namespace millrace::log
