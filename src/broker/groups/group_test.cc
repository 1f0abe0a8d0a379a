#include "broker/groups/group.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <ranges>

#include "broker/groups/group_driver_test.h"

namespace millrace::broker {
namespace {

using kafka::ProtocolError;
using Assignments = std::vector<std::pair<std::string, std::string>>;

GroupOptions without_delay() {
  GroupOptions options;
  options.initial_rebalance_delay_ms = 0;
  return options;
}

// A group whose members have joined together: their answers, the leader's first.
class Members : public ::testing::Test {
 protected:
  std::vector<JoinAnswer> join_together(GroupDriver& driver, size_t count,
                                        const JoinAttempt& attempt = attempt_of("")) {
    std::vector<Later<JoinAnswer>> started;
    for (size_t i = 0; i < count; ++i) started.push_back(driver.start_join_anew(attempt));
    std::vector<JoinAnswer> joined;
    for (const auto& later : started) joined.push_back(driver.wait(later));
    std::ranges::partition(joined, [](const JoinAnswer& j) { return j.member_id == j.leader_id; });
    return joined;
  }
  // And are assigned "p" with their number.
  std::vector<JoinAnswer> settle(GroupDriver& driver, size_t count,
                                 const JoinAttempt& attempt = attempt_of("")) {
    auto joined = join_together(driver, count, attempt);
    const auto synced = sync_all(driver, joined);
    for (size_t i = 0; i < joined.size(); ++i) {
      EXPECT_EQ(synced[i].error, ProtocolError::kNone);
      EXPECT_EQ(synced[i].assignment.view(), "p" + std::to_string(i));
    }
    EXPECT_EQ(driver.state(), "Stable");
    return joined;
  }
  std::vector<SyncAnswer> sync_all(GroupDriver& driver, const std::vector<JoinAnswer>& joined) {
    Assignments assignments;
    for (size_t i = 0; i < joined.size(); ++i) {
      assignments.emplace_back(joined[i].member_id, "p" + std::to_string(i));
    }
    std::vector<Later<SyncAnswer>> started;
    for (const JoinAnswer& member : joined | std::views::reverse) {
      const bool leads = member.member_id == member.leader_id;
      started.push_back(driver.start_sync(sync_of(member, leads ? assignments : Assignments())));
    }
    std::vector<SyncAnswer> synced;
    for (const auto& later : started | std::views::reverse) synced.push_back(driver.wait(later));
    return synced;
  }
  void keep_alive(GroupDriver& driver, const std::vector<JoinAnswer>& members, int64_t ms) {
    for (int64_t at = 0; at < ms; at += 3'000) {
      driver.run_ms(std::min<int64_t>(3'000, ms - at));
      for (const JoinAnswer& member : members) (void)driver.heartbeat(member);
    }
  }
};

TEST_F(Members, TheFirstOfAnEmptyGroupWaitsForOthers) {
  GroupDriver driver;
  const auto first = driver.start_join_anew();
  driver.run_ms(2'900);
  EXPECT_FALSE(first->has_value());
  const JoinAnswer joined = driver.wait(first);
  EXPECT_EQ(joined.error, ProtocolError::kNone);
  EXPECT_EQ(joined.generation, 1);
  EXPECT_EQ(joined.protocol, "range");
  EXPECT_EQ(joined.leader_id, joined.member_id);
  ASSERT_EQ(joined.members.size(), 1U);
  EXPECT_EQ(joined.members[0].metadata.view(), consumer_protocol({"t"}).metadata.view());
}

TEST_F(Members, WithoutADelayTheFirstBeginsAtOnce) {
  GroupDriver driver(1, without_delay());
  const auto first = driver.start_join_anew();
  driver.run_ms(1);
  EXPECT_TRUE(first->has_value());
}

TEST_F(Members, WhoJoinTogetherAreOneGeneration) {
  for (uint64_t seed = 1; seed <= 5; ++seed) {
    GroupDriver driver(seed);
    const auto joined = settle(driver, 10);
    for (const JoinAnswer& member : joined) EXPECT_EQ(member.generation, 1);
    EXPECT_EQ(joined[0].members.size(), 10U);
    EXPECT_TRUE(joined[1].members.empty());
  }
}

TEST_F(Members, EachThatComesExtendsTheDelayUpToTheRebalanceTimeout) {
  GroupDriver driver;
  JoinAttempt attempt = attempt_of("");
  attempt.rebalance_timeout_ms = 8'000;
  std::vector<Later<JoinAnswer>> joining;
  for (int i = 0; i < 4; ++i) {
    joining.push_back(driver.start_join_anew(attempt));
    driver.run_ms(1'500);
  }
  EXPECT_FALSE(joining[0]->has_value());
  driver.run_ms(2'100);  // 8.1 s after the first
  for (const auto& later : joining) EXPECT_EQ(driver.wait(later).generation, 1);
  EXPECT_EQ(driver.view().members.size(), 4U);
}

TEST_F(Members, AreToldTheirIdFirstAndMustUseItSoon) {
  GroupDriver driver;
  const JoinAnswer told = driver.join(attempt_of(""));
  EXPECT_EQ(told.error, ProtocolError::kMemberIdRequired);
  EXPECT_TRUE(told.member_id.starts_with("client-"));
  EXPECT_EQ(driver.state(), "Empty");
  driver.run_ms(10'100);
  EXPECT_EQ(driver.join(attempt_of(told.member_id)).error, ProtocolError::kUnknownMemberId);
  EXPECT_EQ(driver.view().error, ProtocolError::kGroupIdNotFound) << "nothing is left of it";
}

TEST_F(Members, OfOldClientsJoinAtOnce) {
  GroupDriver driver;
  JoinAttempt attempt = attempt_of("");
  attempt.returns_with_id = false;
  const JoinAnswer joined = driver.join(attempt);
  EXPECT_EQ(joined.error, ProtocolError::kNone);
  EXPECT_FALSE(joined.member_id.empty());
}

TEST_F(Members, WhatCannotBeIsRefused) {
  GroupDriver driver;
  const auto join = [&](auto change, const std::string& group = "g") {
    JoinAttempt attempt = attempt_of("");
    change(attempt);
    return driver.join(std::move(attempt), group).error;
  };
  EXPECT_EQ(join([](auto&) {}, ""), ProtocolError::kInvalidGroupId);
  EXPECT_EQ(join([](auto& a) { a.session_timeout_ms = 5'999; }),
            ProtocolError::kInvalidSessionTimeout);
  EXPECT_EQ(join([](auto& a) { a.session_timeout_ms = 1'800'001; }),
            ProtocolError::kInvalidSessionTimeout);
  EXPECT_EQ(join([](auto& a) { a.protocols.clear(); }), ProtocolError::kInconsistentGroupProtocol);
  EXPECT_EQ(join([](auto& a) { a.protocol_type.clear(); }),
            ProtocolError::kInconsistentGroupProtocol);
  EXPECT_EQ(join([](auto& a) { a.protocols[0].metadata = Buffer::zeroed(2 << 20); }),
            ProtocolError::kInvalidRequest);
  EXPECT_EQ(join([](auto& a) { a.protocols.resize(1 << 20); }), ProtocolError::kInvalidRequest);
  EXPECT_EQ(join([](auto& a) { a.member.id = "nobody"; }), ProtocolError::kUnknownMemberId);
  EXPECT_EQ(driver.view().error, ProtocolError::kGroupIdNotFound) << "no attempt left a group";

  settle(driver, 1);
  EXPECT_EQ(join([](auto& a) { a.member.id = "nobody"; }), ProtocolError::kUnknownMemberId);
  EXPECT_EQ(join([](auto& a) { a.protocol_type = "connect"; }),
            ProtocolError::kInconsistentGroupProtocol);
  EXPECT_EQ(join([](auto& a) { a.protocols[0].name = "sticky"; }),
            ProtocolError::kInconsistentGroupProtocol);
}

TEST_F(Members, AFullGroupTakesNobodyElse) {
  GroupOptions options = without_delay();
  options.members_max = 2;
  options.pending_members_max = 1;
  GroupDriver driver(1, options);
  const auto first = driver.join_anew();
  const auto second = driver.start_join_anew();
  EXPECT_EQ(driver.join(attempt_of("")).error, ProtocolError::kMemberIdRequired);
  EXPECT_EQ(driver.join(attempt_of("")).error, ProtocolError::kGroupMaxSizeReached);
  (void)driver.start_join(attempt_of(first.member_id));
  driver.run_ms(15'000);  // who was only told an id is forgotten
  EXPECT_EQ(driver.wait(second).generation, 2);
  EXPECT_EQ(driver.join(attempt_of("")).error, ProtocolError::kGroupMaxSizeReached);
}

TEST_F(Members, TheProtocolThatMostLikeBestAndAllKnowIsChosen) {
  GroupDriver driver;
  const auto with = [](const std::vector<std::string>& names) {
    JoinAttempt attempt = attempt_of("");
    attempt.protocols.clear();
    for (const auto& name : names) attempt.protocols.push_back(consumer_protocol({"t"}, name));
    return attempt;
  };
  const auto a = driver.start_join_anew(with({"x", "range", "sticky"}));
  const auto b = driver.start_join_anew(with({"sticky", "range"}));
  const auto c = driver.start_join_anew(with({"y", "sticky", "range"}));
  EXPECT_EQ(driver.wait(a).protocol, "sticky");
  EXPECT_EQ(driver.wait(b).protocol, "sticky");
  EXPECT_EQ(driver.wait(c).protocol, "sticky");
}

TEST_F(Members, WhomTheLeaderLeavesOutAreAssignedNothing) {
  GroupDriver driver;
  const auto joined = join_together(driver, 2);
  const auto follower = driver.start_sync(sync_of(joined[1]));
  driver.run_ms(100);
  EXPECT_FALSE(follower->has_value()) << "before its leader has shared out";
  EXPECT_EQ(driver.heartbeat(joined[1]), ProtocolError::kNone);
  const SyncAnswer leader = driver.sync(sync_of(joined[0], {{joined[0].member_id, "all"}}));
  EXPECT_EQ(leader.assignment.view(), "all");
  EXPECT_EQ(leader.protocol_type, "consumer");
  EXPECT_EQ(leader.protocol, "range");
  EXPECT_EQ(driver.wait(follower).error, ProtocolError::kNone);
  EXPECT_TRUE(driver.wait(follower).assignment.empty());
}

TEST_F(Members, AskAgainAndGetTheStoredAssignment) {
  GroupDriver driver;
  const auto joined = settle(driver, 2);
  EXPECT_EQ(driver.sync(sync_of(joined[1])).assignment.view(), "p1");
  EXPECT_EQ(driver.sync(sync_of(joined[0], {{joined[0].member_id, "other"}})).assignment.view(),
            "p0");
}

TEST_F(Members, SyncOfSomethingElseIsRefused) {
  GroupDriver driver;
  const auto joined = settle(driver, 1);
  const auto sync = [&](auto change) {
    SyncAttempt attempt = sync_of(joined[0]);
    change(attempt);
    return driver.sync(attempt).error;
  };
  EXPECT_EQ(sync([](auto& a) { a.generation = 9; }), ProtocolError::kIllegalGeneration);
  EXPECT_EQ(sync([](auto& a) { a.member.id = "x"; }), ProtocolError::kUnknownMemberId);
  EXPECT_EQ(sync([](auto& a) { a.member.instance_id = "x"; }), ProtocolError::kUnknownMemberId);
  EXPECT_EQ(sync([](auto& a) { a.protocol = "x"; }), ProtocolError::kInconsistentGroupProtocol);
  EXPECT_EQ(sync([](auto& a) { a.protocol_type = "x"; }),
            ProtocolError::kInconsistentGroupProtocol);
  EXPECT_EQ(driver.sync(sync_of(joined[0]), "").error, ProtocolError::kInvalidGroupId);
  EXPECT_EQ(driver.sync(sync_of(joined[0]), "other").error, ProtocolError::kUnknownMemberId);
  (void)driver.start_join_anew();
  EXPECT_EQ(sync([](auto&) {}), ProtocolError::kRebalanceInProgress);
}

TEST_F(Members, HeartbeatsSayWhatTheGroupIsDoing) {
  GroupDriver driver;
  EXPECT_EQ(driver.heartbeat({"x", std::nullopt}, 1), ProtocolError::kUnknownMemberId);
  EXPECT_EQ(driver.heartbeat({"x", std::nullopt}, 1, ""), ProtocolError::kInvalidGroupId);
  const auto joined = settle(driver, 2);
  EXPECT_EQ(driver.heartbeat(joined[0]), ProtocolError::kNone);
  EXPECT_EQ(driver.heartbeat({joined[0].member_id, std::nullopt}, 2),
            ProtocolError::kIllegalGeneration);
  EXPECT_EQ(driver.heartbeat({"x", std::nullopt}, 1), ProtocolError::kUnknownMemberId);
  const auto third = driver.start_join_anew();
  EXPECT_EQ(driver.state(), "PreparingRebalance");
  EXPECT_EQ(driver.heartbeat(joined[0]), ProtocolError::kRebalanceInProgress);
  const auto first = driver.start_join(attempt_of(joined[0].member_id));
  const auto second = driver.start_join(attempt_of(joined[1].member_id));
  EXPECT_EQ(driver.wait(first).generation, 2);
  EXPECT_EQ(driver.wait(second).generation, 2);
  EXPECT_EQ(driver.state(), "CompletingRebalance");
  EXPECT_EQ(driver.heartbeat(driver.wait(third)), ProtocolError::kNone);
}

TEST_F(Members, AreDroppedWhenTheyMissARebalance) {
  GroupDriver driver;
  const auto joined = settle(driver, 3);
  const auto fourth = driver.start_join_anew();
  const auto first = driver.start_join(attempt_of(joined[0].member_id));
  const auto second = driver.start_join(attempt_of(joined[1].member_id));
  // The third heartbeats, but never joins.
  for (int i = 0; i < 14; ++i) {
    driver.run_ms(4'000);
    EXPECT_EQ(driver.heartbeat(joined[2]), ProtocolError::kRebalanceInProgress);
  }
  EXPECT_FALSE(fourth->has_value());
  driver.run_ms(5'000);  // the rebalance timeout is over
  EXPECT_EQ(driver.wait(fourth).generation, 2);
  EXPECT_EQ(driver.wait(first).members.size(), 3U);
  EXPECT_EQ(driver.wait(second).generation, 2);
  EXPECT_EQ(driver.heartbeat(joined[2]), ProtocolError::kUnknownMemberId);
  EXPECT_EQ(driver.join(attempt_of(joined[2].member_id)).error, ProtocolError::kUnknownMemberId);
}

TEST_F(Members, AreDroppedWhenTheirSessionEnds) {
  GroupDriver driver;
  const auto joined = settle(driver, 3);
  keep_alive(driver, {joined[1], joined[2]}, 12'000);
  EXPECT_EQ(driver.state(), "PreparingRebalance") << "the leader is gone";
  EXPECT_EQ(driver.heartbeat(joined[1]), ProtocolError::kRebalanceInProgress);
  const auto second = driver.start_join(attempt_of(joined[1].member_id));
  const auto third = driver.start_join(attempt_of(joined[2].member_id));
  EXPECT_EQ(driver.wait(second).generation, 2);
  EXPECT_EQ(driver.wait(third).generation, 2);
  EXPECT_EQ(driver.wait(second).leader_id, driver.wait(third).leader_id);
  EXPECT_NE(driver.wait(second).leader_id, joined[0].member_id);
  EXPECT_EQ(driver.heartbeat(joined[0]), ProtocolError::kUnknownMemberId);
}

TEST_F(Members, WhoeverOwesItsSyncForTooLongIsDropped) {
  GroupDriver driver;
  const auto joined = join_together(driver, 2);
  const auto follower = driver.start_sync(sync_of(joined[1]));
  for (int i = 0; i < 15; ++i) {  // the leader heartbeats, but does not share out
    EXPECT_FALSE(follower->has_value());
    driver.run_ms(4'000);
    (void)driver.heartbeat(joined[0]);
  }
  driver.run_ms(100);
  ASSERT_TRUE(follower->has_value());
  EXPECT_EQ(driver.wait(follower).error, ProtocolError::kRebalanceInProgress);
  EXPECT_EQ(driver.heartbeat(joined[0]), ProtocolError::kUnknownMemberId);
  const JoinAnswer again = driver.join(attempt_of(joined[1].member_id));
  EXPECT_EQ(again.generation, 2);
  EXPECT_EQ(again.leader_id, joined[1].member_id);
}

TEST_F(Members, AJoinDuringAssignmentCallsTheSyncsBack) {
  GroupDriver driver;
  const auto joined = join_together(driver, 2);
  const auto follower = driver.start_sync(sync_of(joined[1]));
  const auto third = driver.start_join_anew();
  EXPECT_EQ(driver.wait(follower).error, ProtocolError::kRebalanceInProgress);
  EXPECT_EQ(driver.sync(sync_of(joined[0])).error, ProtocolError::kRebalanceInProgress);
  (void)driver.start_join(attempt_of(joined[0].member_id));
  (void)driver.start_join(attempt_of(joined[1].member_id));
  EXPECT_EQ(driver.wait(third).generation, 2);
}

TEST_F(Members, ARejoinWithNothingNewMovesNobody) {
  GroupDriver driver;
  const auto joined = settle(driver, 3);
  const JoinAnswer again = driver.join(attempt_of(joined[1].member_id));
  EXPECT_EQ(again.generation, 1);
  EXPECT_EQ(again.error, ProtocolError::kNone);
  EXPECT_EQ(again.leader_id, joined[0].member_id);
  EXPECT_TRUE(again.members.empty());
  EXPECT_EQ(driver.sync(sync_of(again)).assignment.view(), "p1");
  EXPECT_EQ(driver.state(), "Stable");
  EXPECT_EQ(driver.heartbeat(joined[2]), ProtocolError::kNone);
}

TEST_F(Members, ARejoinOfTheLeaderOrWithNewsRebalances) {
  for (const bool leader : {true, false}) {
    GroupDriver driver;
    const auto joined = settle(driver, 2);
    JoinAttempt attempt = attempt_of(joined[leader ? 0 : 1].member_id);
    if (!leader) attempt.protocols[0] = consumer_protocol({"t", "u"});
    const auto again = driver.start_join(attempt);
    EXPECT_EQ(driver.state(), "PreparingRebalance");
    const JoinAnswer other = driver.join(attempt_of(joined[leader ? 1 : 0].member_id));
    EXPECT_EQ(other.generation, 2);
    EXPECT_EQ(driver.wait(again).generation, 2);
  }
}

TEST_F(Members, WhoLostTheAnswerIsToldAgain) {
  GroupDriver driver;
  const auto joined = join_together(driver, 2);
  EXPECT_EQ(driver.join(attempt_of(joined[0].member_id)).members.size(), 2U);
  EXPECT_EQ(driver.join(attempt_of(joined[1].member_id)).generation, 1);
  EXPECT_EQ(driver.state(), "CompletingRebalance");
}

TEST_F(Members, ASecondJoinTakesThePlaceOfTheFirst) {
  GroupDriver driver;
  const auto joined = settle(driver, 2);
  const auto lost = driver.start_join(attempt_of(joined[0].member_id));
  const auto again = driver.start_join(attempt_of(joined[0].member_id));
  EXPECT_EQ(driver.wait(lost).error, ProtocolError::kRebalanceInProgress);
  EXPECT_EQ(driver.join(attempt_of(joined[1].member_id)).generation, 2);
  EXPECT_EQ(driver.wait(again).generation, 2);
}

// A cooperative round: the leader takes a partition from a member, which gives it up and rejoins;
// then everybody has what it should, in exactly two generations.
TEST_F(Members, ACooperativeRebalanceTakesTwoGenerations) {
  GroupDriver driver;
  const auto owning = [](std::string id, const std::string& owned) {
    JoinAttempt attempt = attempt_of(std::move(id));
    const MemberProtocol plain = consumer_protocol({"t"}, "cooperative-sticky");
    attempt.protocols[0] = {plain.name,
                            Buffer::copy_of(std::string(plain.metadata.view()) + owned)};
    return attempt;
  };
  const JoinAnswer a = driver.join_anew(owning("", "-"));
  (void)driver.sync(sync_of(a, {{a.member_id, "0 1"}}));
  const auto b = driver.start_join_anew(owning("", "-"));
  EXPECT_EQ(driver.heartbeat(a), ProtocolError::kRebalanceInProgress);
  const JoinAnswer a2 = driver.join(owning(a.member_id, "0 1"));
  const JoinAnswer b2 = driver.wait(b);
  EXPECT_EQ(a2.generation, 2);
  const auto b_synced = driver.start_sync(sync_of(b2));
  (void)driver.sync(sync_of(a2, {{a.member_id, "0"}}));  // 1 is revoked first
  EXPECT_TRUE(driver.wait(b_synced).assignment.empty());
  const auto a_again = driver.start_join(owning(a.member_id, "0"));
  EXPECT_EQ(driver.heartbeat(b2), ProtocolError::kRebalanceInProgress);
  const JoinAnswer b3 = driver.join(owning(b2.member_id, ""));
  const JoinAnswer a3 = driver.wait(a_again);
  EXPECT_EQ(a3.generation, 3);
  const auto b_last = driver.start_sync(sync_of(b3));
  (void)driver.sync(sync_of(a3, {{a.member_id, "0"}, {b3.member_id, "1"}}));
  EXPECT_EQ(driver.wait(b_last).assignment.view(), "1");
  // What each owns now is told by the next rejoin of a follower, and moves nothing.
  EXPECT_EQ(driver.join(owning(b3.member_id, "")).generation, 3);
  keep_alive(driver, {a3, b3}, 60'000);
  EXPECT_EQ(driver.heartbeat(a3), ProtocolError::kNone);
  EXPECT_EQ(driver.heartbeat(b3), ProtocolError::kNone);
}

TEST_F(Members, LeaveByIdOrByInstanceInOneCall) {
  GroupDriver driver;
  JoinAttempt still = attempt_of("");
  still.member.instance_id = "still";
  const auto s = driver.start_join(still);
  const auto d = driver.start_join_anew();
  const JoinAnswer fixed = driver.wait(s);
  const JoinAnswer moving = driver.wait(d);
  const JoinAnswer told = driver.join(attempt_of(""));
  const GroupErrors left = driver.leave({{"nobody", std::nullopt},
                                         {"", "still"},
                                         {"", "unknown"},
                                         {told.member_id, std::nullopt},
                                         {moving.member_id, std::nullopt}});
  EXPECT_EQ(left.error, ProtocolError::kNone);
  EXPECT_EQ(left.each, (std::vector{ProtocolError::kUnknownMemberId, ProtocolError::kNone,
                                    ProtocolError::kUnknownMemberId, ProtocolError::kNone,
                                    ProtocolError::kNone}));
  EXPECT_EQ(driver.state(), "Empty");
  EXPECT_EQ(driver.view().protocol_type, "consumer");
  EXPECT_EQ(driver.leave({{moving.member_id, std::nullopt}}).each[0],
            ProtocolError::kUnknownMemberId);
  EXPECT_EQ(driver.leave({{"x", std::nullopt}}, "other").each[0], ProtocolError::kUnknownMemberId);
  EXPECT_EQ(driver.leave({{"x", std::nullopt}}, "").error, ProtocolError::kInvalidGroupId);
  EXPECT_EQ(driver.heartbeat(fixed), ProtocolError::kUnknownMemberId);
  EXPECT_EQ(driver.join_anew().generation, 3) << "an empty generation lies between";
}

TEST_F(Members, ThatLeaveLetTheOthersGoOn) {
  GroupDriver driver;
  const auto joined = settle(driver, 2);
  (void)driver.leave({{joined[0].member_id, std::nullopt}});
  EXPECT_EQ(driver.heartbeat(joined[1]), ProtocolError::kRebalanceInProgress);
  const JoinAnswer again = driver.join(attempt_of(joined[1].member_id));
  EXPECT_EQ(again.leader_id, joined[1].member_id);
  EXPECT_EQ(again.generation, 2);
}

TEST_F(Members, WhoNeverCameBackIntoItsFirstGenerationIsDropped) {
  GroupDriver driver;
  const auto joined = settle(driver, 1);
  JoinAttempt attempt = attempt_of("");
  attempt.returns_with_id = false;
  attempt.rebalance_timeout_ms = 1'000'000;
  const auto waiting = driver.start_join(attempt);
  for (int i = 0; i < 76; ++i) {  // the other one heartbeats for 304 s, without joining
    driver.run_ms(4'000);
    EXPECT_EQ(driver.heartbeat(joined[0]), ProtocolError::kRebalanceInProgress);
  }
  EXPECT_EQ(driver.wait(waiting).error, ProtocolError::kUnknownMemberId);
}

// ---- Static members ---------------------------------------------------------------------------

class StaticMembers : public Members {
 protected:
  static JoinAttempt attempt(const std::string& instance, std::string id = "") {
    JoinAttempt attempt = attempt_of(std::move(id));
    attempt.member.instance_id = instance;
    return attempt;
  }
  // "a" leads, "b" follows; both are assigned.
  std::pair<JoinAnswer, JoinAnswer> settle_two(GroupDriver& driver) {
    const auto first = driver.start_join(attempt("a"));
    driver.run_ms(10);
    const auto second = driver.start_join(attempt("b"));
    const JoinAnswer a = driver.wait(first);
    const JoinAnswer b = driver.wait(second);
    const auto synced = driver.start_sync(with_instance(sync_of(b), "b"));
    (void)driver.sync(with_instance(sync_of(a, {{a.member_id, "p0"}, {b.member_id, "p1"}}), "a"));
    EXPECT_EQ(driver.wait(synced).assignment.view(), "p1");
    return {a, b};
  }
  static SyncAttempt with_instance(SyncAttempt attempt, const std::string& instance) {
    attempt.member.instance_id = instance;
    return attempt;
  }
};

TEST_F(StaticMembers, ComeBackWithoutARebalance) {
  GroupDriver driver;
  const auto [a, b] = settle_two(driver);
  EXPECT_TRUE(a.member_id.starts_with("a-"));
  const JoinAnswer again = driver.join(attempt("b"));
  EXPECT_EQ(again.error, ProtocolError::kNone);
  EXPECT_EQ(again.generation, a.generation);
  EXPECT_NE(again.member_id, b.member_id);
  EXPECT_EQ(again.leader_id, a.member_id);
  EXPECT_FALSE(again.skip_assignment);
  EXPECT_EQ(driver.sync(with_instance(sync_of(again), "b")).assignment.view(), "p1");
  EXPECT_EQ(driver.heartbeat({a.member_id, "a"}, a.generation), ProtocolError::kNone);

  // Its former self is fenced, everywhere.
  const MemberName old{b.member_id, "b"};
  EXPECT_EQ(driver.heartbeat(old, b.generation), ProtocolError::kFencedInstanceId);
  EXPECT_EQ(driver.join(attempt("b", b.member_id)).error, ProtocolError::kFencedInstanceId);
  EXPECT_EQ(driver.sync(with_instance(sync_of(b), "b")).error, ProtocolError::kFencedInstanceId);
  EXPECT_EQ(driver.leave({old}).each[0], ProtocolError::kFencedInstanceId);
  CommitAttempt commit;
  commit.group = "g";
  commit.member = old;
  commit.generation = b.generation;
  commit.offsets.push_back(offset_of("t", 0, 1));
  EXPECT_EQ(driver.commit(commit), ProtocolError::kFencedInstanceId);
  commit.producer = ProducerName{5, 0};
  EXPECT_EQ(driver.commit(commit), ProtocolError::kFencedInstanceId);
}

TEST_F(StaticMembers, ALeaderThatComesBackDoesNotAssignAnew) {
  for (const bool skips : {true, false}) {
    GroupDriver driver;
    const auto [a, b] = settle_two(driver);
    JoinAttempt back = attempt("a");
    back.skips_assignment = skips;
    const JoinAnswer again = driver.join(back);
    EXPECT_EQ(again.generation, a.generation);
    EXPECT_EQ(again.skip_assignment, skips);
    EXPECT_EQ(again.leader_id, skips ? again.member_id : a.member_id);
    EXPECT_EQ(again.members.size(), skips ? 2U : 0U);
    EXPECT_EQ(driver.sync(with_instance(sync_of(again), "a")).assignment.view(), "p0");
  }
}

TEST_F(StaticMembers, AnotherProtocolRebalances) {
  GroupDriver driver;
  JoinAttempt both = attempt("a");
  both.protocols.push_back(consumer_protocol({"t"}, "sticky"));
  const JoinAnswer a = driver.join(both);
  (void)driver.sync(with_instance(sync_of(a, {{a.member_id, "p0"}}), "a"));
  JoinAttempt other = attempt("a");
  other.protocols[0].name = "sticky";
  const JoinAnswer again = driver.join(other);
  EXPECT_EQ(again.generation, a.generation + 1);
  EXPECT_EQ(again.protocol, "sticky");
}

TEST_F(StaticMembers, ComingBackDuringAssignmentRebalances) {
  GroupDriver driver;
  const auto first = driver.start_join(attempt("a"));
  const auto second = driver.start_join(attempt("b"));
  const JoinAnswer a = driver.wait(first);
  (void)driver.wait(second);
  const auto again = driver.start_join(attempt("b"));
  EXPECT_EQ(driver.heartbeat({a.member_id, "a"}, a.generation),
            ProtocolError::kRebalanceInProgress);
  EXPECT_EQ(driver.join(attempt("a", a.member_id)).generation, 2);
  EXPECT_EQ(driver.wait(again).generation, 2);
}

TEST_F(StaticMembers, WaitingRequestsOfTheFormerSelfAreFenced) {
  GroupDriver driver;
  const auto first = driver.start_join(attempt("a"));
  driver.run_ms(10);
  const auto again = driver.start_join(attempt("a"));
  EXPECT_EQ(driver.wait(first).error, ProtocolError::kFencedInstanceId);
  EXPECT_EQ(driver.wait(again).generation, 1);
}

TEST_F(StaticMembers, AreKeptThroughARebalanceUntilTheirSessionEnds) {
  GroupDriver driver;
  const auto [a, b] = settle_two(driver);
  JoinAttempt quick = attempt_of("");
  const auto third = driver.start_join_anew(quick);
  const auto first = driver.start_join(attempt("a", a.member_id));
  driver.run_ms(9'000);
  EXPECT_FALSE(third->has_value()) << "b may be restarting";
  driver.run_ms(2'000);  // its session is over
  EXPECT_EQ(driver.wait(third).generation, 2);
  EXPECT_EQ(driver.wait(first).members.size(), 2U);
}

}  // namespace
}  // namespace millrace::broker
