#include "kafka/messages/delete_records.h"

#include "broker/handlers/admin_driver_test.h"

namespace millrace::broker {
namespace {

using kafka::DeleteRecordsRequest;
using kafka::DeleteRecordsResponse;

class RecordsAdmin : public AdminDriver {
 protected:
  // Partition 0 with `count` records.
  commit::PartitionId fill(const std::string& name, int count) {
    const commit::PartitionId partition = log_->make_partition(name);
    for (int i = 0; i < count; ++i) {
      EXPECT_TRUE(log_->append(partition, log::batch_of({std::to_string(i)})));
    }
    return partition;
  }
  void set(const std::string& name, const std::string& setting, const std::string& value) {
    const auto done = io::await<commit::Lsn>(log_->threads(), [&](auto completion) {
      log_->log().proposals().propose(
          {commit::alter_topic_command(topic(name)->topic.id, std::nullopt, {{setting, value}})},
          log_->executor(), std::move(completion));
    });
    EXPECT_TRUE(done.has_value());
  }
  // "low watermark or error" of partition `index`.
  std::string remove(const std::string& name, int64_t offset, int32_t index = 0,
                     int16_t version = 2) {
    DeleteRecordsRequest request;
    request.topics.push_back({.name = name, .partitions = {{index, offset}}});
    const auto response = call<DeleteRecordsResponse>(request, version);
    const auto& partition = response.topics.at(0).partitions.at(0);
    EXPECT_EQ(partition.index, index);
    if (partition.error_code == 0) return std::to_string(partition.low_watermark);
    EXPECT_EQ(partition.low_watermark, -1);
    return "error " + std::to_string(partition.error_code);
  }
};

TEST_F(RecordsAdmin, WhatIsDeletedStaysSo) {
  const commit::PartitionId partition = fill("t", 5);
  EXPECT_EQ(remove("t", 2, 0, 0), "2");
  EXPECT_EQ(log_->values(partition, 2), (std::vector<std::string>{"2:2", "3:3", "4:4"}));
  // What is gone already is gone.
  EXPECT_EQ(remove("t", 1, 0, 1), "2");
  restart();
  EXPECT_EQ(remove("t", 0), "2");
  EXPECT_EQ(remove("t", -1), "5");
  restart();
  EXPECT_EQ(remove("t", 0), "5");
  EXPECT_EQ(log_->ends({partition}), (std::vector<int64_t>{5}));
  fill("t", 1);
  EXPECT_EQ(log_->values(partition, 5), (std::vector<std::string>{"5:0"}));
}

TEST_F(RecordsAdmin, WhatCannotBeDeletedIsSaid) {
  fill("t", 3);
  EXPECT_EQ(remove("t", 4), "error 1");
  EXPECT_EQ(remove("t", -2), "error 1");
  EXPECT_EQ(remove("t", 0, 1), "error 3");
  EXPECT_EQ(remove("t", 0, -1), "error 3");
  EXPECT_EQ(remove("none", 0), "error 3");
  fill(std::string(kGroupTopic), 1);
  EXPECT_EQ(remove(std::string(kGroupTopic), 1), "error 17");
  set("t", "cleanup.policy", "compact");
  EXPECT_EQ(remove("t", 1), "error 44");
  set("t", "cleanup.policy", "compact,delete");
  EXPECT_EQ(remove("t", 1), "1");
}

TEST_F(RecordsAdmin, EachPartitionHasItsAnswer) {
  fill("a", 3);
  fill("b", 3);
  DeleteRecordsRequest request;
  request.topics.push_back({.name = "a", .partitions = {{0, 1}, {7, 0}}});
  request.topics.push_back({.name = "b", .partitions = {{0, -1}, {0, 9}}});
  const auto response = call<DeleteRecordsResponse>(request, 2);
  ASSERT_EQ(response.topics.size(), 2U);
  EXPECT_EQ(response.topics[0].partitions.at(0).low_watermark, 1);
  EXPECT_EQ(response.topics[0].partitions.at(1).error_code, 3);
  EXPECT_EQ(response.topics[1].partitions.at(0).low_watermark, 3);
  EXPECT_EQ(response.topics[1].partitions.at(1).error_code, 1);
  EXPECT_TRUE(call<DeleteRecordsResponse>(DeleteRecordsRequest(), 0).topics.empty());
}

}  // namespace
}  // namespace millrace::broker
