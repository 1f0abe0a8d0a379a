#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "broker/topics/topic_directory.h"
#include "broker/topics/topic_settings.h"
#include "log/log_driver.h"

namespace millrace::broker {
namespace {

TEST(TopicSettings, StandInOrderAndHaveDefaultsThatFit) {
  EXPECT_TRUE(std::ranges::is_sorted(topic_settings(), {}, &Setting::name));
  for (const Setting& setting : topic_settings()) {
    EXPECT_TRUE(check_topic_setting(setting.name, setting.default_value).has_value())
        << setting.name;
    EXPECT_FALSE(setting.documentation.empty()) << setting.name;
    EXPECT_EQ(find_topic_setting(setting.name), &setting);
  }
}

TEST(TopicSettings, WhatDoesNotFitIsNamed) {
  const auto wrong = [](std::string_view name, std::string_view value) {
    const auto checked = check_topic_setting(name, value);
    return checked ? "" : checked.error().to_string();
  };
  EXPECT_EQ(wrong("cleanup.policy", "compact, delete"), "");
  EXPECT_NE(wrong("cleanup.policy", "compat").find("delete|compact"), std::string::npos);
  EXPECT_NE(wrong("retention.ms", "-2").find("a number of -1"), std::string::npos);
  EXPECT_NE(wrong("retention.ms", "1h").find("'1h'"), std::string::npos);
  EXPECT_NE(wrong("retention.mss", "1").find("retention.ms"), std::string::npos);
  EXPECT_NE(wrong("preallocate", "yes").find("true or false"), std::string::npos);
}

TEST(TopicSettings, LimitsAreReadWithTheirDefaults) {
  const TopicLimits plain = read_topic_limits({});
  EXPECT_EQ(plain.message_bytes_max, 1'048'588U);
  EXPECT_FALSE(plain.compacted);
  EXPECT_TRUE(plain.deleted);
  const TopicLimits other = read_topic_limits({{"cleanup.policy", "compact"},
                                               {"message.timestamp.type", "LogAppendTime"},
                                               {"max.message.bytes", "7"}});
  EXPECT_TRUE(other.compacted);
  EXPECT_FALSE(other.deleted);
  EXPECT_TRUE(other.log_append_time);
  EXPECT_EQ(other.message_bytes_max, 7U);
}

TEST(TopicDirectory, SeesTopicsAsTheyComeAndGo) {
  io::SimulatedWorld world({.seed = 1});
  log::LogDriver driver(world.world());
  kafka::Uuid cluster;
  cluster.raw.fill(std::byte{7});
  const TopicDirectory directory(driver.log(), cluster);
  EXPECT_EQ(directory.find("a"), nullptr);
  driver.make_partition("a", 0, 3);
  driver.make_partition("__consumer_offsets");
  const KnownTopicPtr found = directory.find("a");
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(found->topic.partitions, 3U);
  EXPECT_TRUE(found->has(2));
  EXPECT_FALSE(found->has(3));
  EXPECT_FALSE(found->has(-1));
  EXPECT_FALSE(found->internal);
  EXPECT_EQ(directory.find(found->id), found);
  EXPECT_EQ(directory.find(kafka::Uuid()), nullptr);
  EXPECT_TRUE(directory.find("__consumer_offsets")->internal);
  EXPECT_EQ(directory.list().size(), 2U);

  (void)io::await<void>(driver.threads(), [&](auto done) {
    driver.log().topics().remove(found->topic.id, driver.executor(), std::move(done));
  });
  EXPECT_EQ(directory.find("a"), nullptr);
  EXPECT_EQ(directory.find(found->id), nullptr);
  driver.make_partition("a");
  EXPECT_NE(directory.find("a")->id, found->id);
}

TEST(TopicDirectory, FollowsChangesAsIfItReadAllAgain) {
  io::SimulatedWorld world({.seed = 2});
  log::LogDriver driver(world.world());
  const TopicDirectory directory(driver.log(), kafka::Uuid());
  const auto propose = [&](commit::Command command) {
    return io::await<commit::Lsn>(driver.threads(), [&](auto done) {
      driver.log().proposals().propose({std::move(command)}, driver.executor(), std::move(done));
    });
  };
  std::mt19937 random(3);
  for (int step = 0; step < 600; ++step) {
    // Dots, so that some names are alike.
    const std::string name = "t" + std::string(random() % 2, '.') + std::to_string(random() % 9);
    const auto topic = driver.log().topics().describe(name);
    if (!topic) {
      driver.make_partition(name);
    } else if (random() % 3 == 0) {
      ASSERT_TRUE(propose(commit::delete_topic_command(topic->id)).has_value());
    } else {
      const std::string bytes = std::to_string(100 + random() % 100);
      ASSERT_TRUE(propose(commit::alter_topic_command(topic->id, topic->partitions + 1,
                                                      {{"max.message.bytes", bytes}}))
                      .has_value());
    }
    if (random() % 3 != 0) continue;  // several changes at once, too
    const TopicDirectory fresh(driver.log(), kafka::Uuid());
    const auto followed = directory.list();
    const auto read = fresh.list();
    ASSERT_EQ(followed.size(), read.size());
    for (size_t at = 0; at < read.size(); ++at) {
      const KnownTopic& one = *followed[at];
      const KnownTopic& other = *read[at];
      EXPECT_EQ(one.topic.name, other.topic.name);
      EXPECT_EQ(one.id, other.id);
      EXPECT_EQ(one.topic.partitions, other.topic.partitions);
      EXPECT_EQ(one.topic.config, other.topic.config);
      EXPECT_EQ(one.limits.message_bytes_max, other.limits.message_bytes_max);
      EXPECT_EQ(directory.find(other.id), followed[at]);
    }
    const KnownTopicPtr alike = directory.find_alike(name);
    const KnownTopicPtr expected = fresh.find_alike(name);
    ASSERT_EQ(alike == nullptr, expected == nullptr);
    EXPECT_TRUE(alike == nullptr || alike->topic.name == expected->topic.name);
  }
}

}  // namespace
}  // namespace millrace::broker
