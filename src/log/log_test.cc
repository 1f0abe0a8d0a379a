#include "log/log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "log/log_driver.h"

namespace millrace::log {
namespace {

using commit::Epoch;
using commit::KeyGroup;
using commit::PartitionId;
using commit::StateId;
using commit::TaskId;
using testing::ElementsAre;
using testing::Pair;

Buffer delta_of(std::vector<std::pair<std::string, std::optional<std::string>>> entries,
                uint16_t group = 7) {
  commit::DeltaBuilder builder;
  for (const auto& [key, value] : entries) {
    if (value) {
      builder.put(KeyGroup(group), StateId(1), key, *value);
    } else {
      builder.remove(KeyGroup(group), StateId(1), key);
    }
  }
  return builder.finish();
}

commit::Positions at(const std::string& split, const std::string& position) {
  commit::Positions positions;
  positions.splits.push_back({.source = "s", .split = split, .position = position});
  return positions;
}

class LogTest : public testing::Test {
 protected:
  io::SimulatedWorld world_;
};

TEST_F(LogTest, GivesOffsetsInOrderAndReadsThemBackAlsoAfterARestart) {
  PartitionId partition;
  {
    LogDriver driver(world_.world());
    ASSERT_TRUE(driver.is_open()) << driver.open_error()->to_string();
    partition = driver.make_partition("orders");
    EXPECT_EQ(driver.append(partition, batch_of({"a", "b"}))->base_offset, 0);
    EXPECT_EQ(driver.append(partition, batch_of({"c"}))->base_offset, 2);
    EXPECT_THAT(driver.values(partition), ElementsAre("0:a", "1:b", "2:c"));
    EXPECT_THAT(driver.values(partition, 1), ElementsAre("1:b", "2:c"));
    EXPECT_EQ((*driver.read({{.partition = partition, .offset = 4}}))[0].error->code(),
              ErrorCode::kOffsetOutOfRange);
  }
  world_.files().crash(io::CrashMode::kLoseUnsynced);
  world_.files().recover();
  LogDriver driver(world_.world());
  ASSERT_TRUE(driver.is_open()) << driver.open_error()->to_string();
  EXPECT_THAT(driver.values(partition), ElementsAre("0:a", "1:b", "2:c"));
  EXPECT_EQ(driver.append(partition, batch_of({"d"}))->base_offset, 3);
}

TEST_F(LogTest, CommitsOutputStateAndPositionsAsOneAndForgetsWhatWasNotCommitted) {
  PartitionId partition;
  {
    LogDriver driver(world_.world());
    partition = driver.make_partition("out");
    const auto job = driver.open_job("count");
    ASSERT_TRUE(job.has_value());
    auto first = *driver.begin(*job, 1);
    auto second = *driver.begin(*job, 2);
    auto third = *driver.begin(*job, 3);
    ASSERT_TRUE(driver.stage(*first, partition, batch_of({"one"})).has_value());
    ASSERT_TRUE(driver.stage(*second, partition, batch_of({"two"})).has_value());
    ASSERT_TRUE(driver.stage(*third, partition, batch_of({"three"})).has_value());
    ASSERT_TRUE(driver.stage_state(*first, TaskId(1), delta_of({{"k", "1"}, {"x", "0"}})));
    ASSERT_TRUE(driver.stage_state(*second, TaskId(1), delta_of({{"k", "2"}, {"x", {}}})));
    EXPECT_THAT(driver.values(partition), ElementsAre());
    ASSERT_TRUE(driver.commit(*first, at("f", "10"), 5).has_value());
    EXPECT_THAT(driver.values(partition), ElementsAre("0:one"));
    ASSERT_TRUE(driver.commit(*second, at("g", "20"), 6).has_value());
    EXPECT_THAT(driver.values(partition), ElementsAre("0:one", "1:two"));
  }
  world_.files().crash(io::CrashMode::kLoseUnsynced);
  world_.files().recover();
  LogDriver driver(world_.world());
  ASSERT_TRUE(driver.is_open()) << driver.open_error()->to_string();
  EXPECT_THAT(driver.values(partition), ElementsAre("0:one", "1:two"));
  const auto job = driver.open_job("count");
  EXPECT_EQ(job->incarnation.value(), 2U);
  EXPECT_EQ(*driver.position_text(job->job), "epoch 2 f@10 g@20");
  EXPECT_EQ(driver.log().jobs().recover(job->job)->tick.value(), 6);
  EXPECT_THAT(*driver.state(job->job), ElementsAre(Pair("7/1/k", "2")));
  auto third = *driver.begin(*job, 3);
  ASSERT_TRUE(driver.stage(*third, partition, batch_of({"again"})).has_value());
  ASSERT_TRUE(driver.commit(*third).has_value());
  EXPECT_THAT(driver.values(partition), ElementsAre("0:one", "1:two", "2:again"));
}

TEST_F(LogTest, AFencedIncarnationCanNeitherStageNorCommit) {
  LogDriver driver(world_.world());
  const PartitionId partition = driver.make_partition("out");
  const auto old_job = driver.open_job("job");
  auto unit = *driver.begin(*old_job, 1);
  ASSERT_TRUE(driver.stage(*unit, partition, batch_of({"old"})).has_value());
  const auto new_job = driver.open_job("job");
  EXPECT_EQ(driver.stage(*unit, partition, batch_of({"late"})).error().code(), ErrorCode::kFenced);
  EXPECT_EQ(driver.commit(*unit).error().code(), ErrorCode::kFenced);
  EXPECT_EQ(driver.begin(*old_job, 1).error().code(), ErrorCode::kFenced);
  auto fresh = *driver.begin(*new_job, 1);
  ASSERT_TRUE(driver.stage(*fresh, partition, batch_of({"new"})).has_value());
  ASSERT_TRUE(driver.commit(*fresh).has_value());
  EXPECT_THAT(driver.values(partition), ElementsAre("0:new"));
}

TEST_F(LogTest, CommitsComeInOrderOfEpochsAndAbortTakesTheLaterOnes) {
  LogDriver driver(world_.world());
  const PartitionId partition = driver.make_partition("out");
  const auto job = driver.open_job("job");
  auto first = *driver.begin(*job, 1);
  auto second = *driver.begin(*job, 2);
  ASSERT_TRUE(driver.stage(*second, partition, batch_of({"two"})).has_value());
  first->abort();
  EXPECT_EQ(driver.commit(*second).error().code(), ErrorCode::kCancelled);
  auto again = *driver.begin(*job, 1);
  ASSERT_TRUE(driver.stage(*again, partition, batch_of({"one"})).has_value());
  ASSERT_TRUE(driver.commit(*again).has_value());
  auto wrong = *driver.begin(*job, 3);
  EXPECT_EQ(driver.commit(*wrong).error().code(), ErrorCode::kInvalidArgument);
  EXPECT_THAT(driver.values(partition), ElementsAre("0:one"));
}

TEST_F(LogTest, WhatIsStagedForADeletedTopicIsDroppedAndReported) {
  LogDriver driver(world_.world());
  const PartitionId gone = driver.make_partition("gone");
  const PartitionId kept = driver.make_partition("kept");
  const auto job = driver.open_job("job");
  auto unit = *driver.begin(*job, 1);
  ASSERT_TRUE(driver.stage(*unit, gone, batch_of({"x"})).has_value());
  ASSERT_TRUE(driver.stage(*unit, kept, batch_of({"y"})).has_value());
  ASSERT_TRUE(io::await<void>(driver.threads(), [&](auto done) {
                driver.log().topics().remove(gone.topic, driver.executor(), std::move(done));
              }).has_value());
  const auto committed = driver.commit(*unit);
  ASSERT_TRUE(committed.has_value());
  EXPECT_THAT(committed->dropped, ElementsAre(gone.topic));
  EXPECT_THAT(driver.values(kept), ElementsAre("0:y"));
  EXPECT_EQ(driver.append(gone, batch_of({"z"})).error().code(), ErrorCode::kTopicNotFound);
}

TEST_F(LogTest, AppendAllIsOneEntryForAllPartitions) {
  LogDriver driver(world_.world());
  const PartitionId a = driver.make_partition("t", 0, 2);
  const PartitionId b{a.topic, 1};
  std::vector<commit::PartitionBatch> batches{
      {a, batch_of({"1"})}, {b, batch_of({"2", "3"})}, {a, batch_of({"4"})}};
  const auto appended = io::await<std::vector<commit::Appended>>(driver.threads(), [&](auto done) {
    driver.log().appender().append_all(std::move(batches), driver.executor(), std::move(done));
  });
  ASSERT_TRUE(appended.has_value());
  EXPECT_EQ((*appended)[0].lsn, (*appended)[2].lsn);
  EXPECT_THAT(driver.values(a), ElementsAre("0:1", "1:4"));
  EXPECT_THAT(driver.values(b), ElementsAre("0:2", "1:3"));
}

TEST_F(LogTest, AWatchWakesWhenThereIsMoreAndNotBefore) {
  LogDriver driver(world_.world());
  const PartitionId partition = driver.make_partition("t");
  int woken = 0;
  const auto watch = driver.log().reader().watch(partition, 0, commit::Isolation::kReadCommitted,
                                                 driver.executor(), [&woken] { ++woken; });
  auto cancelled = driver.log().reader().watch(partition, 0, commit::Isolation::kReadCommitted,
                                               driver.executor(), [&woken] { woken += 9; });
  cancelled.reset();
  world_.threads().run_until_idle();
  EXPECT_EQ(woken, 0);
  ASSERT_TRUE(driver.append(partition, batch_of({"x"})).has_value());
  world_.threads().run_until_idle();
  EXPECT_EQ(woken, 1);
}

TEST_F(LogTest, BatchesLargerThanAGroupAreWrittenInFragments) {
  const std::string large(120'000, 'x');
  PartitionId partition;
  {
    LogDriver driver(world_.world());
    partition = driver.make_partition("t");
    ASSERT_TRUE(driver.append(partition, batch_of({large})).has_value());
    ASSERT_TRUE(driver.append(partition, batch_of({"small"})).has_value());
    EXPECT_THAT(driver.values(partition), ElementsAre("0:" + large, "1:small"));
    EXPECT_EQ(driver.append(partition, batch_of({std::string(300'000, 'y')})).error().code(),
              ErrorCode::kRecordTooLarge);
  }
  LogDriver driver(world_.world());
  EXPECT_THAT(driver.values(partition), ElementsAre("0:" + large, "1:small"));
}

TEST_F(LogTest, RefusesADirectoryInUseOrOfAnotherVersion) {
  {
    LogDriver driver(world_.world());
    ASSERT_TRUE(driver.is_open());
    LogDriver second(world_.world());
    EXPECT_EQ(second.open_error()->code(), ErrorCode::kInUse);
  }
  const std::string_view other = "millrace data 9\n";
  ASSERT_TRUE(io::replace_file(world_.files(), "/data/format", std::as_bytes(std::span(other))));
  LogDriver third(world_.world());
  EXPECT_EQ(third.open_error()->code(), ErrorCode::kVersionMismatch);
}

TEST_F(LogTest, WhatIsCarriedSharesTheSyncOfWhatComesNextAndStandsBeforeIt) {
  LogDriver driver(world_.world());
  const PartitionId first = driver.make_partition("first");
  const PartitionId second = driver.make_partition("second");
  world_.threads().run_for(io::kNsPerSecond);
  const uint64_t before = world_.files().syncs();
  std::vector<std::string> answers;
  const auto carry = [&](const std::string& value) {
    driver.log().appender().append(first, batch_of({value}), commit::Acks::kCarried,
                                   driver.executor(), [&, value](Result<commit::Appended> done) {
                                     answers.push_back(value + (done ? "" : " failed"));
                                   });
  };
  carry("a");
  carry("b");
  world_.threads().run_for(5 * io::kNsPerMs);
  EXPECT_EQ(world_.files().syncs(), before);
  EXPECT_THAT(answers, ElementsAre());
  ASSERT_TRUE(driver.append(second, batch_of({"c"})).has_value());
  EXPECT_EQ(world_.files().syncs(), before + 1);
  world_.threads().run_until_idle();
  EXPECT_THAT(answers, ElementsAre("a", "b"));
  EXPECT_THAT(driver.values(first), ElementsAre("0:a", "1:b"));
  // Nothing follows: it is written all the same, in time.
  world_.threads().run_for(io::kNsPerSecond);
  const uint64_t idle = world_.files().syncs();
  carry("d");
  world_.threads().run_for(12 * io::kNsPerMs);
  EXPECT_EQ(world_.files().syncs(), idle + 1);
  EXPECT_THAT(answers, ElementsAre("a", "b", "d"));
}

TEST_F(LogTest, WhatIsCarriedIsAnsweredWhenTheLogFails) {
  LogDriver driver(world_.world());
  const PartitionId partition = driver.make_partition("t");
  std::optional<bool> good;
  driver.log().appender().append(
      partition, batch_of({"x"}), commit::Acks::kCarried, driver.executor(),
      [&](const Result<commit::Appended>& done) { good = done.has_value(); });
  world_.files().inject({.call = io::FileCall::kSync, .path_part = "ring"});
  EXPECT_FALSE(driver.append(partition, batch_of({"y"})).has_value());
  EXPECT_EQ(good, false);
}

TEST_F(LogTest, AFailedSyncIsFatalAndNothingIsAcknowledgedAfterIt) {
  std::vector<ErrorCode> fatal;
  LogOptions options = small_log();
  options.on_fatal = [&](const Error& error) { fatal.push_back(error.code()); };
  LogDriver driver(world_.world(), options);
  const PartitionId partition = driver.make_partition("t");
  ASSERT_TRUE(driver.append(partition, batch_of({"before"})).has_value());
  world_.files().inject({.call = io::FileCall::kSync, .path_part = "ring"});
  EXPECT_EQ(driver.append(partition, batch_of({"during"})).error().code(), ErrorCode::kSyncFailed);
  EXPECT_EQ(driver.append(partition, batch_of({"after"})).error().code(), ErrorCode::kSyncFailed);
  EXPECT_THAT(fatal, ElementsAre(ErrorCode::kSyncFailed));
  EXPECT_THAT(driver.values(partition), ElementsAre("0:before"));
}

}  // namespace
}  // namespace millrace::log
