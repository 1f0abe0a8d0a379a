#include "engine/task/chain.h"

#include <gtest/gtest.h>

#include "data/builder.h"
#include "io/simulated_clock.h"
#include "testing/rows_text.h"

namespace millrace::engine {
namespace {

using testing::rows_of;
using testing::schema_of;
using Lines = std::vector<std::string>;

const data::SchemaPtr& schema() {
  static const data::SchemaPtr schema = schema_of("k BIGINT");
  return schema;
}

// A tail whose room the test decides on; writes down what comes.
class ScriptedTail final : public Tail {
 public:
  Result<Step> on_event(Event event) override {
    switch (event.kind) {
      case EventKind::kBatch:
        for (const std::string& line : testing::lines_of(event.batch)) seen.push_back(line);
        if (batch_room > 0) --batch_room;
        break;
      case EventKind::kLate:
        for (const std::string& line : testing::lines_of(event.batch)) {
          seen.push_back("late " + line);
        }
        if (batch_room > 0) --batch_room;
        break;
      case EventKind::kWatermark:
        seen.push_back("w" + std::to_string(event.value));
        break;
      case EventKind::kTick:
        seen.push_back("t" + std::to_string(event.value));
        break;
      case EventKind::kBarrier:
        seen.push_back("b" + std::to_string(event.value));
        break;
      case EventKind::kIdle:
        seen.push_back(event.value ? "idle" : "active");
        break;
      case EventKind::kEnd:
        seen.push_back("end");
        break;
    }
    return next_step;
  }
  Result<Step> resume() override {
    ++resumed;
    return next_step;
  }
  bool room(bool batch) const override { return !batch || batch_room != 0; }
  bool wait_for_room(bool batch) override { return !room(batch); }
  bool takes_late() const override { return late; }

  Lines seen;
  bool late = false;
  int batch_room = -1;  // batches it takes; -1: any number
  Step next_step = Step::kDone;
  int resumed = 0;
};

// Emits each row `copies` times, one batch each, and something of its own at each time and barrier.
class Repeater final : public Operator {
 public:
  explicit Repeater(int copies, int64_t delay_us = 0) : copies_(copies) {
    traits_.name = "repeater";
    traits_.ports.resize(1);
    traits_.watermark_delay_us = delay_us;
  }
  const traits::OperatorTraits& traits() const override { return traits_; }
  Result<void> open(OpenContext&) override { return {}; }
  Result<Step> on_batch(Port, data::Batch batch, Output& output) override {
    EXPECT_TRUE(batch_.empty());
    batch_ = std::move(batch);
    left_ = copies_;
    return emit(output);
  }
  Result<Step> on_barrier(commit::Epoch epoch, Output& output) override {
    batch_ = rows_of(schema(), "+U " + std::to_string(100 + epoch.value()));
    left_ = 1;
    return emit(output);
  }
  Result<Step> resume(Output& output) override { return emit(output); }

 private:
  Result<Step> emit(Output& output) {
    for (; left_ > 0; --left_) {
      if (output.full()) return Step::kAgain;
      output.push(batch_);
    }
    batch_ = {};
    return Step::kDone;
  }
  traits::OperatorTraits traits_;
  const int copies_;
  data::Batch batch_;
  int left_ = 0;
};

// Finds every row late.
class Latecomer final : public Operator {
 public:
  Latecomer() {
    traits_.name = "latecomer";
    traits_.ports.resize(1);
  }
  const traits::OperatorTraits& traits() const override { return traits_; }
  Result<void> open(OpenContext&) override { return {}; }
  Result<Step> on_batch(Port, data::Batch batch, Output& output) override {
    output.push_late(std::move(batch));
    return Step::kDone;
  }

 private:
  traits::OperatorTraits traits_;
};

// Waits for data once per batch.
class Waiter final : public Operator {
 public:
  explicit Waiter(const bool& ready) : ready_(ready) {
    traits_.name = "waiter";
    traits_.ports.resize(1);
  }
  const traits::OperatorTraits& traits() const override { return traits_; }
  Result<void> open(OpenContext&) override { return {}; }
  Result<Step> on_batch(Port, data::Batch batch, Output& output) override {
    batch_ = std::move(batch);
    return resume(output);
  }
  Result<Step> resume(Output& output) override {
    ++asked;
    if (!ready_) return Step::kWait;
    output.push(std::exchange(batch_, {}));
    return Step::kDone;
  }
  int asked = 0;

 private:
  traits::OperatorTraits traits_;
  const bool& ready_;
  data::Batch batch_;
};

class NoSide final : public ChainSide {
 public:
  void late(const data::Batch&) override {}
  void reject(Rejection) override {}
};

struct Fixture {
  io::SimulatedClock clock{0};
  Slice slice;
  NoSide side;
  ScriptedTail* tail = nullptr;
  std::unique_ptr<Chain> chain;

  explicit Fixture(std::vector<std::unique_ptr<Operator>> operators, uint32_t batches_max = 1000)
      : slice(clock, 1'000'000, batches_max) {
    auto made = std::make_unique<ScriptedTail>();
    tail = made.get();
    std::vector<OpenContext> contexts(operators.size() + 1);
    chain = std::make_unique<Chain>(std::move(operators), std::move(made), slice, side);
    EXPECT_TRUE(chain->open(contexts));
    turn();
  }
  void turn() {
    slice.begin();
    chain->start_turn();
  }
  void push(std::string_view rows) { chain->push(Event::rows(0, rows_of(schema(), rows))); }
  void signal(EventKind kind, int64_t value) { chain->push(Event::signal(kind, value)); }
};

template <class... Operators>
std::vector<std::unique_ptr<Operator>> operators(Operators... each) {
  std::vector<std::unique_ptr<Operator>> all;
  (all.push_back(std::move(each)), ...);
  return all;
}

TEST(Chain, OperatorsCallEachOtherWhileNothingIsInTheWay) {
  Fixture fixture(operators(std::make_unique<Repeater>(2), std::make_unique<Repeater>(3)));
  fixture.push("1");
  EXPECT_TRUE(fixture.chain->idle());
  EXPECT_EQ(fixture.tail->seen.size(), 6U);
}

TEST(Chain, WithoutRoomEverythingWaitsInOrderAndNothingIsLost) {
  Fixture fixture(operators(std::make_unique<Repeater>(3), std::make_unique<Repeater>(2)));
  fixture.tail->batch_room = 0;
  fixture.push("1");
  fixture.signal(EventKind::kWatermark, 7);
  fixture.signal(EventKind::kBarrier, 1);
  EXPECT_FALSE(fixture.chain->idle());
  for (int n = 0; n < 100 && !fixture.chain->idle(); ++n) {
    EXPECT_EQ(*fixture.chain->run(), Step::kWait);
    fixture.tail->batch_room = 1;
    fixture.turn();
    ASSERT_TRUE(fixture.chain->run());
  }
  EXPECT_EQ(fixture.tail->seen, (Lines{"+I 1", "+I 1", "+I 1", "+I 1", "+I 1", "+I 1", "w7",
                                       "+U 101", "+U 101", "+U 101", "b1"}));
}

TEST(Chain, LateRowsPassTheOperatorsBehindAndStayInFrontOfTheBarrier) {
  Fixture fixture(operators(std::make_unique<Latecomer>(), std::make_unique<Repeater>(2)));
  fixture.push("1");
  fixture.tail->late = true;
  fixture.tail->batch_room = 0;
  fixture.push("2");
  fixture.signal(EventKind::kBarrier, 1);
  for (int n = 0; n < 100 && !fixture.chain->idle(); ++n) {
    EXPECT_EQ(*fixture.chain->run(), Step::kWait);
    fixture.tail->batch_room = 1;
    fixture.turn();
    ASSERT_TRUE(fixture.chain->run());
  }
  EXPECT_EQ(fixture.tail->seen, (Lines{"late +I 2", "+U 101", "b1"}));
}

TEST(Chain, ASliceOfOneBatchStillGetsAnywhere) {
  Fixture fixture(operators(std::make_unique<Repeater>(3), std::make_unique<Repeater>(3)), 1);
  fixture.push("1");
  int turns = 0;
  for (; !fixture.chain->idle(); ++turns) {
    ASSERT_LT(turns, 100);
    fixture.turn();
    ASSERT_TRUE(fixture.chain->run());
  }
  EXPECT_GT(turns, 3);
  EXPECT_EQ(fixture.tail->seen.size(), 9U);
}

TEST(Chain, SignalsReachATailThatHasRoomForThemOnly) {
  Fixture fixture({});
  fixture.tail->batch_room = 0;
  fixture.signal(EventKind::kIdle, 1);
  fixture.signal(EventKind::kBarrier, 3);
  EXPECT_TRUE(fixture.chain->idle());
  EXPECT_EQ(fixture.tail->seen, (Lines{"idle", "b3"}));
}

TEST(Chain, TimesGoOnOnlyWhenTheyAdvanceAndLagByTheOperatorsDelay) {
  Fixture fixture(operators(std::make_unique<Repeater>(1, 10), std::make_unique<Repeater>(1, 5)));
  fixture.signal(EventKind::kWatermark, 100);
  fixture.signal(EventKind::kWatermark, 100);
  fixture.signal(EventKind::kTick, 50);
  fixture.signal(EventKind::kWatermark, kTimeMax);
  EXPECT_EQ(fixture.tail->seen, (Lines{"w85", "t50", "w" + std::to_string(kTimeMax)}));
}

TEST(Chain, AnOperatorThatWaitsIsAskedOncePerTurnAndHoldsTheRest) {
  bool ready = false;
  auto waiter = std::make_unique<Waiter>(ready);
  Waiter* const asked = waiter.get();
  Fixture fixture(operators(std::move(waiter)));
  fixture.push("1");
  fixture.signal(EventKind::kWatermark, 9);
  EXPECT_EQ(*fixture.chain->run(), Step::kWait);
  EXPECT_EQ(*fixture.chain->run(), Step::kWait);
  EXPECT_EQ(asked->asked, 1);
  fixture.turn();
  EXPECT_EQ(*fixture.chain->run(), Step::kWait);
  EXPECT_EQ(asked->asked, 2);
  EXPECT_TRUE(fixture.tail->seen.empty());
  ready = true;
  fixture.turn();
  EXPECT_EQ(*fixture.chain->run(), Step::kDone);
  EXPECT_EQ(fixture.tail->seen, (Lines{"+I 1", "w9"}));
}

TEST(Chain, ATailThatSuspendsIsResumedBeforeAnythingElse) {
  Fixture fixture(operators(std::make_unique<Repeater>(2)));
  fixture.tail->next_step = Step::kWait;
  fixture.push("1");
  EXPECT_EQ(fixture.tail->seen.size(), 1U);
  EXPECT_EQ(*fixture.chain->run(), Step::kWait);
  fixture.tail->next_step = Step::kDone;
  fixture.turn();
  EXPECT_EQ(*fixture.chain->run(), Step::kDone);
  EXPECT_EQ(fixture.tail->resumed, 1);
  EXPECT_EQ(fixture.tail->seen.size(), 2U);
}

}  // namespace
}  // namespace millrace::engine
