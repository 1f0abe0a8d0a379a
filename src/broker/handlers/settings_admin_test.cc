#include <algorithm>

#include "broker/handlers/admin_driver_test.h"
#include "broker/settings/group_settings.h"
#include "broker/topics/topic_settings.h"
#include "kafka/messages/alter_configs.h"
#include "kafka/messages/describe_configs.h"
#include "kafka/messages/incremental_alter_configs.h"
#include "kafka/messages/list_config_resources.h"
#include "record/batch_builder.h"

namespace millrace::broker {
namespace {

using kafka::AlterConfigsRequest;
using kafka::AlterConfigsResponse;
using kafka::DescribeConfigsRequest;
using kafka::DescribeConfigsResponse;
using kafka::IncrementalAlterConfigsRequest;
using kafka::IncrementalAlterConfigsResponse;
using kafka::ListConfigResourcesRequest;
using kafka::ListConfigResourcesResponse;

constexpr int8_t kTopic = 2;
constexpr int8_t kBroker = 4;
constexpr int8_t kGroup = 32;
constexpr int8_t kSet = 0;
constexpr int8_t kDelete = 1;
constexpr int8_t kAppend = 2;
constexpr int8_t kSubtract = 3;

class SettingsAdmin : public AdminDriver {
 protected:
  using Change = IncrementalAlterConfigsRequest::Config;
  using Config = DescribeConfigsResponse::Config;

  SettingsAdmin() { make_topic("t"); }

  DescribeConfigsResponse::Resource describe(int8_t type, const std::string& name,
                                             std::optional<std::vector<std::string>> names = {},
                                             int16_t version = 4) {
    DescribeConfigsRequest request;
    request.include_synonyms = version >= 1;
    request.include_documentation = version >= 3;
    request.resources.push_back(
        {.resource_type = type, .resource_name = name, .config_names = std::move(names)});
    return call<DescribeConfigsResponse>(request, version).resources.at(0);
  }
  Config config(int8_t type, const std::string& name, const std::string& setting,
                int16_t version = 4) {
    const auto resource = describe(type, name, {{setting}}, version);
    EXPECT_EQ(resource.configs.size(), 1U) << setting;
    return resource.configs.empty() ? Config() : resource.configs[0];
  }
  // The value and its source.
  std::string value(int8_t type, const std::string& name, const std::string& setting) {
    const Config found = config(type, name, setting);
    return found.value.value_or("null") + "@" + std::to_string(found.source);
  }
  IncrementalAlterConfigsResponse::Resource change(int8_t type, const std::string& name,
                                                   std::vector<Change> changes,
                                                   bool validate_only = false,
                                                   int16_t version = 1) {
    IncrementalAlterConfigsRequest request;
    request.validate_only = validate_only;
    request.resources.push_back(
        {.resource_type = type, .resource_name = name, .configs = std::move(changes)});
    auto answer = call<IncrementalAlterConfigsResponse>(request, version).resources.at(0);
    EXPECT_EQ(answer.resource_name, name);
    EXPECT_EQ(answer.error_message.has_value(), answer.error_code != 0);
    return answer;
  }
  int change_code(int8_t type, const std::string& name, std::vector<Change> changes,
                  bool validate_only = false) {
    return change(type, name, std::move(changes), validate_only).error_code;
  }
  int replace_code(int8_t type, const std::string& name,
                   std::vector<AlterConfigsRequest::Config> configs, bool validate_only = false) {
    AlterConfigsRequest request;
    request.validate_only = validate_only;
    request.resources.push_back(
        {.resource_type = type, .resource_name = name, .configs = std::move(configs)});
    return call<AlterConfigsResponse>(request, 2).resources.at(0).error_code;
  }
  std::string listed(std::vector<int8_t> types, int16_t version = 1) {
    const auto response =
        call<ListConfigResourcesResponse>(ListConfigResourcesRequest{std::move(types)}, version);
    std::string text = response.error_code == 0 ? "" : std::to_string(response.error_code);
    for (const auto& resource : response.config_resources) {
      text += std::to_string(resource.type) + ":" + resource.name + " ";
    }
    return text;
  }
};

TEST_F(SettingsAdmin, EverySettingOfATopicIsListed) {
  for (const auto& names :
       {std::optional<std::vector<std::string>>(), std::optional(std::vector<std::string>())}) {
    const auto resource = describe(kTopic, "t", names);
    EXPECT_EQ(resource.error_code, kNone);
    EXPECT_EQ(resource.configs.size(), topic_settings().size());
  }
  const Config retention = config(kTopic, "t", "retention.ms");
  EXPECT_EQ(retention.value, "604800000");
  EXPECT_EQ(retention.source, 5);
  EXPECT_EQ(retention.config_type, 5);
  EXPECT_FALSE(retention.read_only);
  EXPECT_FALSE(retention.is_sensitive);
  EXPECT_FALSE(retention.documentation->empty());
  ASSERT_EQ(retention.config_synonyms.size(), 1U);
  EXPECT_EQ(retention.config_synonyms[0].name, "log.retention.ms");
  EXPECT_EQ(retention.config_synonyms[0].source, 5);
  EXPECT_TRUE(describe(kTopic, "t", {{"nonsense"}}).configs.empty());
}

TEST_F(SettingsAdmin, EachVersionHasWhatItsLayoutHas) {
  EXPECT_TRUE(config(kTopic, "t", "retention.ms", 0).is_default);
  EXPECT_EQ(config(kTopic, "t", "retention.ms", 1).source, 5);
  EXPECT_EQ(config(kTopic, "t", "retention.ms", 2).config_type, 0);
  EXPECT_EQ(config(kTopic, "t", "retention.ms", 3).config_type, 5);
  EXPECT_EQ(change_code(kTopic, "t", {{"retention.ms", kSet, "1"}}), kNone);
  EXPECT_FALSE(config(kTopic, "t", "retention.ms", 0).is_default);
}

TEST_F(SettingsAdmin, WhatIsNotThereIsSaid) {
  EXPECT_EQ(describe(kTopic, "none").error_code, 3);
  EXPECT_EQ(describe(kTopic, "no name").error_code, 17);
  EXPECT_EQ(describe(kBroker, "2").error_code, 42);
  EXPECT_EQ(describe(kGroup, "").error_code, 42);
  EXPECT_EQ(describe(8, "1").error_code, 42);
  EXPECT_EQ(describe(0, "x").error_code, 42);
}

TEST_F(SettingsAdmin, EveryDefaultOfATopicIsTheBrokers) {
  EXPECT_TRUE(std::ranges::is_sorted(broker_settings_table(), {}, &Setting::name));
  EXPECT_TRUE(std::ranges::is_sorted(group_settings_table(), {}, &Setting::name));
  for (const Setting& setting : broker_settings_table()) {
    const bool none = setting.default_value.empty();
    EXPECT_TRUE(none || check_value(setting, setting.default_value)) << setting.name;
    EXPECT_FALSE(setting.documentation.empty()) << setting.name;
  }
  for (const Setting& setting : group_settings_table()) {
    EXPECT_TRUE(check_value(setting, setting.default_value)) << setting.name;
  }
  for (const Setting& setting : topic_settings()) {
    if (setting.synonym.empty()) continue;
    const Setting* synonym = find_setting(broker_settings_table(), setting.synonym);
    ASSERT_NE(synonym, nullptr) << setting.synonym;
    EXPECT_EQ(synonym->default_value, setting.default_value) << setting.name;
    EXPECT_EQ(synonym->type, setting.type) << setting.name;
  }
}

TEST_F(SettingsAdmin, ATopicsSettingsAreChangedAndKept) {
  EXPECT_EQ(change_code(kTopic, "t", {{"retention.ms", kSet, "5"}, {"segment.ms", kSet, "7"}}),
            kNone);
  EXPECT_EQ(value(kTopic, "t", "retention.ms"), "5@1");
  EXPECT_EQ(change_code(kTopic, "t", {{"segment.ms", kDelete, {}}}), kNone);
  restart();
  EXPECT_EQ(value(kTopic, "t", "retention.ms"), "5@1");
  EXPECT_EQ(value(kTopic, "t", "segment.ms"), "604800000@5");
  EXPECT_EQ(config(kTopic, "t", "retention.ms").config_synonyms.size(), 2U);
  // What is not set can be deleted.
  EXPECT_EQ(change_code(kTopic, "t", {{"segment.ms", kDelete, {}}}), kNone);
}

TEST_F(SettingsAdmin, ListsGrowAndShrink) {
  EXPECT_EQ(change_code(kTopic, "t", {{"cleanup.policy", kAppend, "compact"}}), kNone);
  EXPECT_EQ(value(kTopic, "t", "cleanup.policy"), "delete,compact@1");
  EXPECT_EQ(change_code(kTopic, "t", {{"cleanup.policy", kAppend, "compact,delete"}}), kNone);
  EXPECT_EQ(value(kTopic, "t", "cleanup.policy"), "delete,compact@1");
  EXPECT_EQ(change_code(kTopic, "t", {{"cleanup.policy", kSubtract, "delete"}}), kNone);
  EXPECT_EQ(value(kTopic, "t", "cleanup.policy"), "compact@1");
  EXPECT_TRUE(topic("t")->limits.compacted);
  EXPECT_EQ(change_code(kTopic, "t", {{"cleanup.policy", kSubtract, "delete"}}), kNone);
  EXPECT_EQ(change_code(kTopic, "t", {{"cleanup.policy", kAppend, "nonsense"}}), 40);
  EXPECT_EQ(change_code(kTopic, "t", {{"retention.ms", kAppend, "1"}}), 40);
  EXPECT_EQ(change_code(kTopic, "t", {{"retention.ms", kSubtract, "1"}}), 40);
}

TEST_F(SettingsAdmin, WhatIsWrongChangesNothing) {
  const Change good{"segment.ms", kSet, "7"};
  EXPECT_EQ(change_code(kTopic, "t", {good, {"retention.ms", kSet, "soon"}}), 40);
  EXPECT_EQ(change_code(kTopic, "t", {good, {"nonsense", kSet, "1"}}), 40);
  EXPECT_EQ(change_code(kTopic, "t", {good, {"nonsense", kDelete, {}}}), 40);
  EXPECT_EQ(change_code(kTopic, "t", {good, {"retention.ms", kSet, {}}}), 42);
  EXPECT_EQ(change_code(kTopic, "t", {good, {"cleanup.policy", kAppend, {}}}), 42);
  EXPECT_EQ(change_code(kTopic, "t", {good, {"retention.ms", 9, "1"}}), 42);
  EXPECT_EQ(change_code(kTopic, "t", {good, good}), 42);
  EXPECT_EQ(change_code(kTopic, "none", {good}), 3);
  EXPECT_EQ(change_code(kTopic, "a b", {good}), 17);
  EXPECT_EQ(change_code(8, "1", {good}), 42);
  EXPECT_EQ(change_code(kTopic, "t", {good}, true), kNone);
  EXPECT_EQ(value(kTopic, "t", "segment.ms"), "604800000@5");
}

TEST_F(SettingsAdmin, ValuesAreBounded) {
  const std::string name = "leader.replication.throttled.replicas";
  EXPECT_EQ(change_code(kTopic, "t", {{name, kSet, std::string(32'767, 'x')}}), kNone);
  EXPECT_EQ(change_code(kTopic, "t", {{name, kSet, std::string(32'768, 'x')}}), 40);
  EXPECT_EQ(change_code(kTopic, "t", {{name, kAppend, "y"}}), 40);
}

TEST_F(SettingsAdmin, WhatABrokerIsStartedWithIsChecked) {
  EXPECT_TRUE(check_broker_setting("num.partitions", "4"));
  EXPECT_EQ(check_broker_setting("num.partitions", "no").error().code(),
            ErrorCode::kInvalidOptionValue);
  EXPECT_EQ(check_broker_setting("num.partition", "4").error().code(), ErrorCode::kUnknownOption);
  EXPECT_EQ(check_broker_setting("node.id", "4").error().code(), ErrorCode::kInvalidOptionValue);
}

TEST_F(SettingsAdmin, EachResourceHasItsAnswer) {
  make_topic("u");
  IncrementalAlterConfigsRequest request;
  const std::vector<Change> changes = {{"segment.ms", kSet, "7"}};
  for (const char* name : {"t", "none", "u", "t"}) {
    request.resources.push_back(
        {.resource_type = kTopic, .resource_name = name, .configs = changes});
  }
  const auto response = call<IncrementalAlterConfigsResponse>(request, 0);
  ASSERT_EQ(response.resources.size(), 4U);
  EXPECT_EQ(response.resources[0].error_code, 42);
  EXPECT_EQ(response.resources[1].error_code, 3);
  EXPECT_EQ(response.resources[2].error_code, kNone);
  EXPECT_EQ(response.resources[3].error_code, 42);
  EXPECT_EQ(value(kTopic, "t", "segment.ms"), "604800000@5");
  EXPECT_EQ(value(kTopic, "u", "segment.ms"), "7@1");
}

TEST_F(SettingsAdmin, ReplacingForgetsTheRest) {
  EXPECT_EQ(replace_code(kTopic, "t", {{"retention.ms", "5"}, {"segment.ms", "7"}}), kNone);
  EXPECT_EQ(replace_code(kTopic, "t", {{"segment.ms", "8"}}, true), kNone);
  EXPECT_EQ(value(kTopic, "t", "retention.ms"), "5@1");
  EXPECT_EQ(replace_code(kTopic, "t", {{"segment.ms", "8"}}), kNone);
  EXPECT_EQ(value(kTopic, "t", "retention.ms"), "604800000@5");
  EXPECT_EQ(value(kTopic, "t", "segment.ms"), "8@1");
  EXPECT_EQ(replace_code(kTopic, "t", {{"segment.ms", std::nullopt}}), 42);
  EXPECT_EQ(replace_code(kTopic, "t", {{"segment.ms", "1"}, {"segment.ms", "2"}}), 42);
  EXPECT_EQ(replace_code(kTopic, "t", {}), kNone);
  EXPECT_EQ(topic("t")->topic.config.size(), 0U);
}

TEST_F(SettingsAdmin, TheBrokersSettingsHoldByWhereTheyComeFrom) {
  started_with_ = {{"message.max.bytes", "100"}};
  restart();
  EXPECT_EQ(value(kBroker, "1", "message.max.bytes"), "100@4");
  EXPECT_EQ(value(kTopic, "t", "max.message.bytes"), "100@4");
  EXPECT_EQ(topic("t")->limits.message_bytes_max, 100U);
  EXPECT_EQ(change_code(kBroker, "", {{"message.max.bytes", kSet, "200"}}), kNone);
  EXPECT_EQ(value(kBroker, "1", "message.max.bytes"), "200@3");
  EXPECT_EQ(change_code(kBroker, "1", {{"message.max.bytes", kSet, "300"}}), kNone);
  EXPECT_EQ(topic("t")->limits.message_bytes_max, 300U);
  restart();
  const Config found = config(kBroker, "1", "message.max.bytes");
  EXPECT_EQ(found.value, "300");
  EXPECT_EQ(found.source, 2);
  ASSERT_EQ(found.config_synonyms.size(), 4U);
  EXPECT_EQ(found.config_synonyms[2].source, 4);
  EXPECT_EQ(found.config_synonyms[3].value, "1048588");
  EXPECT_EQ(value(kTopic, "t", "max.message.bytes"), "300@2");
  EXPECT_EQ(change_code(kTopic, "t", {{"max.message.bytes", kSet, "7"}}), kNone);
  EXPECT_EQ(topic("t")->limits.message_bytes_max, 7U);
  // Of all brokers only what was set for them is told.
  EXPECT_EQ(describe(kBroker, "").configs.size(), 1U);
  EXPECT_EQ(change_code(kBroker, "1", {{"message.max.bytes", kDelete, {}}}), kNone);
  EXPECT_EQ(value(kBroker, "1", "message.max.bytes"), "200@3");
  EXPECT_EQ(replace_code(kBroker, "", {}), kNone);
  EXPECT_EQ(value(kBroker, "1", "message.max.bytes"), "100@4");
}

TEST_F(SettingsAdmin, OfHoursMinutesAndMillisecondsTheFinestThatIsSetHolds) {
  const auto restart_with = [&](SettingValues values) {
    started_with_ = std::move(values);
    restart();
  };
  EXPECT_EQ(value(kTopic, "t", "retention.ms"), "604800000@5");
  EXPECT_EQ(value(kBroker, "1", "log.retention.minutes"), "null@5");
  restart_with({{"log.retention.hours", "2"}, {"log.roll.hours", "3"}});
  EXPECT_EQ(value(kTopic, "t", "retention.ms"), "7200000@4");
  EXPECT_EQ(value(kTopic, "t", "segment.ms"), "10800000@4");
  EXPECT_EQ(value(kBroker, "1", "log.retention.hours"), "2@4");
  EXPECT_EQ(log_defaults(*settings_).retention_ms, 7'200'000);
  restart_with({{"log.retention.hours", "2"}, {"log.retention.minutes", "5"}});
  EXPECT_EQ(value(kTopic, "t", "retention.ms"), "300000@4");
  EXPECT_EQ(config(kTopic, "t", "retention.ms").config_synonyms.size(), 3U);
  restart_with({{"log.retention.minutes", "5"}, {"log.retention.ms", "7"}});
  EXPECT_EQ(value(kTopic, "t", "retention.ms"), "7@4");
  restart_with({{"log.retention.hours", "-1"}});
  EXPECT_EQ(value(kTopic, "t", "retention.ms"), "-1@4");
  EXPECT_EQ(log_defaults(*settings_).retention_ms, std::nullopt);
  EXPECT_EQ(change_code(kBroker, "", {{"log.retention.ms", kSet, "9"}}), kNone);
  EXPECT_EQ(value(kTopic, "t", "retention.ms"), "9@3");
  EXPECT_EQ(change_code(kTopic, "t", {{"retention.ms", kSet, "8"}}), kNone);
  EXPECT_EQ(value(kTopic, "t", "retention.ms"), "8@1");
}

TEST_F(SettingsAdmin, TheBrokersRetentionHoldsForTopicsThatSetNone) {
  make_topic("own");
  EXPECT_EQ(change_code(kTopic, "own", {{"retention.bytes", kSet, "-1"}}), kNone);
  const auto fill = [&] {
    for (const char* name : {"t", "own"}) {
      for (int batch = 0; batch < 100; ++batch) {
        const auto records =
            log::batch_of({std::string(20'000, 'x')}, world_.clock().wall_us() / 1000);
        ASSERT_TRUE(log_->append(topic(name)->partition(0), records).has_value());
      }
    }
  };
  const auto start_of = [&](const char* name) {
    return (*log_->read({{.partition = topic(name)->partition(0), .offset = 0}}))[0].start_offset;
  };
  fill();
  world_.threads().run_for(700 * io::kNsPerSecond);
  EXPECT_EQ(start_of("t"), 0);
  EXPECT_EQ(change_code(kBroker, "", {{"log.retention.bytes", kSet, "500000"}}), kNone);
  world_.threads().run_for(700 * io::kNsPerSecond);
  const int64_t first = start_of("t");
  EXPECT_GT(first, 25);
  EXPECT_EQ(start_of("own"), 0);
  // And after a start, although nobody asks for a topic.
  fill();
  restart();
  world_.threads().run_for(700 * io::kNsPerSecond);
  EXPECT_GT(start_of("t"), first);
  EXPECT_EQ(start_of("own"), 0);
}

TEST_F(SettingsAdmin, TheBrokersCompactionHoldsForTopicsThatSetNone) {
  EXPECT_EQ(value(kTopic, "t", "cleanup.policy"), "delete@5");
  EXPECT_EQ(log_defaults(*settings_), commit::TopicDefaults{.retention_ms = 604'800'000});
  started_with_ = {{"log.cleaner.min.compaction.lag.ms", "5"}, {"log.cleaner.enable", "false"}};
  restart();
  EXPECT_EQ(change_code(kBroker, "",
                        {{"log.cleanup.policy", kAppend, "compact"},
                         {"log.cleaner.min.cleanable.ratio", kSet, "0.25"},
                         {"log.cleaner.delete.retention.ms", kSet, "7"},
                         {"log.cleaner.max.compaction.lag.ms", kSet, "9"}}),
            kNone);
  EXPECT_EQ(log_defaults(*settings_), (commit::TopicDefaults{.retention_ms = 604'800'000,
                                                             .deletes = true,
                                                             .compacts = true,
                                                             .delete_retention_ms = 7,
                                                             .min_compaction_lag_ms = 5,
                                                             .max_compaction_lag_ms = 9,
                                                             .dirty_ratio_min = 0.25,
                                                             .compaction = false}));
  EXPECT_EQ(value(kTopic, "t", "cleanup.policy"), "delete,compact@3");
  EXPECT_EQ(value(kTopic, "t", "min.cleanable.dirty.ratio"), "0.25@3");
  EXPECT_EQ(value(kTopic, "t", "min.compaction.lag.ms"), "5@4");
  const Config found = config(kTopic, "t", "cleanup.policy");
  ASSERT_EQ(found.config_synonyms.size(), 2U);
  EXPECT_EQ(found.config_synonyms[0].name, "log.cleanup.policy");
  EXPECT_EQ(found.config_synonyms[1].value, "delete");
  EXPECT_TRUE(topic("t")->limits.compacted);
  EXPECT_EQ(change_code(kBroker, "1", {{"log.cleanup.policy", kSet, "compact"}}), kNone);
  EXPECT_FALSE(log_defaults(*settings_).deletes);
  EXPECT_EQ(change_code(kTopic, "t", {{"cleanup.policy", kSet, "delete"}}), kNone);
  EXPECT_EQ(value(kTopic, "t", "cleanup.policy"), "delete@1");
  EXPECT_FALSE(topic("t")->limits.compacted);
  restart();
  EXPECT_EQ(value(kBroker, "1", "log.cleanup.policy"), "compact@2");
  EXPECT_EQ(change_code(kBroker, "", {{"log.cleanup.policy", kSet, "compacted"}}), 40);
  EXPECT_EQ(change_code(kBroker, "", {{"log.cleaner.min.cleanable.ratio", kSet, "1.5"}}), 40);
  EXPECT_EQ(change_code(kBroker, "", {{"log.cleaner.enable", kSet, "true"}}), 42);
}

TEST_F(SettingsAdmin, ATopicOfABrokerThatCompactsIsCompacted) {
  EXPECT_EQ(change_code(kTopic, "t", {{"min.cleanable.dirty.ratio", kSet, "0"}}), kNone);
  const auto fill = [&](int batches) {
    for (int i = 0; i < batches; ++i) {
      record::BatchBuilder builder;
      (void)builder.append({.timestamp_ms = world_.clock().wall_us() / 1000,
                            .key = "key",
                            .value = std::string(20'000, 'v')});
      ASSERT_TRUE(log_->append(topic("t")->partition(0), *commit::RecordBatch::of(builder.build()))
                      .has_value());
    }
    world_.threads().run_for(100 * io::kNsPerSecond);
  };
  const auto batches = [&] {
    const auto data = log_->read({{.partition = topic("t")->partition(0), .offset = 0}});
    return (*data)[0].batches.size();
  };
  fill(200);
  const size_t all = batches();
  EXPECT_EQ(change_code(kBroker, "", {{"log.cleanup.policy", kSet, "compact"}}), kNone);
  world_.threads().run_for(100 * io::kNsPerSecond);
  EXPECT_LT(batches(), all);
  EXPECT_LE(batches(), 2U);
}

TEST_F(SettingsAdmin, LagsOfCompactionAreInOrder) {
  const std::string min = "min.compaction.lag.ms";
  const std::string max = "max.compaction.lag.ms";
  const std::string broker = "log.cleaner.";
  EXPECT_EQ(change_code(kTopic, "t", {{min, kSet, "9"}, {max, kSet, "8"}}), 40);
  EXPECT_EQ(change_code(kTopic, "t", {{min, kSet, "9"}, {max, kSet, "9"}}), kNone);
  EXPECT_EQ(change_code(kTopic, "t", {{max, kSet, "8"}}), 40);
  EXPECT_EQ(change_code(kTopic, "t", {{min, kDelete, {}}}), kNone);
  EXPECT_EQ(change_code(kBroker, "", {{broker + min, kSet, "7"}, {broker + max, kSet, "6"}}), 40);
  EXPECT_EQ(change_code(kBroker, "", {{broker + min, kSet, "9"}}), kNone);
  EXPECT_EQ(change_code(kBroker, "1", {{broker + max, kSet, "8"}}), 40);
  EXPECT_EQ(change_code(kTopic, "t", {{max, kSet, "8"}}), 40);
  EXPECT_EQ(change_code(kTopic, "t", {{min, kSet, "0"}, {max, kSet, "8"}}), kNone);
  // The broker's change made it wrong; the rest can still be changed.
  EXPECT_EQ(change_code(kTopic, "t", {{min, kDelete, {}}, {max, kSet, "9"}}), kNone);
  EXPECT_EQ(change_code(kBroker, "", {{broker + min, kSet, "10"}}), kNone);
  EXPECT_EQ(change_code(kTopic, "t", {{"segment.ms", kSet, "7"}}), kNone);
  EXPECT_EQ(
      check_broker_settings_together({{broker + min, "7"}, {broker + max, "6"}}).error().code(),
      ErrorCode::kInvalidOptionValue);
  EXPECT_TRUE(check_broker_settings_together({{broker + min, "7"}}));
}

TEST_F(SettingsAdmin, WhatIsFixedWhileTheBrokerRunsIsSaid) {
  EXPECT_TRUE(config(kBroker, "1", "log.dirs").read_only);
  EXPECT_FALSE(config(kBroker, "1", "num.partitions").read_only);
  EXPECT_EQ(change_code(kBroker, "1", {{"log.dirs", kSet, "/x"}}), 42);
  EXPECT_EQ(change_code(kBroker, "2", {{"num.partitions", kSet, "2"}}), 42);
  EXPECT_EQ(change_code(kBroker, "1", {{"num.partitions", kSet, "0"}}), 40);
  EXPECT_EQ(change_code(kBroker, "1", {{"nonsense", kSet, "0"}}), 40);
  EXPECT_EQ(value(kBroker, "1", "node.id"), "1@4");
}

TEST_F(SettingsAdmin, WhatIsSetAtRunTimeHoldsForNewTopics) {
  EXPECT_EQ(
      change_code(kBroker, "",
                  {{"num.partitions", kSet, "3"}, {"auto.create.topics.enable", kSet, "false"}}),
      kNone);
  EXPECT_EQ(maker_->defaults().partitions, 3);
  EXPECT_FALSE(maker_->defaults().create_on_first_use);
}

TEST_F(SettingsAdmin, GroupsHaveSettings) {
  EXPECT_EQ(describe(kGroup, "g").configs.size(), group_settings_table().size());
  EXPECT_EQ(value(kGroup, "g", "consumer.session.timeout.ms"), "45000@5");
  EXPECT_EQ(change_code(kGroup, "g", {{"consumer.session.timeout.ms", kSet, "50000"}}), kNone);
  EXPECT_EQ(change_code(kGroup, "g", {{"share.auto.offset.reset", kSet, "never"}}), 40);
  EXPECT_EQ(change_code(kGroup, "", {{"consumer.session.timeout.ms", kSet, "50000"}}), 42);
  restart();
  EXPECT_EQ(value(kGroup, "g", "consumer.session.timeout.ms"), "50000@8");
  EXPECT_EQ(listed({kGroup}), "32:g ");
  EXPECT_EQ(change_code(kGroup, "g", {{"consumer.session.timeout.ms", kDelete, {}}}), kNone);
  EXPECT_EQ(listed({kGroup}), "");
}

TEST_F(SettingsAdmin, ResourcesWithSettingsAreListed) {
  EXPECT_EQ(listed({}), "2:t 4:1 ");
  EXPECT_EQ(listed({kTopic}), "2:t ");
  EXPECT_EQ(listed({16}), "");
  EXPECT_EQ(listed({99}), "35");
  EXPECT_EQ(listed({}, 0), "");
}

TEST_F(SettingsAdmin, ChangesAtOnceAreNotLost) {
  // All are on their way before the first is durable.
  std::vector<Answer> answers;
  io::Notification done;
  const std::vector<std::string> names = {"segment.ms", "flush.ms", "retention.ms"};
  for (const std::string& name : names) {
    IncrementalAlterConfigsRequest request;
    request.resources.push_back(
        {.resource_type = kTopic,
         .resource_name = "t",
         .configs = {{name, kSet, "7"}, {"cleanup.policy", kAppend, "compact"}}});
    std::string body;
    for (const Buffer& part : kafka::encode(request, 1)) body += part.view();
    log_->executor().post([&, body] {
      Call call{.header = {.api_key = 44, .version = 1, .correlation_id = 1, .client_id = "test"},
                .endpoint = {},
                .client_host = {},
                .executor = &log_->executor()};
      handlers_.at(44)->handle_body(std::move(call), Buffer::copy_of(body), [&](Answer answer) {
        answers.push_back(std::move(answer));
        if (answers.size() == names.size()) done.set();
      });
    });
  }
  log_->threads().wait(done);
  for (const std::string& name : names) EXPECT_EQ(value(kTopic, "t", name), "7@1");
  EXPECT_EQ(value(kTopic, "t", "cleanup.policy"), "delete,compact@1");
}

}  // namespace
}  // namespace millrace::broker
