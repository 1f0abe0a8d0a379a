#include "engine/in/watermark_merge.h"

#include <gtest/gtest.h>

namespace millrace::engine {
namespace {

TEST(WatermarkMerge, AnInputThatWasNeverHeardOfHoldsTheRest) {
  WatermarkMerge merge(2);
  merge.advance(0, 50);
  EXPECT_FALSE(merge.update());
  EXPECT_EQ(merge.time(), kTimeMin);
  merge.advance(1, 20);
  EXPECT_TRUE(merge.update());
  EXPECT_EQ(merge.time(), 20);
}

TEST(WatermarkMerge, AnIdleInputIsLeftOutAndDoesNotPullBackWhenItWakes) {
  WatermarkMerge merge(2);
  merge.advance(0, 50);
  merge.advance(1, 20);
  merge.update();
  merge.set_idle(1, true);
  merge.update();
  EXPECT_EQ(merge.time(), 50);
  merge.set_idle(1, false);
  EXPECT_FALSE(merge.update());
  EXPECT_EQ(merge.time(), 50);
  merge.advance(0, 60);
  merge.update();
  EXPECT_EQ(merge.time(), 50);  // held by the input that is behind, not moved by it
  merge.advance(1, 55);
  merge.update();
  EXPECT_EQ(merge.time(), 55);
}

TEST(WatermarkMerge, AllIdleIsIdleAndAsFarAsTheFurthestInEveryOrder) {
  WatermarkMerge merge(2);
  merge.advance(0, 50);
  merge.advance(1, 20);
  merge.update();
  merge.set_idle(0, true);
  merge.set_idle(1, true);
  EXPECT_TRUE(merge.update());
  EXPECT_TRUE(merge.idle());
  EXPECT_EQ(merge.time(), 50);

  WatermarkMerge ahead_first(2);
  ahead_first.advance(0, 50);
  ahead_first.set_idle(0, true);
  EXPECT_FALSE(ahead_first.update());
  ahead_first.set_idle(1, true);
  ahead_first.update();
  EXPECT_EQ(ahead_first.time(), 50);
  // What nobody has ever heard of tells no time.
  WatermarkMerge silent(2);
  silent.set_idle(0, true);
  silent.set_idle(1, true);
  silent.update();
  EXPECT_EQ(silent.time(), kTimeMin);
}

TEST(WatermarkMerge, AnEndedInputIsLeftOutAndAllEndedIsTheEnd) {
  WatermarkMerge merge(3);
  merge.advance(0, 10);
  merge.advance(1, 20);
  merge.advance(2, 30);
  merge.advance(0, kTimeMax);
  merge.update();
  EXPECT_EQ(merge.time(), 20);
  merge.set_idle(1, true);
  merge.set_idle(2, true);
  merge.update();
  // Ended and idle ones only: idle, not the end of time.
  EXPECT_TRUE(merge.idle());
  EXPECT_EQ(merge.time(), 30);
  merge.advance(1, kTimeMax);
  merge.advance(2, kTimeMax);
  merge.update();
  EXPECT_TRUE(merge.ended());
  EXPECT_EQ(merge.time(), kTimeMax);
}

TEST(WatermarkMerge, AFloorFromAnEarlierRunHolds) {
  WatermarkMerge merge(2);
  merge.restore(100);
  merge.advance(0, 90);
  merge.advance(1, 95);
  EXPECT_FALSE(merge.update());
  EXPECT_EQ(merge.time(), 100);
}

}  // namespace
}  // namespace millrace::engine
