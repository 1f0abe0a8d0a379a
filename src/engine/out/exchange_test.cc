#include "engine/out/exchange.h"

#include <gtest/gtest.h>

#include <set>

#include "io/simulated_world.h"
#include "testing/rows_text.h"

namespace millrace::engine {
namespace {

using testing::rows_of;
using testing::schema_of;

struct Fixture {
  io::SimulatedWorld world;
  std::unique_ptr<io::Executor> worker = world.threads().start({.name = "worker"});
  std::vector<std::shared_ptr<Channel>> channels;
  std::unique_ptr<ExchangeTail> tail;

  Fixture(Routing routing, size_t shards, uint32_t credit = 4) {
    auto waker = std::make_shared<TaskWaker>(*worker);
    for (size_t shard = 0; shard < shards; ++shard) {
      channels.push_back(std::make_shared<Channel>(credit, waker, waker));
    }
    tail = std::make_unique<ExchangeTail>(std::vector<OutgoingEdge>{{routing, {0}, channels}});
  }
  std::vector<std::string> take(size_t shard) {
    std::vector<std::string> lines;
    while (Event* event = channels[shard]->front()) {
      for (std::string& line : testing::lines_of(event->batch)) lines.push_back(std::move(line));
      channels[shard]->pop();
    }
    return lines;
  }
};

data::Batch numbers(int count) {
  std::string text;
  for (int n = 0; n < count; ++n) text += (n % 3 == 0 ? "-D " : "+I ") + std::to_string(n) + "\n";
  return rows_of(schema_of("k BIGINT"), text);
}

TEST(Exchange, LateRowsTakeTheirOwnEdgesAndSignalsTakeAll) {
  Fixture fixture(Routing::kForward, 2);
  fixture.tail = std::make_unique<ExchangeTail>(
      std::vector<OutgoingEdge>{{Routing::kForward, {}, {fixture.channels[0]}, false},
                                {Routing::kForward, {}, {fixture.channels[1]}, true}});
  EXPECT_TRUE(fixture.tail->takes_late());
  const auto schema = schema_of("k BIGINT");
  ASSERT_TRUE(fixture.tail->on_event(Event::rows(0, rows_of(schema, "1"))));
  ASSERT_TRUE(fixture.tail->on_event(Event::late(rows_of(schema, "2"))));
  EXPECT_EQ(fixture.take(0), (std::vector<std::string>{"+I 1"}));
  EXPECT_EQ(fixture.take(1), (std::vector<std::string>{"+I 2"}));
  ASSERT_TRUE(fixture.tail->on_event(Event::signal(EventKind::kBarrier, 1)));
  for (const auto& channel : fixture.channels) {
    ASSERT_NE(channel->front(), nullptr);
    EXPECT_EQ(channel->front()->kind, EventKind::kBarrier);
  }
}

TEST(Exchange, EveryRowGoesToTheShardOfItsKeyOnceWithItsSign) {
  for (const size_t shards : {1U, 2U, 4U, 5U, 9U}) {
    Fixture fixture(Routing::kHash, shards);
    ASSERT_TRUE(fixture.tail->on_event(Event::rows(0, numbers(500))));
    std::vector<std::string> all;
    for (size_t shard = 0; shard < shards; ++shard) {
      const std::vector<std::string> lines = fixture.take(shard);
      EXPECT_GT(lines.size(), 20U);
      EXPECT_TRUE(std::ranges::is_sorted(
          lines, {}, [](const std::string& line) { return std::stoi(line.substr(3)); }));
      all.insert(all.end(), lines.begin(), lines.end());
    }
    std::vector<std::string> expected = testing::lines_of(numbers(500));
    std::ranges::sort(all);
    std::ranges::sort(expected);
    EXPECT_EQ(all, expected);
  }
}

TEST(Exchange, OneKeyIsOneShardInEveryBatch) {
  Fixture fixture(Routing::kHash, 4);
  for (int n = 0; n < 3; ++n) {
    const auto schema = schema_of("k BIGINT, s STRING");
    ASSERT_TRUE(fixture.tail->on_event(
        Event::rows(0, rows_of(schema, "7 | a\n7 | b\nNULL | c\nNULL | d"))));
  }
  std::set<size_t> sizes;
  for (size_t shard = 0; shard < 4; ++shard) sizes.insert(fixture.take(shard).size());
  EXPECT_TRUE(sizes == (std::set<size_t>{0, 6}) || sizes == (std::set<size_t>{0, 12}));
}

TEST(Exchange, FewShardsShareColumnsAndFewRowsAreCopied) {
  Fixture shared(Routing::kHash, 2);
  const data::Batch batch = numbers(500);
  ASSERT_TRUE(shared.tail->on_event(Event::rows(0, batch)));
  EXPECT_EQ(shared.channels[0]->front()->batch.column(0), batch.column(0));
  Fixture scattered(Routing::kHash, 5);
  ASSERT_TRUE(scattered.tail->on_event(Event::rows(0, batch)));
  EXPECT_FALSE(scattered.channels[0]->front()->batch.has_selection());
}

TEST(Exchange, BroadcastAndSignalsGoToAll) {
  Fixture fixture(Routing::kBroadcast, 3);
  ASSERT_TRUE(fixture.tail->on_event(Event::rows(0, numbers(5))));
  ASSERT_TRUE(fixture.tail->on_event(Event::signal(EventKind::kBarrier, 4)));
  for (size_t shard = 0; shard < 3; ++shard) {
    EXPECT_EQ(fixture.channels[shard]->front()->batch.size(), 5U);
    fixture.channels[shard]->pop();
    EXPECT_EQ(fixture.channels[shard]->front()->kind, EventKind::kBarrier);
  }
}

TEST(Exchange, RowsNeedCreditOfAllChannelsSignalsDoNot) {
  Fixture fixture(Routing::kBroadcast, 2, 1);
  EXPECT_TRUE(fixture.tail->room(true));
  ASSERT_TRUE(fixture.tail->on_event(Event::rows(0, numbers(5))));
  EXPECT_FALSE(fixture.tail->room(true));
  EXPECT_TRUE(fixture.tail->room(false));
  EXPECT_TRUE(fixture.tail->wait_for_room(true));
  fixture.take(0);
  EXPECT_FALSE(fixture.tail->room(true));
  fixture.take(1);
  EXPECT_TRUE(fixture.tail->room(true));
  EXPECT_FALSE(fixture.tail->wait_for_room(true));
}

TEST(Channel, SignalsAreBoundedToo) {
  Fixture fixture(Routing::kForward, 1, 1);
  int sent = 0;
  while (fixture.tail->room(false)) {
    ASSERT_TRUE(fixture.tail->on_event(Event::signal(EventKind::kWatermark, ++sent)));
    ASSERT_LT(sent, 1000);
  }
  EXPECT_GT(sent, 15);
  for (int n = 1; n <= sent; ++n) {
    ASSERT_NE(fixture.channels[0]->front(), nullptr);
    EXPECT_EQ(fixture.channels[0]->front()->value, n);
    fixture.channels[0]->pop();
  }
  EXPECT_EQ(fixture.channels[0]->front(), nullptr);
}

}  // namespace
}  // namespace millrace::engine
