#include "connectors/nexmark/nexmark.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "connectors/connector_world_test.h"
#include "connectors/nexmark/nexmark_generator.h"

namespace millrace::connectors {
namespace {

constexpr int64_t kUsPerSecond = 1'000'000;

TestTable table(std::vector<std::pair<std::string, std::string>> options) {
  TestTable made{.connector = "nexmark",
                 .columns = "event_type INT",
                 .options = std::move(options),
                 .format = "",
                 .metadata = {},
                 .key = {}};
  for (const size_t column : {1U, 2U, 3U}) {
    made.metadata.push_back({.field = nexmark_schema()->field(column), .metadata_key = ""});
  }
  return made;
}

TEST(Nexmark, BatchSizesAndShardsGiveTheSameEvents) {
  const Lines whole = ConnectorWorld().rows(table({{"events.num", "9000"}}));
  ASSERT_EQ(whole.size(), 9000U);
  for (const uint32_t rows : {7U, 4096U}) {
    ConnectorWorld world;
    const Lines lines =
        world.rows(table({{"events.num", "9000"}}), {.shards = 3, .batch_rows_max = rows});
    EXPECT_EQ(testing::fold(lines), testing::fold(whole));
  }
}

TEST(Nexmark, EventsComeInTheirProportions) {
  Lines types;
  for (const std::string& line : ConnectorWorld().rows(table({{"events.num", "100"}}))) {
    types.push_back(line.substr(3, 1));
  }
  EXPECT_EQ(std::ranges::count(types, "0"), 2);
  EXPECT_EQ(std::ranges::count(types, "1"), 6);
  EXPECT_EQ(std::ranges::count(types, "2"), 92);
}

TEST(Nexmark, EventTimeGoesAtTheRate) {
  const NexmarkGenerator generator({.first_event_rate = 1'000, .next_event_rate = 1'000});
  const int64_t base = generator.event_time_us(0);
  EXPECT_EQ(generator.event_time_us(1'500) - base, 1'500'000);
  EXPECT_EQ(generator.event_time_us(7'200'000) - base, 7'200 * kUsPerSecond);
}

TEST(Nexmark, TheFirstRateHoldsInTheFirstHalfOfEveryTenMinutes) {
  const NexmarkGenerator generator({.first_event_rate = 10, .next_event_rate = 1'000});
  const int64_t base = generator.event_time_us(0);
  EXPECT_EQ(generator.event_time_us(3'000) - base, 300 * kUsPerSecond);
  EXPECT_EQ(generator.event_time_us(3'000 + 1'000) - base, 301 * kUsPerSecond);
  EXPECT_EQ(generator.event_time_us(303'000) - base, 600 * kUsPerSecond);
  EXPECT_EQ(generator.event_time_us(303'010) - base, 601 * kUsPerSecond);
}

TEST(Nexmark, TheRateIsALimitOfTheTable) {
  const Connector& connector = nexmark_connector();
  ConnectorWorld world;
  const auto options = world.options_of(table({{"rate", "2500"}}));
  ASSERT_TRUE(options);
  EXPECT_EQ(connector.traits().rows_per_second(*options), 2500);
}

TEST(Nexmark, DueAreTheEventsWhoseTimeHasCome) {
  const NexmarkGenerator generator(
      {.base_time_us = 5'000'000, .first_event_rate = 10'000, .next_event_rate = 10'000});
  EXPECT_EQ(generator.due(0, 4'000, 4'999'999), 0U);
  EXPECT_EQ(generator.due(0, 4'000, 5'000'000), 10U);
  EXPECT_EQ(generator.due(4'000, 4'000, 5'450'000), 510U);
  EXPECT_EQ(generator.due(0, 4'000, 9'000'000), 4'000U);
}

TEST(Nexmark, AtThePaceOfEventTimeNothingComesBeforeItsTime) {
  ConnectorWorld world;
  const int64_t start = world.world.clock().wall_us();
  ASSERT_EQ(start, 1'767'225'600'000'000);
  const TestTable paced = table({{"events.num", "30000"},
                                 {"next-event.rate", "10000"},
                                 {"base-time", "2026-01-01 00:00:01"},
                                 {"pace", "event-time"}});
  const auto collected = world.rows(paced, {.shards = 2});
  EXPECT_EQ(collected.size(), 30'000U);
  const int64_t took = world.world.clock().wall_us() - start;
  EXPECT_GE(took, 3'999'000);
  EXPECT_LE(took, 4'100'000);
}

TEST(Nexmark, WhatIsOverdueComesAtOnce) {
  ConnectorWorld world;
  const int64_t start = world.world.clock().wall_us();
  const Lines lines =
      world.rows(table({{"events.num", "9000"}, {"pace", "event-time"}}), {.shards = 2});
  EXPECT_EQ(testing::fold(lines),
            testing::fold(ConnectorWorld().rows(table({{"events.num", "9000"}}))));
  EXPECT_LE(world.world.clock().wall_us() - start, 100'000);
}

TEST(Nexmark, AtALowRateEventsComeOneByOne) {
  ConnectorWorld world;
  const auto before = world.world.clock().now();
  world.rows(table({{"events.num", "50"}}), {.rows_per_second = 10});
  EXPECT_GE(world.world.clock().now() - before, 4 * io::kNsPerSecond);
  EXPECT_LE(world.world.clock().now() - before, 6 * io::kNsPerSecond);
}

}  // namespace
}  // namespace millrace::connectors
