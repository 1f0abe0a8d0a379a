#include "broker/gather.h"
#include "broker/handlers/admin_driver_test.h"
#include "broker/settings/features.h"
#include "kafka/messages/alter_client_quotas.h"
#include "kafka/messages/alter_partition_reassignments.h"
#include "kafka/messages/alter_replica_log_dirs.h"
#include "kafka/messages/describe_client_quotas.h"
#include "kafka/messages/describe_cluster.h"
#include "kafka/messages/describe_log_dirs.h"
#include "kafka/messages/describe_quorum.h"
#include "kafka/messages/elect_leaders.h"
#include "kafka/messages/list_partition_reassignments.h"
#include "kafka/messages/update_features.h"

namespace millrace::broker {
namespace {

using kafka::AlterClientQuotasRequest;
using kafka::AlterClientQuotasResponse;
using kafka::AlterPartitionReassignmentsRequest;
using kafka::AlterPartitionReassignmentsResponse;
using kafka::AlterReplicaLogDirsRequest;
using kafka::AlterReplicaLogDirsResponse;
using kafka::DescribeClientQuotasRequest;
using kafka::DescribeClientQuotasResponse;
using kafka::DescribeClusterRequest;
using kafka::DescribeClusterResponse;
using kafka::DescribeLogDirsRequest;
using kafka::DescribeLogDirsResponse;
using kafka::DescribeQuorumRequest;
using kafka::DescribeQuorumResponse;
using kafka::ElectLeadersRequest;
using kafka::ElectLeadersResponse;
using kafka::ListPartitionReassignmentsRequest;
using kafka::ListPartitionReassignmentsResponse;
using kafka::UpdateFeaturesRequest;
using kafka::UpdateFeaturesResponse;

TEST(Gather, HandsOverWhenTheLastIsThere) {
  std::optional<std::vector<int>> all;
  std::vector<io::Completion<int>> waiting;
  {
    Gather<int> gather([&](std::vector<int> answers) { all = std::move(answers); });
    waiting.push_back(gather.place());
    gather.put(2);
    waiting.push_back(gather.place());
    gather.place()(4);
    gather.start();
  }
  waiting[1](3);
  EXPECT_FALSE(all.has_value());
  waiting[0](1);
  EXPECT_EQ(all, (std::vector{1, 2, 3, 4}));
}

TEST(Gather, OfNothingIsDoneAtOnce) {
  bool done = false;
  Gather<int> gather([&](const std::vector<int>& answers) { done = answers.empty(); });
  gather.start();
  EXPECT_TRUE(done);
}

TEST(Gather, OfACallThatIsDroppedIsDropped) {
  auto alive = std::make_shared<int>(1);
  bool ran = false;
  Gather<int> gather([&ran, alive](const std::vector<int>&) { ran = true; });
  (void)gather.place();
  gather.start();
  EXPECT_EQ(alive.use_count(), 1);
  EXPECT_FALSE(ran);
}

class ClusterAdmin : public AdminDriver {
 protected:
  using Entity = AlterClientQuotasRequest::Entity;
  using Op = AlterClientQuotasRequest::Op;

  AlterClientQuotasResponse alter(std::vector<AlterClientQuotasRequest::Entry> entries,
                                  bool validate_only = false, int16_t version = 1) {
    AlterClientQuotasRequest request;
    request.entries = std::move(entries);
    request.validate_only = validate_only;
    return call<AlterClientQuotasResponse>(request, version);
  }
  int alter_code(std::vector<Entity> entity, std::vector<Op> ops, bool validate_only = false) {
    const auto response = alter({{std::move(entity), std::move(ops)}}, validate_only);
    return response.entries.at(0).error_code;
  }
  // "user=a client-id=* producer_byte_rate=1; " of each that fits.
  std::string quotas(std::vector<DescribeClientQuotasRequest::Component> components = {},
                     bool strict = false) {
    DescribeClientQuotasRequest request;
    request.components = std::move(components);
    request.strict = strict;
    const auto response = call<DescribeClientQuotasResponse>(request, 1);
    if (response.error_code != 0) return "error " + std::to_string(response.error_code);
    std::string text;
    for (const auto& entry : *response.entries) {
      for (const auto& part : entry.entity) text += part.type + "=" + part.name.value_or("*") + " ";
      for (const auto& value : entry.values) {
        text += value.key + "=" + std::to_string(static_cast<int>(value.value)) + "; ";
      }
    }
    return text;
  }
};

TEST_F(ClusterAdmin, TheClusterIsOneBroker) {
  const auto response = call<DescribeClusterResponse>(DescribeClusterRequest(), 0);
  EXPECT_EQ(response.error_code, kNone);
  EXPECT_EQ(response.cluster_id, cluster_.id.to_string());
  EXPECT_EQ(response.controller_id, 1);
  ASSERT_EQ(response.brokers.size(), 1U);
  EXPECT_EQ(response.brokers[0].host, "here");
  EXPECT_EQ(response.brokers[0].port, 9092);
  EXPECT_EQ(response.cluster_authorized_operations, INT32_MIN);
  DescribeClusterRequest request;
  request.include_cluster_authorized_operations = true;
  EXPECT_GT(call<DescribeClusterResponse>(request, 2).cluster_authorized_operations, 0);
  request.endpoint_type = 2;
  EXPECT_EQ(call<DescribeClusterResponse>(request, 1).error_code, 114);
  request.endpoint_type = 7;
  EXPECT_EQ(call<DescribeClusterResponse>(request, 1).error_code, 115);
}

TEST_F(ClusterAdmin, TheQuorumIsOneVoter) {
  make_topic("t");
  DescribeQuorumRequest request;
  request.topics.push_back({.name = "__cluster_metadata", .partitions = {{0}, {1}}});
  request.topics.push_back({.name = "t", .partitions = {{0}}});
  for (const int16_t version : {0, 1, 2}) {
    const auto response = call<DescribeQuorumResponse>(request, version);
    EXPECT_EQ(response.error_code, kNone);
    ASSERT_EQ(response.topics.size(), 2U);
    const auto& quorum = response.topics[0].partitions.at(0);
    EXPECT_EQ(quorum.leader_id, 1);
    EXPECT_EQ(quorum.leader_epoch, 3);
    EXPECT_GT(quorum.high_watermark, 0);
    ASSERT_EQ(quorum.current_voters.size(), 1U);
    EXPECT_EQ(quorum.current_voters[0].log_end_offset, quorum.high_watermark);
    EXPECT_EQ(response.topics[0].partitions.at(1).error_code, 3);
    EXPECT_EQ(response.topics[1].partitions.at(0).error_code, 3);
    EXPECT_EQ(response.nodes.size(), version >= 2 ? 1U : 0U);
  }
}

TEST_F(ClusterAdmin, ALevelOfAFeatureIsChangedAndStays) {
  UpdateFeaturesRequest request;
  EXPECT_EQ(call<UpdateFeaturesResponse>(request, 1).error_code, kNone);
  const auto level = [&] {
    return Features(machines_->settings, log_->log().proposals()).level(all_features()[0]);
  };
  const auto epoch = [&] { return Features(machines_->settings, log_->log().proposals()).epoch(); };
  const auto change = [&](int16_t to, int8_t type, bool validate_only = false) {
    UpdateFeaturesRequest update;
    update.feature_updates.push_back(
        {.feature = "transaction.version", .max_version_level = to, .upgrade_type = type});
    update.validate_only = validate_only;
    return call<UpdateFeaturesResponse>(update, 2).error_code;
  };
  const int64_t before = epoch();
  EXPECT_EQ(level(), 2);
  EXPECT_EQ(change(2, 1), kNone);
  EXPECT_EQ(change(1, 1), 95);
  EXPECT_EQ(change(3, 1), 95);
  EXPECT_EQ(change(-1, 2), 95);
  EXPECT_EQ(change(1, 9), 42);
  EXPECT_EQ(change(1, 2, true), kNone);
  EXPECT_EQ(level(), 2);
  EXPECT_EQ(change(1, 2), kNone);
  EXPECT_EQ(level(), 1);
  EXPECT_EQ(change(2, 2), 95);
  EXPECT_GT(epoch(), before);
  const int64_t changed = epoch();
  restart();
  EXPECT_EQ(level(), 1);
  EXPECT_EQ(epoch(), changed);
  EXPECT_EQ(change(2, 1), kNone);
}

TEST_F(ClusterAdmin, OfSeveralFeaturesAllAreChangedOrNone) {
  UpdateFeaturesRequest request;
  request.feature_updates.push_back(
      {.feature = "transaction.version", .max_version_level = 1, .upgrade_type = 2});
  request.feature_updates.push_back({.feature = "b", .max_version_level = 1});
  request.feature_updates.push_back({.feature = "b", .max_version_level = 2});
  const auto each = call<UpdateFeaturesResponse>(request, 1);
  EXPECT_EQ(each.error_code, kNone);
  ASSERT_EQ(each.results.size(), 3U);
  EXPECT_EQ(each.results[0].error_code, kNone);
  EXPECT_EQ(each.results[1].error_code, 95);
  EXPECT_EQ(each.results[2].error_code, 42);
  EXPECT_EQ(call<UpdateFeaturesResponse>(request, 2).error_code, 95);
  const Features features(machines_->settings, log_->log().proposals());
  EXPECT_EQ(features.level(all_features()[0]), 2);
  // Before there were kinds of changes, a downgrade was a flag.
  UpdateFeaturesRequest old;
  old.feature_updates.push_back({.feature = "transaction.version", .max_version_level = 0});
  EXPECT_EQ(call<UpdateFeaturesResponse>(old, 0).results.at(0).error_code, 95);
  old.feature_updates[0].allow_downgrade = true;
  EXPECT_EQ(call<UpdateFeaturesResponse>(old, 0).results.at(0).error_code, kNone);
  EXPECT_EQ(features.level(all_features()[0]), 0);
}

TEST_F(ClusterAdmin, TheOneReplicaLeads) {
  make_topic("t", 2);
  ElectLeadersRequest request;
  EXPECT_TRUE(call<ElectLeadersResponse>(request, 2).topics.empty());
  request.topics.emplace().push_back({.name = "t", .partitions = {0, 1, 2, -1}});
  request.topics->push_back({.name = "none", .partitions = {0}});
  for (const int16_t version : {0, 1, 2}) {
    const auto response = call<ElectLeadersResponse>(request, version);
    EXPECT_EQ(response.error_code, kNone);
    EXPECT_EQ(response.topics.at(0).partitions.at(1).error_code, 84);
    EXPECT_EQ(response.topics.at(0).partitions.at(2).error_code, 3);
    EXPECT_EQ(response.topics.at(0).partitions.at(3).error_code, 3);
    EXPECT_EQ(response.topics.at(1).partitions.at(0).error_code, 3);
  }
  request.election_type = 2;
  EXPECT_EQ(call<ElectLeadersResponse>(request, 1).error_code, 42);
}

TEST_F(ClusterAdmin, PartitionsStayWhereTheyAre) {
  make_topic("t");
  using Partition = AlterPartitionReassignmentsRequest::Partition;
  const auto code = [&](Partition partition, const std::string& topic = "t") {
    AlterPartitionReassignmentsRequest request;
    request.topics.push_back({.name = topic, .partitions = {std::move(partition)}});
    const auto response = call<AlterPartitionReassignmentsResponse>(request, 1);
    return response.topics.at(0).partitions.at(0).error_code;
  };
  EXPECT_EQ(code({0, {{1}}}), kNone);
  EXPECT_EQ(code({0, {{2}}}), 39);
  EXPECT_EQ(code({0, {{1, 2}}}), 39);
  EXPECT_EQ(code({0, {{}}}), 39);
  EXPECT_EQ(code({0, std::nullopt}), 85);
  EXPECT_EQ(code({1, {{1}}}), 3);
  EXPECT_EQ(code({0, {{1}}}, "none"), 3);
  ListPartitionReassignmentsRequest request;
  request.topics.emplace().push_back({.name = "t", .partitions = {0}});
  const auto moving = call<ListPartitionReassignmentsResponse>(request, 0);
  EXPECT_EQ(moving.error_code, kNone);
  EXPECT_TRUE(moving.topics.empty());
}

TEST_F(ClusterAdmin, PartitionsAreMeasuredInTheOneFolder) {
  started_with_ = {{"log.dirs", "/data"}};
  restart();
  make_topic("a", 2);
  make_topic("b");
  const auto written = log_->append(log_->make_partition("a", 1), log::batch_of({"some bytes"}));
  ASSERT_TRUE(written.has_value());
  const auto all = call<DescribeLogDirsResponse>(DescribeLogDirsRequest(), 4);
  EXPECT_EQ(all.error_code, kNone);
  ASSERT_EQ(all.dirs.size(), 1U);
  EXPECT_EQ(all.dirs[0].dir, "/data");
  ASSERT_EQ(all.dirs[0].topics.size(), 2U);
  const auto& partitions = all.dirs[0].topics[0].partitions;
  ASSERT_EQ(partitions.size(), 2U);
  EXPECT_EQ(partitions[0].size, 0);
  EXPECT_EQ(partitions[1].size, static_cast<int64_t>(log::batch_of({"some bytes"}).bytes.bytes()));
  EXPECT_FALSE(partitions[1].is_future);
  DescribeLogDirsRequest some;
  some.topics.emplace().push_back({.name = "b", .partitions = {0, 7}});
  some.topics->push_back({.name = "c", .partitions = {0}});
  for (const int16_t version : {0, 1, 2, 3, 4}) {
    const auto response = call<DescribeLogDirsResponse>(some, version);
    ASSERT_EQ(response.dirs.at(0).topics.size(), 1U);
    ASSERT_EQ(response.dirs[0].topics[0].partitions.size(), 1U);
    EXPECT_EQ(response.dirs[0].topics[0].partitions[0].index, 0);
  }
}

TEST_F(ClusterAdmin, TheDiskOfTheFolderIsToldFromVersion4On) {
  started_with_ = {{"log.dirs", "/data"}};
  disk_space_ = [](const std::string& folder) -> Result<io::DiskSpace> {
    EXPECT_EQ(folder, "/data");
    return io::DiskSpace{.bytes = 1'000, .free_bytes = 300};
  };
  restart();
  const auto told = call<DescribeLogDirsResponse>(DescribeLogDirsRequest(), 4).dirs.at(0);
  EXPECT_EQ(told.total_bytes, 1'000);
  EXPECT_EQ(told.usable_bytes, 300);
  EXPECT_EQ(call<DescribeLogDirsResponse>(DescribeLogDirsRequest(), 3).dirs.at(0).total_bytes, -1);
  disk_space_ = [](const std::string&) -> Result<io::DiskSpace> {
    return Error(ErrorCode::kIoFailed, "the disk does not answer");
  };
  restart();
  EXPECT_EQ(call<DescribeLogDirsResponse>(DescribeLogDirsRequest(), 4).dirs.at(0).usable_bytes, -1);
}

TEST_F(ClusterAdmin, AllPartitionsAreInTheOneFolder) {
  started_with_ = {{"log.dirs", "/data"}};
  restart();
  make_topic("t");
  AlterReplicaLogDirsRequest request;
  request.dirs.push_back({.dir = "/data", .topics = {{.name = "t", .partitions = {0, 1}}}});
  request.dirs.push_back({.dir = "/other", .topics = {{.name = "t", .partitions = {0}}}});
  for (const int16_t version : {0, 1, 2}) {
    const auto response = call<AlterReplicaLogDirsResponse>(request, version);
    ASSERT_EQ(response.topics.size(), 2U);
    EXPECT_EQ(response.topics[0].partitions.at(0).error_code, kNone);
    EXPECT_EQ(response.topics[0].partitions.at(1).error_code, 3);
    EXPECT_EQ(response.topics[1].partitions.at(0).error_code, 57);
  }
}

TEST_F(ClusterAdmin, QuotasAreKept) {
  EXPECT_EQ(alter_code({{"user", "a"}, {"client-id", std::nullopt}},
                       {{"producer_byte_rate", 5, false}, {"request_percentage", 12.5, false}}),
            kNone);
  EXPECT_EQ(alter_code({{"user", "b"}}, {{"consumer_byte_rate", 7, false}}), kNone);
  EXPECT_EQ(alter_code({{"ip", "10.0.0.1"}}, {{"connection_creation_rate", 2, false}}), kNone);
  EXPECT_EQ(alter_code({{"user", "c"}}, {{"consumer_byte_rate", 7, false}}, true), kNone);
  const std::string ab =
      "client-id=* user=a producer_byte_rate=5; request_percentage=12; "
      "ip=10.0.0.1 connection_creation_rate=2; user=b consumer_byte_rate=7; ";
  EXPECT_EQ(quotas(), ab);
  restart();
  EXPECT_EQ(quotas(), ab);
  EXPECT_EQ(alter_code({{"client-id", std::nullopt}, {"user", "a"}},
                       {{"producer_byte_rate", 0, true}, {"request_percentage", 0, true}}),
            kNone);
  EXPECT_EQ(alter_code({{"ip", "10.0.0.1"}}, {{"connection_creation_rate", 0, true}}), kNone);
  EXPECT_EQ(quotas(), "user=b consumer_byte_rate=7; ");
}

TEST_F(ClusterAdmin, QuotasAreFound) {
  for (const auto& [user, client] : std::vector<std::pair<std::optional<std::string>, std::string>>{
           {"a", ""}, {"b", ""}, {std::nullopt, ""}, {"a", "x"}}) {
    std::vector<Entity> entity = {{"user", user}};
    if (!client.empty()) entity.push_back({"client-id", client});
    EXPECT_EQ(alter_code(entity, {{"producer_byte_rate", 1, false}}), kNone);
  }
  const std::string rate = "producer_byte_rate=1; ";
  const std::string both = "client-id=x user=a " + rate;
  EXPECT_EQ(quotas({{"user", 0, "a"}}), both + "user=a " + rate);
  EXPECT_EQ(quotas({{"user", 0, "a"}}, true), "user=a " + rate);
  EXPECT_EQ(quotas({{"user", 1, {}}}), "user=* " + rate);
  EXPECT_EQ(quotas({{"user", 2, {}}}, true),
            "user=* " + rate + "user=a " + rate + "user=b " + rate);
  EXPECT_EQ(quotas({{"user", 2, {}}, {"client-id", 0, "x"}}, true), both);
  EXPECT_EQ(quotas({}, true), "");
  EXPECT_EQ(quotas({{"user", 0, {}}}), "error 42");
  EXPECT_EQ(quotas({{"user", 1, "a"}}), "error 42");
  EXPECT_EQ(quotas({{"user", 3, {}}}), "error 42");
  EXPECT_EQ(quotas({{"pet", 2, {}}}), "error 42");
  EXPECT_EQ(quotas({{"user", 2, {}}, {"user", 2, {}}}), "error 42");
  EXPECT_EQ(quotas({{"user", 2, {}}, {"ip", 2, {}}}), "error 42");
}

TEST_F(ClusterAdmin, WrongQuotasAreRefused) {
  const Op good{"producer_byte_rate", 1, false};
  EXPECT_EQ(alter_code({}, {good}), 42);
  EXPECT_EQ(alter_code({{"pet", "a"}}, {good}), 42);
  EXPECT_EQ(alter_code({{"user", ""}}, {good}), 42);
  EXPECT_EQ(alter_code({{"user", "a"}, {"user", "b"}}, {good}), 42);
  EXPECT_EQ(alter_code({{"ip", "1"}, {"user", "b"}}, {good}), 42);
  EXPECT_EQ(alter_code({{"ip", "1"}}, {good}), 42);
  EXPECT_EQ(alter_code({{"user", "a"}}, {{"connection_creation_rate", 1, false}}), 42);
  EXPECT_EQ(alter_code({{"user", "a"}}, {{"nonsense", 1, false}}), 42);
  EXPECT_EQ(alter_code({{"user", "a"}}, {{"producer_byte_rate", 0, false}}), 42);
  EXPECT_EQ(alter_code({{"user", "a"}}, {{"producer_byte_rate", 1.5, false}}), 42);
  EXPECT_EQ(alter_code({{"user", "a"}}, {{"request_percentage", 1.0 / 0.0, false}}), 42);
  EXPECT_EQ(alter_code({{"user", "a"}}, {good, good}), 42);
  const auto response = alter(
      {{{{"user", "a"}}, {good}}, {{{"user", "b"}}, {good}}, {{{"user", "a"}}, {good}}}, false, 0);
  EXPECT_EQ(response.entries.at(0).error_code, 42);
  EXPECT_EQ(response.entries.at(1).error_code, kNone);
  EXPECT_EQ(response.entries.at(2).error_code, 42);
  EXPECT_EQ(response.entries.at(2).entity.at(0).name, "a");
  EXPECT_EQ(quotas(), "user=b producer_byte_rate=1; ");
}

}  // namespace
}  // namespace millrace::broker
