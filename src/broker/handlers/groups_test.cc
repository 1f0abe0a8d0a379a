#include <gtest/gtest.h>

#include "broker/groups/group_driver_test.h"
#include "broker/handler_driver.h"
#include "broker/handlers/group_handlers.h"
#include "broker/handlers/group_offsets.h"
#include "kafka/messages/delete_groups.h"
#include "kafka/messages/describe_groups.h"
#include "kafka/messages/find_coordinator.h"
#include "kafka/messages/heartbeat.h"
#include "kafka/messages/join_group.h"
#include "kafka/messages/leave_group.h"
#include "kafka/messages/list_groups.h"
#include "kafka/messages/sync_group.h"

namespace millrace::broker {
namespace {

using kafka::code_of;
using kafka::ProtocolError;

// The handlers of groups, asked through the bytes of each version.
class GroupApis : public ::testing::Test {
 protected:
  GroupApis() : driver_(1, options()) {
    make_handlers();
    driver_.until_loaded();
  }
  static GroupOptions options() {
    GroupOptions options;
    options.initial_rebalance_delay_ms = 0;
    return options;
  }
  void make_handlers() {
    handlers_ = group_handlers(driver_.groups(), driver_.topics(), {.node_id = 4});
  }

  template <class Response, class Request>
  Response ask(const Request& request, int16_t version) {
    for (const auto& handler : handlers_) {
      if (handler->key() != Request::kKey) continue;
      const auto response = broker::ask<Response>(*handler, driver_.log().threads(),
                                                  driver_.log().executor(), request, version);
      EXPECT_TRUE(response.has_value()) << response.error().to_string();
      return *response;
    }
    ADD_FAILURE() << "no handler of " << Request::kName;
    return {};
  }

  static kafka::JoinGroupRequest join_request(const std::string& group) {
    kafka::JoinGroupRequest request;
    request.group = group;
    request.session_timeout_ms = 10'000;
    request.rebalance_timeout_ms = 60'000;
    request.protocol_type = "consumer";
    const MemberProtocol protocol = consumer_protocol({"t"});
    request.protocols.push_back({protocol.name, protocol.metadata});
    return request;
  }
  // Joins alone, as a client of this version does.
  kafka::JoinGroupResponse join(const std::string& group, int16_t version = 9) {
    auto request = join_request(group);
    auto response = ask<kafka::JoinGroupResponse>(request, version);
    if (version < 4) return response;
    EXPECT_EQ(response.error_code, code_of(ProtocolError::kMemberIdRequired));
    request.member_id = response.member_id;
    return ask<kafka::JoinGroupResponse>(request, version);
  }
  kafka::SyncGroupResponse sync(const std::string& group, const kafka::JoinGroupResponse& joined,
                                int16_t version = 5) {
    kafka::SyncGroupRequest request;
    request.group = group;
    request.generation = joined.generation;
    request.member_id = joined.member_id;
    request.group_assignment.push_back({joined.member_id, Buffer::copy_of("mine")});
    if (version >= 5) {
      request.protocol_type = "consumer";
      request.protocol = "range";
    }
    return ask<kafka::SyncGroupResponse>(request, version);
  }

  kafka::OffsetCommitRequest commit_request(int64_t offset, int16_t version,
                                            const std::string& topic = "t") {
    kafka::OffsetCommitRequest request;
    request.group = "g";
    auto& to = request.topics.emplace_back();
    if (version < 10) to.name = topic;
    if (const auto known = driver_.topics().find(topic); known && version >= 10) to.id = known->id;
    auto& partition = to.partitions.emplace_back();
    partition.index = 3;
    partition.offset = offset;
    if (version >= 6) partition.leader_epoch = 5;
    partition.metadata = "note";
    return request;
  }
  int16_t commit(const kafka::OffsetCommitRequest& request, int16_t version) {
    return ask<kafka::OffsetCommitResponse>(request, version)
        .topics.at(0)
        .partitions.at(0)
        .error_code;
  }
  // Of partition 3 of topic "t", in the layout of version 8.
  kafka::OffsetFetchResponse::GroupTopicPartition fetch(int16_t version) {
    kafka::OffsetFetchRequest request;
    request.group = "g";
    if (version < 8) {
      request.topics.emplace().push_back({.name = "t", .partitions = {3}});
      const auto response = ask<kafka::OffsetFetchResponse>(request, version);
      EXPECT_EQ(response.error_code, 0);
      const auto& found = response.topics.at(0).partitions.at(0);
      return {found.index, found.offset, found.leader_epoch, found.metadata, found.error_code};
    }
    auto& topic = request.groups.emplace_back(kafka::OffsetFetchRequest::Group{.group = "g"})
                      .topics.emplace()
                      .emplace_back();
    topic.name = version < 10 ? "t" : "";
    if (version >= 10) topic.id = driver_.topics().find("t")->id;
    topic.partitions = {3};
    const auto response = ask<kafka::OffsetFetchResponse>(request, version);
    EXPECT_EQ(response.groups.at(0).error_code, 0);
    EXPECT_EQ(response.groups.at(0).group, "g");
    EXPECT_EQ(response.groups.at(0).topics.at(0).id, topic.id);
    return response.groups.at(0).topics.at(0).partitions.at(0);
  }

  GroupDriver driver_;
  std::vector<std::unique_ptr<Handler>> handlers_;
};

TEST_F(GroupApis, TheCoordinatorIsHere) {
  for (int16_t version = 0; version <= 6; ++version) {
    for (const int8_t type : {0, 1, 2}) {
      if (version == 0 && type != 0) continue;
      kafka::FindCoordinatorRequest request;
      request.coordinator_key = "g";
      request.coordinator_type = type;
      request.coordinator_keys = {"g", "h"};
      const auto response = ask<kafka::FindCoordinatorResponse>(request, version);
      const int16_t error = type == 2 ? code_of(ProtocolError::kInvalidRequest) : 0;
      if (version < 4) {
        EXPECT_EQ(response.error_code, error);
        EXPECT_EQ(response.node_id, type == 2 ? -1 : 4);
        EXPECT_EQ(response.host, type == 2 ? "" : "here");
        EXPECT_EQ(response.port, type == 2 ? -1 : 9092);
        continue;
      }
      ASSERT_EQ(response.coordinators.size(), 2U);
      EXPECT_EQ(response.coordinators[1].key, "h");
      EXPECT_EQ(response.coordinators[1].error_code, error);
      EXPECT_EQ(response.coordinators[1].node_id, type == 2 ? -1 : 4);
    }
  }
}

TEST_F(GroupApis, AMemberLivesInEveryVersion) {
  for (int16_t version = 0; version <= 9; ++version) {
    SCOPED_TRACE(version);
    const std::string group = "v" + std::to_string(version);
    const auto joined = join(group, version);
    ASSERT_EQ(joined.error_code, 0);
    EXPECT_EQ(joined.generation, 1);
    EXPECT_EQ(joined.protocol, "range");
    EXPECT_EQ(joined.leader_id, joined.member_id);
    EXPECT_TRUE(joined.member_id.starts_with("test-")) << "the client's id";
    ASSERT_EQ(joined.members.size(), 1U);
    const int16_t sync_version = std::min<int16_t>(version, 5);
    const auto synced = sync(group, joined, sync_version);
    ASSERT_EQ(synced.error_code, 0);
    EXPECT_EQ(synced.member_assignment.view(), "mine");
    if (sync_version >= 5) {
      EXPECT_EQ(synced.protocol, "range");
    }

    kafka::HeartbeatRequest beat;
    beat.group = group;
    beat.generation = 1;
    beat.member_id = joined.member_id;
    const int16_t beat_version = std::min<int16_t>(version, 4);
    EXPECT_EQ(ask<kafka::HeartbeatResponse>(beat, beat_version).error_code, 0);
    beat.generation = 2;
    EXPECT_EQ(ask<kafka::HeartbeatResponse>(beat, beat_version).error_code, 22);

    kafka::LeaveGroupRequest leave;
    leave.group = group;
    const int16_t leave_version = std::min<int16_t>(version, 5);
    if (leave_version < 3) leave.member_id = joined.member_id;
    if (leave_version >= 3) {
      leave.members.push_back({.member_id = joined.member_id});
      leave.members.push_back({.member_id = "nobody"});
    }
    const auto left = ask<kafka::LeaveGroupResponse>(leave, leave_version);
    EXPECT_EQ(left.error_code, 0);
    if (leave_version >= 3) {
      ASSERT_EQ(left.members.size(), 2U);
      EXPECT_EQ(left.members[0].error_code, 0);
      EXPECT_EQ(left.members[1].error_code, 25);
    } else {
      EXPECT_EQ(ask<kafka::LeaveGroupResponse>(leave, leave_version).error_code, 25);
    }
    EXPECT_EQ(driver_.state(group), "Empty");
  }
}

TEST_F(GroupApis, ARefusedJoinSaysNoProtocol) {
  auto request = join_request("g");
  request.member_id = "nobody";
  for (const int16_t version : {1, 6, 7, 9}) {
    const auto response = ask<kafka::JoinGroupResponse>(request, version);
    EXPECT_EQ(response.error_code, 25);
    EXPECT_EQ(response.generation, -1);
    EXPECT_EQ(response.member_id, "nobody");
    EXPECT_EQ(response.protocol.has_value(), version < 7);
  }
}

TEST_F(GroupApis, WithoutARebalanceTimeoutTheSessionCounts) {
  const auto joined = join("g", 0);
  (void)sync("g", joined, 0);
  auto later = driver_.start_join_anew();
  driver_.run_ms(10'100);
  EXPECT_EQ(driver_.wait(later).generation, 2) << "the silent one was waited for 10 s, not 60 s";
}

TEST_F(GroupApis, AStaticLeaderComesBackAsItsVersionSays) {
  for (const int16_t version : {5, 8, 9}) {
    auto request = join_request("s" + std::to_string(version));
    request.instance_id = "i";
    const auto first = ask<kafka::JoinGroupResponse>(request, version);
    ASSERT_EQ(first.error_code, 0);
    kafka::SyncGroupRequest sync;
    sync.group = request.group;
    sync.generation = 1;
    sync.member_id = first.member_id;
    sync.instance_id = "i";
    sync.group_assignment.push_back({first.member_id, Buffer::copy_of("mine")});
    ASSERT_EQ(ask<kafka::SyncGroupResponse>(sync, 3).error_code, 0);
    const auto again = ask<kafka::JoinGroupResponse>(request, version);
    EXPECT_EQ(again.generation, 1);
    EXPECT_NE(again.member_id, first.member_id);
    EXPECT_EQ(again.skip_assignment, version >= 9);
    EXPECT_EQ(again.leader_id, version >= 9 ? again.member_id : first.member_id);
    EXPECT_EQ(again.members.size(), version >= 9 ? 1U : 0U);
    request.member_id = first.member_id;
    EXPECT_EQ(ask<kafka::JoinGroupResponse>(request, version).error_code, 82);
    EXPECT_EQ(ask<kafka::SyncGroupResponse>(sync, 3).error_code, 82);
  }
}

TEST_F(GroupApis, OffsetsGoRoundInEveryVersion) {
  for (int16_t version = 1; version <= 10; ++version) {
    SCOPED_TRACE(version);
    ASSERT_EQ(commit(commit_request(100 + version, version), version), 0);
    for (int16_t read = 1; read <= 10; ++read) {
      const auto found = fetch(read);
      EXPECT_EQ(found.offset, 100 + version);
      EXPECT_EQ(found.metadata, "note");
      EXPECT_EQ(found.error_code, 0);
      EXPECT_EQ(found.leader_epoch, version >= 6 && read >= 5 ? 5 : -1);
    }
  }
}

TEST_F(GroupApis, CommitsOfWhatIsNotThereAreRefusedOneByOne) {
  EXPECT_EQ(commit(commit_request(1, 9, "x"), 9), 3);
  EXPECT_EQ(commit(commit_request(1, 10, "x"), 10), 100);
  auto request = commit_request(1, 9);
  request.topics[0].partitions.push_back({.index = 99, .offset = 1});
  request.topics[0].partitions.push_back(
      {.index = 4, .offset = 1, .metadata = std::string(4'097, 'm')});
  request.topics[0].partitions.push_back(
      {.index = 5, .offset = 1, .metadata = std::string(4'096, 'm')});
  const auto response = ask<kafka::OffsetCommitResponse>(request, 9);
  const auto& partitions = response.topics.at(0).partitions;
  ASSERT_EQ(partitions.size(), 4U);
  EXPECT_EQ(partitions[0].error_code, 0);
  EXPECT_EQ(partitions[1].error_code, 3);
  EXPECT_EQ(partitions[2].error_code, 12);
  EXPECT_EQ(partitions[3].error_code, 0);
  EXPECT_EQ(driver_.offsets("g"), "t-3@1 t-5@1 ");
}

TEST_F(GroupApis, AnUnknownGroupHasACodeForEachVersion) {
  for (const int16_t version : {8, 9}) {
    auto request = commit_request(1, version);
    request.generation = 1;
    request.member_id = "m";
    EXPECT_EQ(commit(request, version), version == 8 ? 22 : 69);
  }
}

TEST_F(GroupApis, RetentionAndTimesOfOldCommitsCount) {
  auto request = commit_request(1, 2);
  request.retention_time_ms = 3'600'000;
  ASSERT_EQ(commit(request, 2), 0);
  driver_.run_ms(3'000'000);
  EXPECT_EQ(driver_.offsets("g"), "t-3@1 ");
  driver_.run_ms(1'500'000);
  EXPECT_EQ(driver_.offsets("g"), "");
  request = commit_request(1, 1);
  request.topics[0].partitions[0].timestamp = 1;  // long ago
  ASSERT_EQ(commit(request, 1), 0);
  driver_.run_ms(700'000);
  EXPECT_EQ(driver_.offsets("g"), "");
}

TEST_F(GroupApis, AllOffsetsAreGivenIfNoTopicsAreNamed) {
  ASSERT_EQ(commit(commit_request(7, 9), 9), 0);
  for (int16_t version = 2; version < 8; ++version) {
    kafka::OffsetFetchRequest request;
    request.group = "g";
    const auto response = ask<kafka::OffsetFetchResponse>(request, version);
    ASSERT_EQ(response.topics.size(), 1U);
    EXPECT_EQ(response.topics[0].partitions.at(0).offset, 7);
  }
  for (int16_t version = 8; version <= 10; ++version) {
    kafka::OffsetFetchRequest request;
    request.groups.push_back({.group = "g", .topics = std::nullopt});
    request.groups.push_back({.group = "unknown", .topics = std::nullopt});
    const auto response = ask<kafka::OffsetFetchResponse>(request, version);
    ASSERT_EQ(response.groups.size(), 2U);
    const auto& topic = response.groups[0].topics.at(0);
    EXPECT_EQ(topic.partitions.at(0).offset, 7);
    EXPECT_EQ(topic.name, version < 10 ? "t" : "");
    EXPECT_EQ(topic.id == driver_.topics().find("t")->id, version >= 10);
    EXPECT_TRUE(response.groups[1].topics.empty());
    EXPECT_EQ(response.groups[1].error_code, 0);
  }
  kafka::OffsetFetchRequest request;
  request.groups.emplace_back(kafka::OffsetFetchRequest::Group{.group = "g"})
      .topics.emplace()
      .emplace_back()
      .partitions = {0, 1};
  request.groups[0].topics->back().id.raw.fill(std::byte{9});
  const auto response = ask<kafka::OffsetFetchResponse>(request, 10);
  EXPECT_EQ(response.groups[0].topics.at(0).partitions.at(1).error_code, 100);
  EXPECT_EQ(response.groups[0].topics.at(0).partitions.at(1).offset, -1);
}

TEST_F(GroupApis, WhileGroupsLoadEachVersionIsToldAtItsPlace) {
  for (int i = 0; i < 20; ++i) {
    ASSERT_EQ(driver_.commit("g", {offset_of("t", 3, i, std::string(4'000, 'm'))}),
              ProtocolError::kNone);
  }
  handlers_.clear();
  const int16_t loading = code_of(ProtocolError::kCoordinatorLoadInProgress);
  for (const int16_t version : {1, 2, 7, 8}) {
    driver_.end();
    driver_.start();
    make_handlers();
    kafka::OffsetFetchRequest request;
    request.group = "g";
    if (version < 8) request.topics.emplace().push_back({.name = "t", .partitions = {3}});
    if (version >= 8) request.groups.push_back({.group = "g", .topics = std::nullopt});
    const auto response = ask<kafka::OffsetFetchResponse>(request, version);
    if (version == 1) {
      EXPECT_EQ(response.topics.at(0).partitions.at(0).error_code, loading);
      EXPECT_EQ(response.topics[0].partitions[0].offset, -1);
    } else if (version < 8) {
      EXPECT_EQ(response.error_code, loading);
      EXPECT_TRUE(response.topics.empty());
    } else {
      EXPECT_EQ(response.groups.at(0).error_code, loading);
    }
    handlers_.clear();
  }
  make_handlers();
}

TEST_F(GroupApis, GroupsAreDescribed) {
  const auto joined = join("g");
  (void)sync("g", joined);
  for (int16_t version = 0; version <= 6; ++version) {
    kafka::DescribeGroupsRequest request;
    request.groups = {"g", "unknown"};
    request.include_authorized_operations = version >= 3;
    const auto response = ask<kafka::DescribeGroupsResponse>(request, version);
    ASSERT_EQ(response.groups.size(), 2U);
    const auto& group = response.groups[0];
    EXPECT_EQ(group.state, "Stable");
    EXPECT_EQ(group.protocol_type, "consumer");
    EXPECT_EQ(group.protocol, "range");
    EXPECT_EQ(group.authorized_operations == -2147483648, version < 3);
    ASSERT_EQ(group.members.size(), 1U);
    EXPECT_EQ(group.members[0].client_id, "test");
    EXPECT_EQ(group.members[0].client_host, "10.0.0.7");
    EXPECT_EQ(group.members[0].member_assignment.view(), "mine");
    EXPECT_FALSE(group.members[0].protocol_metadata.empty());
    const auto& unknown = response.groups[1];
    EXPECT_EQ(unknown.state, "Dead");
    EXPECT_EQ(unknown.error_code, version >= 6 ? 69 : 0);
    EXPECT_EQ(unknown.error_message.has_value(), version >= 6);
  }
  // While it rebalances there is no protocol.
  (void)driver_.start_join_anew();
  kafka::DescribeGroupsRequest request;
  request.groups = {"g"};
  const auto group = ask<kafka::DescribeGroupsResponse>(request, 5).groups.at(0);
  EXPECT_EQ(group.state, "PreparingRebalance");
  EXPECT_EQ(group.protocol, "");
  EXPECT_EQ(group.members.size(), 2U);
  EXPECT_TRUE(group.members[0].protocol_metadata.empty());
}

TEST_F(GroupApis, GroupsAreListedByStateAndType) {
  (void)sync("stable", join("stable"));
  ASSERT_EQ(driver_.commit("empty", {offset_of("t", 0, 1)}), ProtocolError::kNone);
  const auto names = [&](std::vector<std::string> states, std::vector<std::string> types,
                         int16_t version) {
    kafka::ListGroupsRequest request;
    request.states_filter = std::move(states);
    request.types_filter = std::move(types);
    std::string text;
    for (const auto& group : ask<kafka::ListGroupsResponse>(request, version).groups) {
      text += group.group + ":" + group.group_state + ":" + group.group_type + " ";
    }
    return text;
  };
  for (int16_t version = 0; version < 4; ++version) {
    EXPECT_EQ(names({}, {}, version), "empty:: stable:: ");
  }
  EXPECT_EQ(names({}, {}, 4), "empty:Empty: stable:Stable: ");
  EXPECT_EQ(names({"stable"}, {}, 4), "stable:Stable: ");
  EXPECT_EQ(names({"Empty", "Dead"}, {"Classic"}, 5), "empty:Empty:classic ");
  EXPECT_EQ(names({}, {"consumer", "share"}, 5), "");
}

TEST_F(GroupApis, GroupsAreDeletedOneByOne) {
  (void)sync("used", join("used"));
  ASSERT_EQ(driver_.commit("empty", {offset_of("t", 0, 1)}), ProtocolError::kNone);
  for (int16_t version = 0; version <= 2; ++version) {
    kafka::DeleteGroupsRequest request;
    request.groups = {"used", "empty", "unknown"};
    const auto response = ask<kafka::DeleteGroupsResponse>(request, version);
    ASSERT_EQ(response.groups.size(), 3U);
    EXPECT_EQ(response.groups[0].error_code, 68);
    EXPECT_EQ(response.groups[1].error_code, version == 0 ? 0 : 69);
    EXPECT_EQ(response.groups[2].error_code, 69);
  }
}

TEST_F(GroupApis, OffsetsAreDeletedOneByOne) {
  kafka::OffsetDeleteRequest request;
  request.group = "g";
  request.topics.push_back({.name = "x", .partitions = {{.index = 0}}});
  request.topics.push_back({.name = "t", .partitions = {{.index = 3}, {.index = 99}}});
  auto response = ask<kafka::OffsetDeleteResponse>(request, 0);
  EXPECT_EQ(response.error_code, 69);
  EXPECT_TRUE(response.topics.empty());
  ASSERT_EQ(commit(commit_request(1, 9), 9), 0);
  const auto joined = join("g");
  (void)sync("g", joined);
  response = ask<kafka::OffsetDeleteResponse>(request, 0);
  EXPECT_EQ(response.error_code, 0);
  EXPECT_EQ(response.topics.at(0).partitions.at(0).error_code, 3);
  EXPECT_EQ(response.topics.at(1).partitions.at(0).error_code, 86);
  EXPECT_EQ(response.topics.at(1).partitions.at(1).error_code, 3);
  (void)driver_.leave({{joined.member_id, std::nullopt}});
  response = ask<kafka::OffsetDeleteResponse>(request, 0);
  EXPECT_EQ(response.topics.at(1).partitions.at(0).error_code, 0);
  EXPECT_EQ(driver_.offsets("g"), "");
}

TEST_F(GroupApis, OffsetsOfATransactionAreHeldBack) {
  kafka::TxnOffsetCommitRequest request;
  request.group = "g";
  request.producer_id = 3;
  request.topics.push_back(
      {.name = "t",
       .partitions = {{.index = 3, .offset = 9, .metadata = "note"}, {.index = 99, .offset = 9}}});
  const auto commit = [&] {
    auto answer = GroupDriver::later<kafka::TxnOffsetCommitResponse>();
    commit_in_transaction(driver_.groups(), driver_.topics(), request, GroupDriver::into(answer));
    return driver_.wait(answer).topics.at(0).partitions;
  };
  auto partitions = commit();
  EXPECT_EQ(partitions.at(0).error_code, 0);
  EXPECT_EQ(partitions.at(1).error_code, 3);
  EXPECT_EQ(fetch(6).offset, -1);
  kafka::OffsetFetchRequest stable;
  stable.group = "g";
  stable.require_stable = true;
  stable.topics.emplace().push_back({.name = "t", .partitions = {3}});
  EXPECT_EQ(ask<kafka::OffsetFetchResponse>(stable, 7).topics.at(0).partitions.at(0).error_code,
            88);
  driver_.end_transaction("g", {3, 0}, true);
  EXPECT_EQ(fetch(8).offset, 9);
  EXPECT_EQ(fetch(8).metadata, "note");
  request.generation = 1;
  request.member_id = "m";
  EXPECT_EQ(commit().at(0).error_code, 25);
  request.group = "unknown";
  EXPECT_EQ(commit().at(0).error_code, 22);
  request.group = "";
  EXPECT_EQ(commit().at(0).error_code, 24);
}

}  // namespace
}  // namespace millrace::broker
