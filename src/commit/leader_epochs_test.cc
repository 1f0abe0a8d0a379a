#include "commit/leader_epochs.h"

#include <gtest/gtest.h>

namespace millrace::commit {
namespace {

TEST(LeaderEpochs, AnEpochEndsWhereTheNextOneBegins) {
  LeaderEpochs epochs;
  epochs.begin(1, 0);
  epochs.begin(3, 10);
  EXPECT_EQ(epochs.end_of(0, 5, 20), (EpochEnd{0, 0}));
  EXPECT_EQ(epochs.end_of(1, 5, 20), (EpochEnd{1, 10}));
  EXPECT_EQ(epochs.end_of(2, 5, 20), (EpochEnd{1, 10}));
  EXPECT_EQ(epochs.end_of(3, 5, 20), (EpochEnd{3, 20}));
  EXPECT_EQ(epochs.end_of(4, 5, 20), (EpochEnd{3, 20}));
  EXPECT_EQ(epochs.end_of(5, 5, 20), (EpochEnd{5, 20})) << "nothing was written in it yet";
}

TEST(LeaderEpochs, WhatWasNeverAnEpochIsUnknown) {
  LeaderEpochs epochs;
  epochs.begin(1, 0);
  EXPECT_EQ(epochs.end_of(-1, 1, 5), EpochEnd());
  EXPECT_EQ(epochs.end_of(2, 1, 5), EpochEnd());
  EXPECT_EQ(LeaderEpochs().end_of(0, 2, 0), (EpochEnd{0, 0}));
}

TEST(LeaderEpochs, ARecordHasTheEpochInWhichItWasWritten) {
  const LeaderEpochs epochs({{1, 0}, {4, 10}});
  EXPECT_EQ(epochs.at(0), 1);
  EXPECT_EQ(epochs.at(9), 1);
  EXPECT_EQ(epochs.at(10), 4);
  EXPECT_EQ(LeaderEpochs().at(7), 0);
  EXPECT_TRUE(epochs.begins(5));
  EXPECT_FALSE(epochs.begins(4));
}

TEST(LeaderEpochs, EpochsWhoseRecordsAreGoneAreForgotten) {
  LeaderEpochs epochs({{1, 0}, {2, 10}, {4, 20}});
  epochs.raise_start(0);
  EXPECT_EQ(epochs.starts().size(), 3U);
  epochs.raise_start(15);
  EXPECT_EQ(std::vector(epochs.starts().begin(), epochs.starts().end()),
            (std::vector<LeaderEpochs::Start>{{2, 15}, {4, 20}}));
  EXPECT_EQ(epochs.end_of(1, 6, 30), (EpochEnd{1, 15}));
  epochs.raise_start(30);
  EXPECT_EQ(std::vector(epochs.starts().begin(), epochs.starts().end()),
            (std::vector<LeaderEpochs::Start>{{4, 30}}));
}

}  // namespace
}  // namespace millrace::commit
