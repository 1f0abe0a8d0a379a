// What clients are told of leader epochs, over a log that is started again.
#include <gtest/gtest.h>

#include <optional>

#include "broker/cluster.h"
#include "broker/handler_driver.h"
#include "broker/handlers/fetch.h"
#include "broker/handlers/list_offsets.h"
#include "broker/handlers/offset_for_leader_epoch.h"
#include "log/log_driver.h"

namespace millrace::broker {
namespace {

using kafka::OffsetForLeaderEpochRequest;
using kafka::OffsetForLeaderEpochResponse;
using kafka::ProtocolError;

class LeaderEpoch : public ::testing::Test {
 protected:
  LeaderEpoch() { start(); }
  void start() {
    parts_.reset();
    driver_.reset();
    driver_.emplace(world_.world());
    partition_ = driver_->make_partition("t");
    parts_.emplace(*driver_, world_);
  }
  void append(int count) {
    for (int i = 0; i < count; ++i) {
      ASSERT_TRUE(driver_->append(partition_, log::batch_of({"v"}, 100 + i)).has_value());
    }
  }

  OffsetForLeaderEpochResponse::Partition end_of(int32_t epoch, int32_t current = -1,
                                                 int32_t index = 0, int16_t version = 4) {
    OffsetForLeaderEpochRequest request;
    request.topics.push_back({.name = "t", .partitions = {{.index = index}}});
    request.topics[0].partitions[0].leader_epoch = epoch;
    request.topics[0].partitions[0].current_leader_epoch = current;
    const auto response = ask<OffsetForLeaderEpochResponse>(parts_->epochs, driver_->threads(),
                                                            driver_->executor(), request, version);
    EXPECT_TRUE(response.has_value()) << response.error().to_string();
    return response->topics.at(0).partitions.at(0);
  }
  kafka::ListOffsetsResponse::Partition offset_at(int64_t timestamp, int32_t current = -1) {
    kafka::ListOffsetsRequest request;
    request.topics.push_back({.name = "t", .partitions = {{.index = 0}}});
    request.topics[0].partitions[0].timestamp = timestamp;
    request.topics[0].partitions[0].current_leader_epoch = current;
    const auto response = ask<kafka::ListOffsetsResponse>(parts_->offsets, driver_->threads(),
                                                          driver_->executor(), request, 6);
    EXPECT_TRUE(response.has_value()) << response.error().to_string();
    return response->topics.at(0).partitions.at(0);
  }
  kafka::FetchResponse::Partition fetch(int32_t current) {
    kafka::FetchRequest request;
    request.topics.push_back({.name = "t", .partitions = {{.index = 0}}});
    request.topics[0].partitions[0].partition_max_bytes = 1 << 20;
    request.topics[0].partitions[0].current_leader_epoch = current;
    const auto response = ask<kafka::FetchResponse>(parts_->fetch, driver_->threads(),
                                                    driver_->executor(), request, 12);
    EXPECT_TRUE(response.has_value()) << response.error().to_string();
    return response->topics.at(0).partitions.at(0);
  }

  struct Parts {
    Parts(log::LogDriver& driver, io::SimulatedWorld& world)
        : cluster{.id = {}, .node_id = 1, .leader_epoch = driver.log().reader().leader_epoch()},
          topics(driver.log(), {}),
          sessions(world.world().random, 10),
          epochs(driver.log().reader(), topics, cluster),
          offsets(driver.log().reader(), topics, cluster),
          fetch(driver.log().reader(), topics, sessions, waits, cluster) {}
    Cluster cluster;
    TopicDirectory topics;
    FetchWaits waits;
    FetchSessions sessions;
    OffsetForLeaderEpochHandler epochs;
    ListOffsetsHandler offsets;
    FetchHandler fetch;
  };

  io::SimulatedWorld world_{{.seed = 3}};
  std::optional<log::LogDriver> driver_;
  std::optional<Parts> parts_;
  commit::PartitionId partition_;
};

TEST_F(LeaderEpoch, TheEndOfAnEpochIsWhereTheNextOneBegan) {
  append(2);
  start();
  start();
  append(3);
  for (const int16_t version : {0, 1, 2, 3, 4}) {
    const auto answer = end_of(0, -1, 0, version);
    EXPECT_EQ(answer.error_code, 0);
    EXPECT_EQ(answer.end_offset, 2);
    EXPECT_EQ(answer.leader_epoch, version == 0 ? -1 : 0);
  }
  EXPECT_EQ(end_of(1).leader_epoch, 0);
  EXPECT_EQ(end_of(1).end_offset, 2);
  EXPECT_EQ(end_of(2, 2).leader_epoch, 2);
  EXPECT_EQ(end_of(2, 2).end_offset, 5);
  for (const int32_t unknown : {-1, 3, INT32_MAX}) {
    EXPECT_EQ(end_of(unknown).error_code, 0);
    EXPECT_EQ(end_of(unknown).leader_epoch, -1);
    EXPECT_EQ(end_of(unknown).end_offset, -1);
  }
}

TEST_F(LeaderEpoch, AClientWithAnotherEpochIsTold) {
  start();
  const auto fenced = kafka::code_of(ProtocolError::kFencedLeaderEpoch);
  const auto unknown = kafka::code_of(ProtocolError::kUnknownLeaderEpoch);
  EXPECT_EQ(end_of(0, 0).error_code, fenced);
  EXPECT_EQ(end_of(0, 0).end_offset, -1);
  EXPECT_EQ(end_of(0, 1).error_code, 0);
  EXPECT_EQ(end_of(0, 2).error_code, unknown);
  EXPECT_EQ(end_of(0, -1, 7).error_code, kafka::code_of(ProtocolError::kUnknownTopicOrPartition));
  EXPECT_EQ(offset_at(-1, 0).error_code, fenced);
  EXPECT_EQ(offset_at(-1, 1).error_code, 0);
  EXPECT_EQ(offset_at(-1, 2).error_code, unknown);
  EXPECT_EQ(fetch(0).error_code, fenced);
  EXPECT_EQ(fetch(0).current_leader.leader_epoch, 1);
  EXPECT_EQ(fetch(1).error_code, 0);
  EXPECT_EQ(fetch(2).error_code, unknown);
}

TEST_F(LeaderEpoch, OffsetsComeWithTheEpochOfTheirRecords) {
  append(2);
  start();
  append(2);
  start();
  EXPECT_EQ(offset_at(-2).leader_epoch, 0);
  EXPECT_EQ(offset_at(-1).leader_epoch, 2);
  EXPECT_EQ(offset_at(100).leader_epoch, 0);
  EXPECT_EQ(offset_at(-3).offset, 1) << "the first of the newest";
  EXPECT_EQ(offset_at(-3).leader_epoch, 0);
  EXPECT_EQ(offset_at(1'000).leader_epoch, -1);
}

}  // namespace
}  // namespace millrace::broker
