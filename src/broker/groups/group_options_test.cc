#include "broker/groups/group_options.h"

#include <gtest/gtest.h>

#include "broker/settings/broker_settings.h"

namespace millrace::broker {
namespace {

GroupOptions options_of(SettingValues values) {
  const SettingsTable table;
  return group_options(BrokerSettings(table, Cluster(), std::move(values)));
}

TEST(GroupOptions, are_the_defaults_where_nothing_is_set) {
  const GroupOptions fresh;
  const GroupOptions options = options_of({});
  EXPECT_EQ(options.initial_rebalance_delay_ms, fresh.initial_rebalance_delay_ms);
  EXPECT_EQ(options.session_timeout_ms_min, fresh.session_timeout_ms_min);
  EXPECT_EQ(options.session_timeout_ms_max, fresh.session_timeout_ms_max);
  EXPECT_EQ(options.offset_metadata_bytes_max, fresh.offset_metadata_bytes_max);
  EXPECT_EQ(options.offsets_retention_ms, fresh.offsets_retention_ms);
  EXPECT_EQ(options.offsets_check_ms, fresh.offsets_check_ms);
  EXPECT_EQ(options.offsets_topic_partitions, fresh.offsets_topic_partitions);
}

TEST(GroupOptions, follow_the_settings_of_the_broker) {
  const GroupOptions options = options_of({{"group.initial.rebalance.delay.ms", "0"},
                                           {"group.min.session.timeout.ms", "1000"},
                                           {"group.max.session.timeout.ms", "2000"},
                                           {"group.max.size", "3"},
                                           {"offset.metadata.max.bytes", "4"},
                                           {"offsets.retention.minutes", "5"},
                                           {"offsets.retention.check.interval.ms", "6"},
                                           {"offsets.topic.num.partitions", "7"}});
  EXPECT_EQ(options.initial_rebalance_delay_ms, 0);
  EXPECT_EQ(options.session_timeout_ms_min, 1000);
  EXPECT_EQ(options.session_timeout_ms_max, 2000);
  EXPECT_EQ(options.members_max, 3u);
  EXPECT_EQ(options.offset_metadata_bytes_max, 4u);
  EXPECT_EQ(options.offsets_retention_ms, 300'000);
  EXPECT_EQ(options.offsets_check_ms, 6);
  EXPECT_EQ(options.offsets_topic_partitions, 7u);
}

}  // namespace
}  // namespace millrace::broker
