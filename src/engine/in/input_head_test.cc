#include "engine/in/input_head.h"

#include <gtest/gtest.h>

#include "engine/epochs/split_positions.h"
#include "io/simulated_world.h"
#include "testing/key_counting.h"
#include "testing/time_recorder.h"

namespace millrace::engine {
namespace {

using testing::rows_of;
using testing::TimeRecorder;
using Lines = std::vector<std::string>;

class NoReports final : public TaskReports {
 public:
  void acknowledge(TaskAck) override {}
  void fail(Error) override {}
  void notice(Error) override {}
  void input_changed() override {}
  void input_ended(uint32_t) override {}
  void open_split(OpenRequest) override {}
  void last_epoch_delivered(uint32_t) override {}
};

class LineTail final : public Tail {
 public:
  LineTail(Lines& lines, int& batches) : lines_(lines), batches_(batches) {}
  Result<Step> on_event(Event event) override {
    const std::string value = event.value == kTimeMax ? "max" : std::to_string(event.value);
    switch (event.kind) {
      case EventKind::kBatch:
        ++batches_;
        for (const std::string& line : testing::lines_of(event.batch)) {
          lines_.push_back(line.substr(3, line.rfind(" | ") - 3));
        }
        break;
      case EventKind::kWatermark:
        lines_.push_back("watermark " + value);
        break;
      case EventKind::kLate:
      case EventKind::kTick:
        break;
      case EventKind::kBarrier:
        lines_.push_back("barrier " + value);
        break;
      case EventKind::kIdle:
        lines_.push_back(event.value != 0 ? "idle" : "active");
        break;
      case EventKind::kEnd:
        lines_.push_back("end");
        break;
    }
    return Step::kDone;
  }
  Result<Step> resume() override { return Step::kDone; }
  bool room(bool) const override { return true; }
  bool wait_for_room(bool) override { return false; }

 private:
  Lines& lines_;
  int& batches_;
};

class NoSide final : public ChainSide {
 public:
  void late(const data::Batch&) override {}
  void reject(Rejection) override {}
};

// Channels of the ports given, into a recorder, whose rows read "port | value | port's watermark |
// least watermark".
struct Fixture {
  io::SimulatedWorld world;
  std::unique_ptr<io::Executor> worker = world.threads().start({.name = "worker"});
  std::shared_ptr<TaskWaker> waker = std::make_shared<TaskWaker>(*worker);
  JobOptions options;
  Slice slice{world.clock(), 1'000'000, 1000};
  TaskCounters counters;
  UnitBoard board;
  TaskStaging staging{board, options.errors, counters, waker};
  NoSide side;
  Lines lines;
  int batches = 0;
  std::vector<std::shared_ptr<Channel>> channels;
  std::unique_ptr<Chain> chain;
  std::unique_ptr<InputHead> head;

  Fixture(std::vector<Port> ports, std::vector<Timestamp> floors = {}) {
    const size_t count = *std::ranges::max_element(ports) + size_t{1};
    std::vector<IncomingChannel> incoming;
    for (const Port port : ports) {
      channels.push_back(std::make_shared<Channel>(64, waker, waker));
      incoming.push_back({port, channels.back()});
    }
    std::vector<std::unique_ptr<Operator>> operators;
    operators.push_back(std::make_unique<TimeRecorder>(TimeRecorder::Options{count, false}));
    std::vector<OpenContext> contexts(2);
    chain = std::make_unique<Chain>(std::move(operators),
                                    std::make_unique<LineTail>(lines, batches), slice, side);
    EXPECT_TRUE(chain->open(contexts));
    head = std::make_unique<InputHead>(std::move(incoming), count,
                                       TimeStart{7, std::move(floors), "0/1/0"},
                                       HeadContext{0, options, world.clock(), slice, staging,
                                                   counters, waker, std::make_shared<NoReports>()});
  }
  void rows(size_t channel, std::string_view text) {
    channels[channel]->push(Event::rows(0, rows_of(testing::key_schema(), text)));
  }
  void signal(size_t channel, EventKind kind, int64_t value = 0) {
    channels[channel]->push(Event::signal(kind, value));
  }
  // All that can be read now; what went downstream.
  Lines run() {
    slice.begin();
    while (true) {
      EXPECT_EQ(*chain->run(), Step::kDone);
      if (*head->feed(*chain) == Step::kWait) break;
      if (const auto barrier = head->take_barrier()) barriers.push_back(barrier->value());
    }
    return std::exchange(lines, {});
  }
  std::vector<uint64_t> barriers;
};

TEST(InputHead, RowsMeetTheCommittedWatermarksBeforeAnyChannelHasSpoken) {
  Fixture fixture({0, 0, 1}, {100, 50, 50});
  fixture.rows(0, "1");
  fixture.signal(0, EventKind::kWatermark, 120);
  fixture.rows(0, "2");
  EXPECT_EQ(fixture.run(), (Lines{"watermark 50", "0 | 1 | 100 | 50", "0 | 2 | 100 | 50"}));
  fixture.signal(1, EventKind::kWatermark, 110);
  fixture.signal(2, EventKind::kWatermark, 40);
  fixture.rows(2, "3");
  EXPECT_EQ(fixture.run(), (Lines{"1 | 3 | 50 | 50"}));
}

TEST(InputHead, TheMergedFloorIsItsOwn) {
  // Port 1 was idle when port 0 drove the merged watermark to 90.
  Fixture fixture({0, 1}, {90, 30, 90});
  fixture.rows(0, "1");
  EXPECT_EQ(fixture.run(), (Lines{"watermark 90", "0 | 1 | 90 | 30"}));
  fixture.signal(0, EventKind::kWatermark, 95);
  fixture.signal(1, EventKind::kWatermark, 40);
  EXPECT_TRUE(fixture.run().empty());
  TaskAck ack;
  fixture.head->describe(ack);
  ASSERT_EQ(ack.positions.splits.size(), 1U);
  EXPECT_EQ(*decode_floors(ack.positions.splits[0].position), (std::vector<Timestamp>{95, 40, 90}));
  TaskAck again;
  fixture.head->describe(again);
  EXPECT_TRUE(again.positions.splits.empty());
}

TEST(InputHead, BehindItsBarrierAChannelIsNotRead) {
  Fixture fixture({0, 0});
  fixture.rows(0, "1");
  fixture.signal(0, EventKind::kBarrier, 1);
  fixture.rows(0, "2");
  fixture.rows(1, "3");
  EXPECT_EQ(fixture.run().size(), 2U);
  EXPECT_TRUE(fixture.barriers.empty());
  fixture.rows(1, "4");
  fixture.signal(1, EventKind::kBarrier, 1);
  fixture.rows(1, "5");
  const Lines lines = fixture.run();
  ASSERT_EQ(lines.size(), 4U);
  EXPECT_EQ(lines[0], "0 | 4 | NULL | NULL");
  EXPECT_EQ(lines[1], "barrier 1");
  EXPECT_EQ(fixture.barriers, (std::vector<uint64_t>{1}));
}

TEST(InputHead, AnIdlePortIsLeftOutAndAllIdleIsIdle) {
  Fixture fixture({0, 1});
  fixture.signal(0, EventKind::kWatermark, 60);
  fixture.signal(1, EventKind::kWatermark, 20);
  fixture.signal(1, EventKind::kIdle, 1);
  EXPECT_EQ(fixture.run(), (Lines{"watermark 20", "watermark 60"}));
  fixture.signal(0, EventKind::kIdle, 1);
  EXPECT_EQ(fixture.run(), (Lines{"idle"}));
  fixture.signal(1, EventKind::kIdle, 0);
  fixture.signal(1, EventKind::kWatermark, 30);
  EXPECT_EQ(fixture.run(), (Lines{"active"}));
  fixture.signal(1, EventKind::kWatermark, 80);
  EXPECT_EQ(fixture.run(), (Lines{"watermark 80"}));
}

TEST(InputHead, TheEndComesWhenAllInputsHaveEnded) {
  Fixture fixture({0, 0, 1});
  for (size_t channel = 0; channel < 3; ++channel) {
    fixture.signal(channel, EventKind::kWatermark, 10);
    fixture.signal(channel, EventKind::kWatermark, kTimeMax);
    fixture.signal(channel, EventKind::kTick, kTimeMax);
    fixture.signal(channel, EventKind::kEnd);
    const Lines lines = fixture.run();
    if (channel < 2) {
      EXPECT_TRUE(lines.empty()) << ::testing::PrintToString(lines);
    } else {
      EXPECT_EQ(lines, (Lines{"watermark 10", "watermark max", "end"}));
    }
  }
  fixture.rows(0, "9");
  fixture.signal(0, EventKind::kBarrier, 4);
  fixture.signal(1, EventKind::kBarrier, 4);
  fixture.signal(2, EventKind::kBarrier, 4);
  EXPECT_EQ(fixture.run().back(), "barrier 4");
}

TEST(InputHead, OneEndedAndTheOthersIdleIsIdleNotTheEnd) {
  Fixture fixture({0, 0});
  fixture.signal(0, EventKind::kWatermark, 10);
  fixture.signal(1, EventKind::kWatermark, 5);
  fixture.signal(1, EventKind::kIdle, 1);
  EXPECT_EQ(fixture.run(), (Lines{"watermark 5", "watermark 10"}));
  fixture.signal(0, EventKind::kWatermark, kTimeMax);
  fixture.signal(0, EventKind::kEnd);
  EXPECT_EQ(fixture.run(), (Lines{"idle"}));
}

TEST(InputHead, SmallBatchesArePutTogetherWhileMoreAreWaiting) {
  Fixture fixture({0});
  for (int n = 0; n < 10; ++n) fixture.rows(0, "-D 1\n2");
  EXPECT_EQ(fixture.run().size(), 20U);
  EXPECT_EQ(fixture.batches, 1);
  fixture.rows(0, "1");
  fixture.signal(0, EventKind::kWatermark, 5);
  fixture.rows(0, "2");
  EXPECT_EQ(fixture.run(), (Lines{"0 | 1 | NULL | NULL", "watermark 5", "0 | 2 | 5 | 5"}));
}

}  // namespace
}  // namespace millrace::engine
