#include <algorithm>

#include "broker/handlers/admin_driver_test.h"
#include "kafka/messages/create_partitions.h"
#include "kafka/messages/create_topics.h"
#include "kafka/messages/delete_topics.h"
#include "kafka/messages/describe_topic_partitions.h"

namespace millrace::broker {
namespace {

using kafka::CreatePartitionsRequest;
using kafka::CreatePartitionsResponse;
using kafka::CreateTopicsRequest;
using kafka::CreateTopicsResponse;
using kafka::DeleteTopicsRequest;
using kafka::DeleteTopicsResponse;
using kafka::DescribeTopicPartitionsRequest;
using kafka::DescribeTopicPartitionsResponse;

class TopicsAdmin : public AdminDriver {
 protected:
  using Topic = CreateTopicsRequest::Topic;

  static Topic wanted(std::string name, int32_t partitions = 1, int16_t replication = 1) {
    return {.name = std::move(name),
            .num_partitions = partitions,
            .replication_factor = replication,
            .replica_assignment = {},
            .configs = {}};
  }
  static Topic with(std::string name, std::string setting, std::optional<std::string> value) {
    Topic topic = wanted(std::move(name));
    topic.configs.push_back({.name = std::move(setting), .value = std::move(value)});
    return topic;
  }
  static Topic assigned(std::string name,
                        std::vector<std::pair<int32_t, std::vector<int32_t>>> assignment) {
    Topic topic = wanted(std::move(name), -1, -1);
    for (auto& [partition, replicas] : assignment) {
      topic.replica_assignment.push_back({.partition = partition, .replicas = replicas});
    }
    return topic;
  }
  CreateTopicsResponse create(std::vector<Topic> topics, int16_t version = 7,
                              bool validate_only = false) {
    CreateTopicsRequest request;
    request.topics = std::move(topics);
    request.validate_only = validate_only;
    return call<CreateTopicsResponse>(request, version);
  }
  int create_code(Topic topic) { return create({std::move(topic)}).topics.at(0).error_code; }

  int grow(const std::string& name, int32_t count, bool validate_only = false,
           std::optional<std::vector<CreatePartitionsRequest::Assignment>> assignment = {}) {
    CreatePartitionsRequest request;
    request.validate_only = validate_only;
    request.topics.push_back({.name = name, .count = count, .assignment = std::move(assignment)});
    const auto response = call<CreatePartitionsResponse>(request, 3);
    EXPECT_EQ(response.topics.size(), 1U);
    EXPECT_EQ(response.topics.at(0).name, name);
    return response.topics.at(0).error_code;
  }
  DeleteTopicsResponse remove(std::vector<DeleteTopicsRequest::Topic> topics) {
    DeleteTopicsRequest request;
    request.topics = std::move(topics);
    return call<DeleteTopicsResponse>(request, 6);
  }
  DeleteTopicsResponse remove_names(std::vector<std::string> names, int16_t version) {
    DeleteTopicsRequest request;
    request.topic_names = std::move(names);
    return call<DeleteTopicsResponse>(request, version);
  }
  // "name:0,1,2 " of a page, and where the next one begins.
  std::string page(DescribeTopicPartitionsRequest request) {
    const auto response = call<DescribeTopicPartitionsResponse>(request, 0);
    std::string text;
    for (const auto& topic : response.topics) {
      text += *topic.name + ":";
      if (topic.error_code != 0) text += "error " + std::to_string(topic.error_code);
      for (const auto& partition : topic.partitions) text += std::to_string(partition.index);
      text += " ";
    }
    if (response.next_cursor) {
      text += "-> " + response.next_cursor->topic + std::to_string(response.next_cursor->partition);
    }
    return text;
  }
};

TEST_F(TopicsAdmin, ATopicIsMadeAndToldWithItsSettings) {
  const auto made = create({with("t", "cleanup.policy", "compact")}).topics.at(0);
  EXPECT_EQ(made.error_code, kNone);
  EXPECT_FALSE(made.error_message.has_value());
  EXPECT_EQ(made.num_partitions, 1);
  EXPECT_EQ(made.replication_factor, 1);
  ASSERT_NE(topic("t"), nullptr);
  EXPECT_EQ(made.id, topic("t")->id);
  ASSERT_TRUE(made.configs.has_value());
  EXPECT_EQ(made.configs->size(), topic_settings().size());
  const auto policy =
      std::ranges::find(*made.configs, "cleanup.policy", &CreateTopicsResponse::Config::name);
  EXPECT_EQ(policy->value, "compact");
  EXPECT_EQ(policy->source, 1);
  restart();
  ASSERT_NE(topic("t"), nullptr);
  EXPECT_TRUE(topic("t")->limits.compacted);
  EXPECT_EQ(topic("t")->id, made.id);
}

TEST_F(TopicsAdmin, EachVersionHasWhatItsLayoutHas) {
  const auto of_version = [&](int16_t version) {
    return create({wanted("v" + std::to_string(version))}, version).topics.at(0);
  };
  EXPECT_EQ(of_version(0).error_code, kNone);
  EXPECT_EQ(of_version(4).num_partitions, -1);
  EXPECT_EQ(of_version(5).num_partitions, 1);
  EXPECT_TRUE(of_version(6).id.empty());
  EXPECT_FALSE(of_version(7).id.empty());
  EXPECT_EQ(topics_->list().size(), 5U);
}

TEST_F(TopicsAdmin, DefaultsComeFromTheBroker) {
  started_with_ = {{"num.partitions", "4"}, {"default.replication.factor", "3"}};
  restart();
  EXPECT_EQ(create({wanted("t", -1, -1)}).topics.at(0).num_partitions, 4);
  EXPECT_EQ(topic("t")->topic.partitions, 4U);
}

TEST_F(TopicsAdmin, EachWrongTopicHasItsCode) {
  make_topic("a.b");
  EXPECT_EQ(create_code(wanted("a b")), 17);
  EXPECT_EQ(create_code(wanted("")), 17);
  EXPECT_EQ(create_code(wanted("a_b")), 17);
  EXPECT_EQ(create_code(wanted("__cluster_metadata")), 17);
  EXPECT_EQ(create_code(wanted("a.b")), 36);
  EXPECT_EQ(create_code(wanted("n", 0)), 37);
  EXPECT_EQ(create_code(wanted("n", -2)), 37);
  EXPECT_EQ(create_code(wanted("n", kPartitionsMax + 1)), 37);
  EXPECT_EQ(create_code(wanted("n", 1, 0)), 38);
  EXPECT_EQ(create_code(wanted("n", 1, -2)), 38);
  EXPECT_EQ(create_code(with("n", "retention.ms", "soon")), 40);
  EXPECT_EQ(create_code(with("n", "retention.mss", "1")), 40);
  EXPECT_EQ(create_code(with("n", "retention.ms", std::nullopt)), 40);
  EXPECT_EQ(topics_->list().size(), 1U);
  const auto named = create({with("n", "retention.mss", "1")}).topics.at(0);
  EXPECT_NE(named.error_message->find("retention.ms"), std::string::npos);
}

TEST_F(TopicsAdmin, OneReplicaIsMadeOfThreeUnlessThatIsRefused) {
  EXPECT_EQ(create_code(wanted("three", 1, 3)), kNone);
  started_with_ = {{"replication.factor.clamp", "false"}};
  restart();
  EXPECT_EQ(create_code(wanted("other", 1, 3)), 38);
}

TEST_F(TopicsAdmin, AnAssignmentNamesThisBrokerForEachPartition) {
  EXPECT_EQ(create_code(assigned("a", {{1, {1}}, {0, {1}}})), kNone);
  EXPECT_EQ(topic("a")->topic.partitions, 2U);
  EXPECT_EQ(create_code(assigned("n", {{0, {2}}})), 39);
  EXPECT_EQ(create_code(assigned("n", {{0, {1, 1}}})), 39);
  EXPECT_EQ(create_code(assigned("n", {{0, {}}})), 39);
  EXPECT_EQ(create_code(assigned("n", {{1, {1}}})), 39);
  EXPECT_EQ(create_code(assigned("n", {{-1, {1}}})), 39);
  EXPECT_EQ(create_code(assigned("n", {{0, {1}}, {0, {1}}})), 39);
  Topic both = assigned("n", {{0, {1}}});
  both.num_partitions = 1;
  EXPECT_EQ(create_code(both), 42);
}

TEST_F(TopicsAdmin, ANameTwiceInARequestIsRefusedOnce) {
  const auto response = create({wanted("a"), wanted("b"), wanted("a")});
  ASSERT_EQ(response.topics.size(), 2U);
  EXPECT_EQ(response.topics[0].name, "a");
  EXPECT_EQ(response.topics[0].error_code, 42);
  EXPECT_EQ(response.topics[1].error_code, kNone);
  EXPECT_EQ(topic("a"), nullptr);
  EXPECT_TRUE(create({}).topics.empty());
}

TEST_F(TopicsAdmin, WhoComesTooLateIsToldAndTheOthersAreMade) {
  // Both pass the checks before either is durable.
  std::vector<std::string> codes;
  io::Notification done;
  const auto ask_for = [&](std::vector<WantedTopic> topics) {
    maker_->make_all(topics, log_->executor(), [&](const std::vector<MadeTopic>& made) {
      std::string text;
      for (const MadeTopic& topic : made) text += std::to_string(code_of(topic.error)) + " ";
      codes.push_back(text);
      if (codes.size() == 2) done.set();
    });
  };
  log_->executor().post([&] {
    ask_for({{.name = "a"}, {.name = "b"}});
    ask_for({{.name = "c"}, {.name = "b"}, {.name = "d", .partitions = 0}});
  });
  log_->threads().wait(done);
  EXPECT_EQ(codes, (std::vector<std::string>{"0 0 ", "0 36 37 "}));
  EXPECT_EQ(topics_->list().size(), 3U);
}

TEST_F(TopicsAdmin, ValidatingMakesNothing) {
  const auto checked = create({wanted("t", 3), wanted("u", 0)}, 7, true);
  EXPECT_EQ(checked.topics.at(0).error_code, kNone);
  EXPECT_EQ(checked.topics.at(0).num_partitions, 3);
  EXPECT_TRUE(checked.topics.at(0).id.empty());
  EXPECT_EQ(checked.topics.at(1).error_code, 37);
  EXPECT_EQ(topic("t"), nullptr);
}

TEST_F(TopicsAdmin, TheBrokersOwnTopicsAreCompacted) {
  EXPECT_EQ(create_code(wanted(std::string(kTransactionTopic))), kNone);
  EXPECT_TRUE(topic(std::string(kTransactionTopic))->limits.compacted);
}

TEST_F(TopicsAdmin, PartitionsAreAdded) {
  make_topic("t", 2);
  EXPECT_EQ(grow("t", 5, true), kNone);
  EXPECT_EQ(topic("t")->topic.partitions, 2U);
  EXPECT_EQ(grow("t", 5), kNone);
  EXPECT_EQ(grow("t", 5), 37);
  EXPECT_EQ(grow("t", 4), 37);
  EXPECT_EQ(grow("t", -1), 37);
  EXPECT_EQ(grow("t", kPartitionsMax + 1), 37);
  EXPECT_EQ(grow("none", 2), 3);
  EXPECT_EQ(grow("t", 6, false, {{{{1}}}}), kNone);
  EXPECT_EQ(grow("t", 8, false, {{{{1}}}}), 39);
  EXPECT_EQ(grow("t", 7, false, {{{{2}}}}), 39);
  make_topic(std::string(kGroupTopic));
  EXPECT_EQ(grow(std::string(kGroupTopic), 2), 17);
  restart();
  EXPECT_EQ(topic("t")->topic.partitions, 6U);
}

TEST_F(TopicsAdmin, PartitionsOfATopicNamedTwiceStay) {
  make_topic("t");
  CreatePartitionsRequest request;
  request.topics.push_back({.name = "t", .count = 2, .assignment = {}});
  request.topics.push_back({.name = "t", .count = 3, .assignment = {}});
  const auto response = call<CreatePartitionsResponse>(request, 0);
  ASSERT_EQ(response.topics.size(), 1U);
  EXPECT_EQ(response.topics[0].error_code, 42);
  EXPECT_EQ(topic("t")->topic.partitions, 1U);
}

TEST_F(TopicsAdmin, TopicsAreDeletedByName) {
  make_topic("a");
  make_topic("b");
  make_topic(std::string(kGroupTopic));
  const auto response = remove_names({"a", "none", std::string(kGroupTopic)}, 5);
  ASSERT_EQ(response.topics.size(), 3U);
  EXPECT_EQ(response.topics[0].error_code, kNone);
  EXPECT_EQ(response.topics[1].error_code, 3);
  EXPECT_TRUE(response.topics[1].error_message.has_value());
  EXPECT_EQ(response.topics[2].error_code, 17);
  EXPECT_EQ(remove_names({"b", "b"}, 1).topics.at(1).error_code, 42);
  restart();
  EXPECT_EQ(topic("a"), nullptr);
  EXPECT_NE(topic("b"), nullptr);
}

TEST_F(TopicsAdmin, TopicsAreDeletedById) {
  make_topic("a");
  make_topic("b");
  const kafka::Uuid id = topic("a")->id;
  const auto response = remove({{.name = {}, .id = id},
                                {.name = {}, .id = {.raw = {std::byte{1}}}},
                                {.name = "b", .id = topic("b")->id},
                                {.name = {}, .id = {}}});
  ASSERT_EQ(response.topics.size(), 4U);
  EXPECT_EQ(response.topics[0].error_code, kNone);
  EXPECT_EQ(response.topics[0].name, "a");
  EXPECT_EQ(response.topics[1].error_code, 100);
  EXPECT_EQ(response.topics[1].name, std::nullopt);
  EXPECT_EQ(response.topics[2].error_code, 42);
  EXPECT_EQ(response.topics[3].error_code, 42);
  // By name, and by the same topic's id.
  const auto twice = remove({{.name = "b", .id = {}}, {.name = {}, .id = topic("b")->id}});
  EXPECT_EQ(twice.topics.at(0).error_code, 42);
  EXPECT_EQ(twice.topics.at(1).error_code, 42);
  make_topic("a");
  EXPECT_NE(topic("a")->id, id);
}

TEST_F(TopicsAdmin, DeletionCanBeSwitchedOff) {
  make_topic("a");
  started_with_ = {{"delete.topic.enable", "false"}};
  restart();
  EXPECT_EQ(remove_names({"a"}, 2).topics.at(0).error_code, 42);
  EXPECT_EQ(remove_names({"a"}, 3).topics.at(0).error_code, 73);
  EXPECT_NE(topic("a"), nullptr);
}

TEST_F(TopicsAdmin, PartitionsAreDescribedInPages) {
  make_topic("a", 2);
  make_topic("b", 3);
  make_topic("c", 1);
  EXPECT_EQ(page({}), "a:01 b:012 c:0 ");
  EXPECT_EQ(page({.topics = {{.name = "c"}, {.name = "a"}, {.name = "c"}}}), "a:01 c:0 ");
  EXPECT_EQ(page({.topics = {{.name = "b!"}, {.name = "x"}}}), "b!:error 17 x:error 3 ");
  EXPECT_EQ(page({.response_partition_limit = 3}), "a:01 b:0 -> b1");
  EXPECT_EQ(page({.response_partition_limit = 3, .cursor = {{"b", 1}}}), "b:12 c:0 ");
  EXPECT_EQ(page({.response_partition_limit = 2}), "a:01 -> b0");
  EXPECT_EQ(page({.response_partition_limit = 0}), "a:0 -> a1");
  // The cursor's topic has gone meanwhile; or it never had so many, or so few.
  EXPECT_EQ(page({.cursor = {{"aa", 1}}}), "b:012 c:0 ");
  EXPECT_EQ(page({.cursor = {{"b", 7}}}), "b: c:0 ");
  EXPECT_EQ(page({.cursor = {{"c", -7}}}), "c:0 ");
  const auto all = call<DescribeTopicPartitionsResponse>(DescribeTopicPartitionsRequest(), 0);
  const auto& partition = all.topics[0].partitions[0];
  EXPECT_EQ(partition.leader_id, 1);
  EXPECT_EQ(partition.leader_epoch, 3);
  EXPECT_EQ(partition.isr, std::vector{1});
  EXPECT_EQ(all.topics[0].id, topic("a")->id);
}

}  // namespace
}  // namespace millrace::broker
