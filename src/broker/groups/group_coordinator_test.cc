#include "broker/groups/group_coordinator.h"

#include <gtest/gtest.h>

#include "broker/groups/group_driver_test.h"

namespace millrace::broker {
namespace {

using kafka::ProtocolError;

constexpr int64_t kDayMs = int64_t{24} * 3600 * 1000;

GroupOptions without_delay() {
  GroupOptions options;
  options.initial_rebalance_delay_ms = 0;
  return options;
}

// A member alone in "g", with an assignment.
JoinAnswer settle(GroupDriver& driver, const std::string& group = "g",
                  const std::string& type = "consumer") {
  JoinAttempt attempt = attempt_of("");
  attempt.protocol_type = type;
  const JoinAnswer joined = driver.join_anew(attempt, group);
  const SyncAnswer synced = driver.sync(sync_of(joined, {{joined.member_id, "mine"}}), group);
  EXPECT_EQ(synced.assignment.view(), "mine");
  return joined;
}

CommitAttempt commit_of(const JoinAnswer& joined, std::vector<OffsetToCommit> offsets) {
  CommitAttempt attempt;
  attempt.group = "g";
  attempt.member.id = joined.member_id;
  attempt.generation = joined.generation;
  attempt.offsets = std::move(offsets);
  return attempt;
}

FetchAttempt fetch_of(std::vector<GroupOffsets::Partition> partitions, bool only_stable = false) {
  return {.group = "g", .partitions = std::move(partitions), .only_stable = only_stable};
}

// ---- Loading ----------------------------------------------------------------------------------

TEST(GroupCoordinator, AsksForPatienceWhileItLoads) {
  GroupDriver driver;
  driver.until_loaded();
  for (int i = 0; i < 50; ++i) {
    ASSERT_EQ(driver.commit("g", {offset_of("t", i % 8, i, std::string(3'000, 'm'))}),
              ProtocolError::kNone);
  }
  driver.end();
  driver.start();
  auto heartbeat = GroupDriver::later<ProtocolError>();
  driver.groups().heartbeat("g", {"m", std::nullopt}, 1, GroupDriver::into(heartbeat));
  auto join = driver.start_join(attempt_of(""));
  auto listing = GroupDriver::later<GroupListing>();
  driver.groups().list(GroupDriver::into(listing));
  EXPECT_EQ(driver.wait(heartbeat), ProtocolError::kCoordinatorLoadInProgress);
  EXPECT_EQ(driver.wait(join).error, ProtocolError::kCoordinatorLoadInProgress);
  EXPECT_EQ(driver.wait(listing).error, ProtocolError::kCoordinatorLoadInProgress);
  driver.until_loaded();
  EXPECT_EQ(driver.join(attempt_of("")).error, ProtocolError::kMemberIdRequired);
}

TEST(GroupCoordinator, SaysWhatItCannotReadAndTriesAgain) {
  GroupDriver driver;
  driver.until_loaded();
  ASSERT_EQ(driver.commit("g", {offset_of("t", 0, 1)}), ProtocolError::kNone);
  const KnownTopicPtr topic = driver.topics().find(kGroupTopic);
  EXPECT_TRUE(topic->limits.compacted);
  record::BatchBuilder builder;
  ASSERT_TRUE(builder.append({.key = std::string_view("\0\1\0", 3), .value = "?"}).has_value());
  (void)driver.log().append(topic->partition(0), *commit::RecordBatch::of(builder.build()));
  driver.end();
  driver.start();
  driver.run_ms(100);
  ASSERT_TRUE(driver.problem().has_value());
  EXPECT_EQ(driver.problem()->code(), ErrorCode::kCorruptRecord);
  EXPECT_FALSE(driver.groups().loaded());
  EXPECT_EQ(driver.commit("g", {}), ProtocolError::kCoordinatorNotAvailable);
}

TEST(GroupCoordinator, StopsBeforeTheLog) {
  GroupDriver driver;
  driver.until_loaded();
  const auto joining = driver.start_join_anew();
  CommitAttempt attempt;
  attempt.group = "h";
  attempt.offsets.push_back(offset_of("t", 0, 1));
  auto committed = GroupDriver::later<ProtocolError>();
  auto stopped = GroupDriver::later<bool>();
  driver.groups().commit_offsets(std::move(attempt), GroupDriver::into(committed));
  driver.groups().stop([stopped, committed] { *stopped = committed->has_value(); });
  EXPECT_TRUE(driver.wait(stopped)) << "what was on its way is answered before";
  EXPECT_EQ(driver.wait(committed), ProtocolError::kNone);
  EXPECT_EQ(driver.wait(joining).error, ProtocolError::kCoordinatorNotAvailable);
  EXPECT_EQ(driver.commit("g", {offset_of("t", 0, 1)}), ProtocolError::kCoordinatorNotAvailable);
  driver.run_ms(3'600'000);
}

TEST(GroupCoordinator, StopsWhileItLoads) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    GroupDriver driver(seed);
    driver.until_loaded();
    for (int i = 0; i < 10; ++i) {
      ASSERT_EQ(driver.commit("g", {offset_of("t", 0, i, std::string(4'000, 'm'))}),
                ProtocolError::kNone);
    }
    driver.end();
    driver.start();
    for (uint64_t i = 0; i < seed; ++i) driver.world().threads().run_one();
    auto stopped = GroupDriver::later<bool>();
    driver.groups().stop([stopped] { *stopped = true; });
    EXPECT_TRUE(driver.wait(stopped));
    EXPECT_FALSE(driver.problem().has_value());
  }
}

// ---- Restarts ---------------------------------------------------------------------------------

TEST(GroupCoordinator, AfterARestartMembersGoOnWithoutARebalance) {
  for (const auto mode : {io::CrashMode::kProcess, io::CrashMode::kLoseUnsynced}) {
    GroupDriver driver;
    driver.until_loaded();
    const JoinAnswer joined = settle(driver);
    ASSERT_EQ(driver.commit(commit_of(joined, {offset_of("t", 3, 77, "note")})),
              ProtocolError::kNone);
    driver.crash(mode);
    EXPECT_EQ(driver.state(), "Stable");
    EXPECT_EQ(driver.heartbeat(joined), ProtocolError::kNone);
    EXPECT_EQ(driver.sync(sync_of(joined)).assignment.view(), "mine");
    EXPECT_EQ(driver.offsets("g"), "t-3@77 ");
    const GroupView view = driver.view();
    ASSERT_EQ(view.members.size(), 1U);
    EXPECT_EQ(view.members[0].client_id, "client");
    EXPECT_EQ(view.members[0].client_host, "10.0.0.7");
    EXPECT_EQ(view.members[0].metadata.view(), consumer_protocol({"t"}).metadata.view());
    // Its session counts again, and the generation goes on.
    driver.run_ms(11'000);
    EXPECT_EQ(driver.heartbeat(joined), ProtocolError::kUnknownMemberId);
    EXPECT_EQ(driver.state(), "Empty");
    EXPECT_EQ(driver.join_anew().generation, 3);
  }
}

TEST(GroupCoordinator, AStaticMemberKeepsItsNewIdOverARestart) {
  GroupDriver driver(1, without_delay());
  driver.until_loaded();
  JoinAttempt attempt = attempt_of("");
  attempt.member.instance_id = "i";
  const JoinAnswer first = driver.join(attempt);
  SyncAttempt sync = sync_of(first, {{first.member_id, "mine"}});
  sync.member.instance_id = "i";
  (void)driver.sync(sync);
  const JoinAnswer second = driver.join(attempt);
  driver.restart();
  EXPECT_EQ(driver.heartbeat({second.member_id, "i"}, 1), ProtocolError::kNone);
  EXPECT_EQ(driver.heartbeat({first.member_id, "i"}, 1), ProtocolError::kFencedInstanceId);
  sync.member.id = second.member_id;
  EXPECT_EQ(driver.sync(sync).assignment.view(), "mine");
}

TEST(GroupCoordinator, AnAssignmentThatIsNotDurableIsToldToNobody) {
  GroupDriver driver(1, without_delay());
  driver.until_loaded();
  const JoinAnswer joined = driver.join_anew();
  driver.world().files().inject({.call = io::FileCall::kSync, .effect = io::FaultEffect::kFail});
  const SyncAnswer synced = driver.sync(sync_of(joined, {{joined.member_id, "mine"}}));
  EXPECT_EQ(synced.error, ProtocolError::kCoordinatorNotAvailable);
  EXPECT_EQ(driver.state(), "PreparingRebalance");
  EXPECT_EQ(driver.commit("h", {offset_of("t", 0, 1)}), ProtocolError::kCoordinatorNotAvailable);
  EXPECT_EQ(driver.offsets("h"), "");
  EXPECT_EQ(driver.view("h").error, ProtocolError::kGroupIdNotFound);
}

TEST(GroupCoordinator, GroupsSpreadOverThePartitionsOfTheTopic) {
  GroupOptions options;
  options.offsets_topic_partitions = 7;
  GroupDriver driver(1, options);
  driver.until_loaded();
  for (int i = 0; i < 30; ++i) {
    ASSERT_EQ(driver.commit("g" + std::to_string(i), {offset_of("t", 0, i)}), ProtocolError::kNone);
  }
  EXPECT_EQ(driver.topics().find(kGroupTopic)->topic.partitions, 7U);
  driver.restart();
  for (int i = 0; i < 30; ++i) {
    EXPECT_EQ(driver.offsets("g" + std::to_string(i)), "t-0@" + std::to_string(i) + " ");
  }
}

// ---- Commits ----------------------------------------------------------------------------------

TEST(GroupCoordinator, CommitsComeBackWithEpochAndMetadata) {
  GroupDriver driver;
  driver.until_loaded();
  ASSERT_EQ(driver.commit("g", {offset_of("t", 0, 5, "fünf"), offset_of("u", 1, 6)}),
            ProtocolError::kNone);
  for (int run = 0; run < 2; ++run) {
    const FetchedOffsets found = driver.fetch(fetch_of({{"u", 1}, {"t", 0}, {"t", 1}, {"x", 0}}));
    ASSERT_EQ(found.offsets.size(), 4U);
    EXPECT_EQ(found.offsets[0].value.offset, 6);
    EXPECT_EQ(found.offsets[1].value.offset, 5);
    EXPECT_EQ(found.offsets[1].value.leader_epoch, 7);
    EXPECT_EQ(found.offsets[1].value.metadata, "fünf");
    for (const size_t none : {2, 3}) {
      EXPECT_EQ(found.offsets[none].value.offset, -1);
      EXPECT_EQ(found.offsets[none].error, ProtocolError::kNone);
      EXPECT_EQ(found.offsets[none].value.metadata, "");
    }
    EXPECT_EQ(driver.offsets("g"), "t-0@5 u-1@6 ");
    EXPECT_EQ(driver.offsets("unknown"), "");
    driver.restart();
  }
}

TEST(GroupCoordinator, OnlyMembersOfTheGenerationCommitWhileThereAreMembers) {
  GroupDriver driver;
  driver.until_loaded();
  const auto commit = [&](const std::string& id, int32_t generation,
                          std::optional<ProducerName> producer = std::nullopt) {
    CommitAttempt attempt;
    attempt.group = "g";
    attempt.member.id = id;
    attempt.generation = generation;
    attempt.producer = producer;
    attempt.if_unknown = ProtocolError::kGroupIdNotFound;
    attempt.offsets.push_back(offset_of("t", 0, 1));
    return driver.commit(attempt);
  };
  const ProducerName producer{4, 0};
  EXPECT_EQ(commit("m", 1), ProtocolError::kGroupIdNotFound);
  EXPECT_EQ(commit("", -1), ProtocolError::kNone);
  EXPECT_EQ(commit("m", 1), ProtocolError::kUnknownMemberId)
      << "the group is known, without members";
  const auto joining = driver.start_join_anew();
  const JoinAnswer joined = driver.wait(joining);
  EXPECT_EQ(commit(joined.member_id, 1), ProtocolError::kRebalanceInProgress);
  EXPECT_EQ(commit(joined.member_id, 1, producer), ProtocolError::kNone);
  (void)driver.sync(sync_of(joined, {{joined.member_id, "x"}}));
  EXPECT_EQ(commit(joined.member_id, 1), ProtocolError::kNone);
  EXPECT_EQ(commit(joined.member_id, 2), ProtocolError::kIllegalGeneration);
  EXPECT_EQ(commit(joined.member_id, 2, producer), ProtocolError::kIllegalGeneration);
  EXPECT_EQ(commit("m", 1), ProtocolError::kUnknownMemberId);
  EXPECT_EQ(commit("", -1), ProtocolError::kUnknownMemberId);
  EXPECT_EQ(commit("", -1, producer), ProtocolError::kNone) << "old producers name no member";
  const auto second = driver.start_join_anew();
  EXPECT_EQ(commit(joined.member_id, 1), ProtocolError::kNone) << "before it rejoins";
}

TEST(GroupCoordinator, CommitsKeepASessionAlive) {
  GroupDriver driver;
  driver.until_loaded();
  const JoinAnswer joined = settle(driver);
  for (int i = 0; i < 6; ++i) {
    driver.run_ms(8'000);
    EXPECT_EQ(driver.commit(commit_of(joined, {offset_of("t", 0, i)})), ProtocolError::kNone);
  }
}

TEST(GroupCoordinator, ManyCommitsInFlightEndAsTheyCame) {
  GroupDriver driver;
  driver.until_loaded();
  std::vector<Later<ProtocolError>> answers;
  for (int i = 0; i < 200; ++i) {
    CommitAttempt attempt;
    attempt.group = "g";
    attempt.offsets.push_back(offset_of("t", i % 2, i));
    answers.push_back(GroupDriver::later<ProtocolError>());
    driver.groups().commit_offsets(std::move(attempt), GroupDriver::into(answers.back()));
  }
  for (const auto& answer : answers) EXPECT_EQ(driver.wait(answer), ProtocolError::kNone);
  EXPECT_EQ(driver.offsets("g"), "t-0@198 t-1@199 ");
  driver.restart();
  EXPECT_EQ(driver.offsets("g"), "t-0@198 t-1@199 ");
}

TEST(GroupCoordinator, OffsetsOfATopicThatWasMadeAgainDoNotCount) {
  GroupDriver driver;
  driver.until_loaded();
  OffsetToCommit offset = offset_of("u", 0, 5);
  const KnownTopicPtr topic = driver.topics().find("u");
  offset.value.topic_id = topic->id;
  ASSERT_EQ(driver.commit("g", {offset}), ProtocolError::kNone);
  EXPECT_EQ(driver.offsets("g"), "u-0@5 ");
  (void)io::await<void>(driver.log().threads(), [&](auto done) {
    driver.log().log().topics().remove(topic->topic.id, driver.log().executor(), std::move(done));
  });
  EXPECT_EQ(driver.offsets("g"), "");
  driver.log().make_partition("u", 0, 2);
  EXPECT_EQ(driver.offsets("g"), "");
  EXPECT_EQ(driver.fetch(fetch_of({{"u", 0}})).offsets[0].value.offset, -1);
  driver.run_ms(601'000);
  EXPECT_EQ(driver.tombstones().first, 2) << "the offset and the group";
}

TEST(GroupCoordinator, HasRoomForSoManyGroups) {
  GroupOptions options;
  GroupDriver driver(1, options);  // which takes 1,000
  driver.until_loaded();
  std::vector<Later<ProtocolError>> answers;
  for (int i = 0; i < 1'001; ++i) {
    CommitAttempt attempt;
    attempt.group = "g" + std::to_string(i);
    attempt.offsets.push_back(offset_of("t", 0, i));
    answers.push_back(GroupDriver::later<ProtocolError>());
    driver.groups().commit_offsets(std::move(attempt), GroupDriver::into(answers.back()));
  }
  EXPECT_EQ(driver.wait(answers[999]), ProtocolError::kNone);
  EXPECT_EQ(driver.wait(answers[1'000]), ProtocolError::kCoordinatorNotAvailable);
  EXPECT_EQ(driver.join(attempt_of(""), "another").error, ProtocolError::kCoordinatorNotAvailable);
  // After a while all are gone, a thousand at a time.
  driver.run_ms(8 * kDayMs);
  EXPECT_EQ(driver.join(attempt_of(""), "another").error, ProtocolError::kMemberIdRequired);
}

// ---- Transactions -----------------------------------------------------------------------------

TEST(GroupTransactions, OffsetsAreSeenWhenTheirTransactionIsCommitted) {
  for (const bool committed : {true, false}) {
    for (const bool restart : {true, false}) {
      GroupDriver driver;
      driver.until_loaded();
      ASSERT_EQ(driver.commit("g", {offset_of("t", 0, 1)}), ProtocolError::kNone);
      const ProducerName producer{9, 0};
      CommitAttempt attempt;
      attempt.group = "g";
      attempt.producer = producer;
      attempt.offsets = {offset_of("t", 0, 10, "new"), offset_of("t", 1, 11)};
      ASSERT_EQ(driver.commit(attempt), ProtocolError::kNone);
      EXPECT_EQ(driver.offsets("g"), "t-0@1 ");
      FetchedOffsets found = driver.fetch(fetch_of({{"t", 0}, {"t", 1}, {"t", 2}}, true));
      EXPECT_EQ(found.offsets[0].error, ProtocolError::kUnstableOffsetCommit);
      EXPECT_EQ(found.offsets[0].value.offset, -1);
      EXPECT_EQ(found.offsets[1].error, ProtocolError::kUnstableOffsetCommit);
      EXPECT_EQ(found.offsets[2].error, ProtocolError::kNone);
      EXPECT_EQ(driver.fetch({.group = "g", .only_stable = true}).offsets.size(), 2U);
      if (restart) driver.restart();
      EXPECT_EQ(driver.fetch(fetch_of({{"t", 1}}, true)).offsets[0].error,
                ProtocolError::kUnstableOffsetCommit);
      driver.end_transaction("g", producer, committed);
      const std::string expected = committed ? "t-0@10 t-1@11 " : "t-0@1 ";
      EXPECT_EQ(driver.offsets("g"), expected);
      found = driver.fetch(fetch_of({{"t", 0}}, true));
      EXPECT_EQ(found.offsets[0].value.offset, committed ? 10 : 1);
      EXPECT_EQ(found.offsets[0].value.metadata, committed ? "new" : "");
      driver.restart();
      EXPECT_EQ(driver.offsets("g"), expected);
    }
  }
}

TEST(GroupTransactions, ALaterCommitOfAnotherStays) {
  GroupDriver driver;
  driver.until_loaded();
  const ProducerName producer{9, 0};
  CommitAttempt attempt;
  attempt.group = "g";
  attempt.producer = producer;
  attempt.offsets = {offset_of("t", 0, 10), offset_of("t", 1, 10)};
  ASSERT_EQ(driver.commit(attempt), ProtocolError::kNone);
  ASSERT_EQ(driver.commit("g", {offset_of("t", 0, 20)}), ProtocolError::kNone);
  driver.end_transaction("g", producer, true);
  EXPECT_EQ(driver.offsets("g"), "t-0@20 t-1@10 ");
  driver.restart();
  EXPECT_EQ(driver.offsets("g"), "t-0@20 t-1@10 ");
}

TEST(GroupTransactions, OneTransactionSpansGroupsAndOthersAreLeftAlone) {
  GroupDriver driver;
  driver.until_loaded();
  const ProducerName one{1, 0};
  const ProducerName two{2, 0};
  const auto commit = [&](const std::string& group, ProducerName producer, int64_t offset) {
    CommitAttempt attempt;
    attempt.group = group;
    attempt.producer = producer;
    attempt.offsets = {offset_of("t", 0, offset)};
    EXPECT_EQ(driver.commit(attempt), ProtocolError::kNone);
  };
  commit("g", one, 1);
  commit("h", one, 2);
  commit("g", two, 3);
  driver.end_transaction("g", one, true);
  EXPECT_EQ(driver.offsets("g"), "t-0@1 ");
  EXPECT_EQ(driver.offsets("h"), "t-0@2 ");
  EXPECT_EQ(driver.fetch(fetch_of({{"t", 0}}, true)).offsets[0].error,
            ProtocolError::kUnstableOffsetCommit);
  driver.end_transaction("g", two, false);
  EXPECT_EQ(driver.offsets("g"), "t-0@1 ");
  EXPECT_EQ(driver.fetch(fetch_of({{"t", 0}}, true)).offsets[0].error, ProtocolError::kNone);
}

// Their batches have no sequences and look alike; none is a copy of another.
TEST(GroupTransactions, EachCommitOfATransactionCounts) {
  GroupDriver driver;
  driver.until_loaded();
  CommitAttempt attempt;
  attempt.group = "g";
  attempt.producer = ProducerName{1, 0};
  for (const int64_t offset : {10, 11, 12}) {
    attempt.offsets = {offset_of("t", 0, offset)};
    ASSERT_EQ(driver.commit(attempt), ProtocolError::kNone);
  }
  driver.restart();
  attempt.offsets = {offset_of("t", 1, 5)};
  ASSERT_EQ(driver.commit(attempt), ProtocolError::kNone);
  driver.end_transaction("g", *attempt.producer, true);
  EXPECT_EQ(driver.offsets("g"), "t-0@12 t-1@5 ");
  driver.restart();
  EXPECT_EQ(driver.offsets("g"), "t-0@12 t-1@5 ");
  EXPECT_EQ(driver.tombstones().second, 5) << "four records and a marker";
}

TEST(GroupTransactions, AnAbortedOneLeavesNoGroup) {
  GroupDriver driver;
  driver.until_loaded();
  CommitAttempt attempt;
  attempt.group = "g";
  attempt.producer = ProducerName{1, 0};
  attempt.offsets = {offset_of("t", 0, 1)};
  EXPECT_EQ(driver.commit(attempt), ProtocolError::kNone);
  EXPECT_EQ(driver.view().error, ProtocolError::kNone);
  driver.end_transaction("g", *attempt.producer, false);
  EXPECT_EQ(driver.view().error, ProtocolError::kGroupIdNotFound);
}

TEST(GroupTransactions, ForgottenOffsetsDoNotComeBackWithTheCommit) {
  GroupDriver driver;
  driver.until_loaded();
  CommitAttempt attempt;
  attempt.group = "g";
  attempt.producer = ProducerName{1, 0};
  attempt.offsets = {offset_of("t", 0, 1), offset_of("t", 1, 1)};
  EXPECT_EQ(driver.commit(attempt), ProtocolError::kNone);
  EXPECT_EQ(driver.remove_offsets("g", {{"t", 0}}).error, ProtocolError::kNone);
  driver.end_transaction("g", *attempt.producer, true);
  EXPECT_EQ(driver.offsets("g"), "t-1@1 ");
  driver.restart();
  EXPECT_EQ(driver.offsets("g"), "t-1@1 ");
}

// ---- Forgetting -------------------------------------------------------------------------------

TEST(GroupRetention, OffsetsGoAWeekAfterTheGroupBecameEmpty) {
  GroupDriver driver;
  driver.until_loaded();
  const JoinAnswer joined = settle(driver);
  ASSERT_EQ(driver.commit(commit_of(joined, {offset_of("t", 0, 1)})), ProtocolError::kNone);
  for (int i = 0; i < 8 * 24 * 3600 / 9; ++i) {
    driver.run_ms(9'000);
    ASSERT_EQ(driver.heartbeat(joined), ProtocolError::kNone);
  }
  EXPECT_EQ(driver.offsets("g"), "t-0@1 ") << "it is still used";
  (void)driver.leave({{joined.member_id, std::nullopt}});
  driver.run_ms(6 * kDayMs);
  driver.restart();
  driver.run_ms(kDayMs - 60'000);
  EXPECT_EQ(driver.offsets("g"), "t-0@1 ");
  driver.run_ms(1'200'000);
  EXPECT_EQ(driver.offsets("g"), "");
  EXPECT_EQ(driver.view().error, ProtocolError::kGroupIdNotFound);
  EXPECT_EQ(driver.tombstones().first, 2);
  driver.restart();
  EXPECT_EQ(driver.view().error, ProtocolError::kGroupIdNotFound);
}

TEST(GroupRetention, WithoutMembersEachOffsetHasItsOwnTime) {
  GroupDriver driver;
  driver.until_loaded();
  ASSERT_EQ(driver.commit("g", {offset_of("t", 0, 1)}), ProtocolError::kNone);
  CommitAttempt brief;
  brief.group = "g";
  brief.retention_ms = kDayMs;
  brief.offsets = {offset_of("t", 2, 3)};
  ASSERT_EQ(driver.commit(brief), ProtocolError::kNone);
  driver.run_ms(4 * kDayMs);
  EXPECT_EQ(driver.offsets("g"), "t-0@1 ");
  ASSERT_EQ(driver.commit("g", {offset_of("t", 1, 2)}), ProtocolError::kNone);
  driver.run_ms(4 * kDayMs);
  EXPECT_EQ(driver.offsets("g"), "t-1@2 ");
  driver.run_ms(4 * kDayMs);
  EXPECT_EQ(driver.view().error, ProtocolError::kGroupIdNotFound);
}

TEST(GroupRetention, OfTopicsThatAStableGroupNoLongerReads) {
  GroupDriver driver;
  driver.until_loaded();
  ASSERT_EQ(driver.commit("g", {offset_of("t", 0, 1), offset_of("u", 0, 2)}), ProtocolError::kNone);
  const JoinAnswer joined = settle(driver);  // reads t
  for (int i = 0; i < 8 * 24 * 3600 / 9; ++i) {
    driver.run_ms(9'000);
    ASSERT_EQ(driver.heartbeat(joined), ProtocolError::kNone);
  }
  EXPECT_EQ(driver.offsets("g"), "t-0@1 ");
}

TEST(GroupAdministration, OnlyEmptyGroupsAreDeleted) {
  GroupDriver driver;
  driver.until_loaded();
  EXPECT_EQ(driver.remove("g"), ProtocolError::kGroupIdNotFound);
  const JoinAnswer joined = settle(driver);
  ASSERT_EQ(driver.commit(commit_of(joined, {offset_of("t", 0, 1)})), ProtocolError::kNone);
  EXPECT_EQ(driver.remove("g"), ProtocolError::kNonEmptyGroup);
  (void)driver.leave({{joined.member_id, std::nullopt}});
  EXPECT_EQ(driver.remove("g"), ProtocolError::kNone);
  EXPECT_EQ(driver.view().error, ProtocolError::kGroupIdNotFound);
  EXPECT_EQ(driver.tombstones().first, 2);
  driver.restart();
  EXPECT_EQ(driver.view().error, ProtocolError::kGroupIdNotFound);
  EXPECT_EQ(driver.offsets("g"), "");
}

TEST(GroupAdministration, OffsetsOfSubscribedTopicsAreNotDeleted) {
  GroupDriver driver;
  driver.until_loaded();
  EXPECT_EQ(driver.remove_offsets("g", {{"t", 0}}).error, ProtocolError::kGroupIdNotFound);
  ASSERT_EQ(driver.commit("g", {offset_of("t", 0, 1), offset_of("u", 0, 2)}), ProtocolError::kNone);
  const JoinAnswer joined = settle(driver);
  const GroupErrors errors = driver.remove_offsets("g", {{"t", 0}, {"u", 0}, {"u", 1}});
  EXPECT_EQ(errors.error, ProtocolError::kNone);
  EXPECT_EQ(errors.each, (std::vector{ProtocolError::kGroupSubscribedToTopic, ProtocolError::kNone,
                                      ProtocolError::kNone}));
  EXPECT_EQ(driver.offsets("g"), "t-0@1 ");
  (void)driver.leave({{joined.member_id, std::nullopt}});
  EXPECT_EQ(driver.remove_offsets("g", {{"t", 0}}).each[0], ProtocolError::kNone);
  EXPECT_EQ(driver.offsets("g"), "");
  settle(driver, "connect", "connect");
  EXPECT_EQ(driver.remove_offsets("connect", {{"t", 0}}).error, ProtocolError::kNonEmptyGroup);
}

TEST(GroupAdministration, GroupsAreListedWithTheirStates) {
  GroupDriver driver;
  driver.until_loaded();
  settle(driver, "b");
  ASSERT_EQ(driver.commit("a", {offset_of("t", 0, 1)}), ProtocolError::kNone);
  (void)driver.start_join_anew(attempt_of(""), "c");
  auto later = GroupDriver::later<GroupListing>();
  driver.groups().list(GroupDriver::into(later));
  std::string text;
  for (const GroupView& view : driver.wait(later).groups) {
    text += view.id + ":" + view.state + ":" + view.protocol_type + " ";
  }
  EXPECT_EQ(text, "a:Empty: b:Stable:consumer c:PreparingRebalance:consumer ");
}

}  // namespace
}  // namespace millrace::broker
