// Producers and transactions in partitions: what the log promises of them, with crashes.
#include <gtest/gtest.h>

#include <random>

#include "base/endian.h"
#include "log/log_driver.h"
#include "log/partitions/producer_table.h"

namespace millrace::log {
namespace {

struct From {
  int64_t producer = 7;
  int16_t epoch = 0;
  int32_t sequence = 0;
  bool transactional = false;
};

commit::RecordBatch batch_from(From from, const std::vector<std::string>& values) {
  record::BatchBuilder builder({.producer_id = from.producer,
                                .producer_epoch = from.epoch,
                                .base_sequence = from.sequence,
                                .transactional = from.transactional});
  for (const std::string& value : values) {
    (void)builder.append({.timestamp_ms = 1, .key = std::nullopt, .value = value, .headers = {}});
  }
  return *commit::RecordBatch::of(builder.build());
}

commit::RecordBatch marker(int64_t producer, int16_t epoch, bool commits) {
  record::BatchBuilder builder(
      {.producer_id = producer, .producer_epoch = epoch, .transactional = true, .control = true});
  char key[4] = {};
  store_be<int16_t>(key + 2, commits ? 1 : 0);
  const char value[6] = {};
  (void)builder.append({.timestamp_ms = 1,
                        .key = std::string_view(key, sizeof key),
                        .value = std::string_view(value, sizeof value),
                        .headers = {}});
  return *commit::RecordBatch::of(builder.build());
}

class Producers : public ::testing::Test {
 protected:
  Producers() { open(); }
  void open() {
    driver_.emplace(world_.world());
    ASSERT_TRUE(driver_->is_open()) << driver_->open_error()->to_string();
    partition_ = driver_->make_partition("t");
  }
  void restart() {
    driver_.reset();
    open();
  }
  void crash() {
    if (!world_.files().crashed()) world_.files().crash(io::CrashMode::kTear);
    driver_.reset();
    world_.files().clear_faults();
    world_.files().recover();
    open();
  }
  ErrorCode refused(From from) {
    const auto appended = driver_->append(partition_, batch_from(from, {"x"}));
    EXPECT_FALSE(appended.has_value());
    return appended ? ErrorCode::kInternal : appended.error().code();
  }
  int64_t append(From from, const std::vector<std::string>& values) {
    const auto appended = driver_->append(partition_, batch_from(from, values));
    EXPECT_TRUE(appended.has_value()) << appended.error().to_string();
    return appended ? appended->base_offset : -1;
  }
  void end(int64_t producer, int16_t epoch, bool commits) {
    const auto done =
        io::await<std::vector<commit::Appended>>(driver_->threads(), [&](auto answer) {
          driver_->log().appender().append_all({{partition_, marker(producer, epoch, commits)}},
                                               driver_->executor(), std::move(answer));
        });
    EXPECT_TRUE(done.has_value()) << done.error().to_string();
  }
  commit::PartitionData read(int64_t offset, commit::Isolation isolation) {
    auto data = io::await<std::vector<commit::PartitionData>>(driver_->threads(), [&](auto done) {
      driver_->log().reader().read(
          {.partitions = {{.partition = partition_, .offset = offset}}, .isolation = isolation},
          driver_->executor(), std::move(done));
    });
    return std::move((*data)[0]);
  }
  int64_t stable() { return read(0, commit::Isolation::kReadCommitted).stable_offset; }

  io::SimulatedWorld world_{{.seed = 11}};
  std::optional<LogDriver> driver_;
  commit::PartitionId partition_;
};

// Clients that give up a batch in doubt and abort use its sequences again for another one.
TEST_F(Producers, ASequenceOfAnEndedTransactionIsNoDuplicateInTheNextOne) {
  const From again{.sequence = 1, .transactional = true};
  append({.sequence = 0, .transactional = true}, {"a"});
  EXPECT_EQ(append(again, {"b"}), 1);
  EXPECT_EQ(append(again, {"b"}), 1);
  end(7, 0, false);
  EXPECT_EQ(refused(again), ErrorCode::kOutOfOrderSequence);
  EXPECT_EQ(append({.sequence = 2, .transactional = true}, {"c"}), 3);
  EXPECT_EQ(refused(again), ErrorCode::kOutOfOrderSequence);
  EXPECT_EQ(append({.sequence = 2, .transactional = true}, {"c"}), 3);
}

TEST_F(Producers, ABatchThatWasWrittenBeforeIsAnsweredLikeTheFirstTime) {
  EXPECT_EQ(append({.sequence = 0}, {"a", "b"}), 0);
  EXPECT_EQ(append({.sequence = 2}, {"c"}), 2);
  EXPECT_EQ(append({.sequence = 0}, {"a", "b"}), 0);
  EXPECT_EQ(append({.sequence = 2}, {"c"}), 2);
  restart();
  EXPECT_EQ(append({.sequence = 2}, {"c"}), 2);
  EXPECT_EQ(append({.sequence = 3}, {"d"}), 3);
  EXPECT_EQ(driver_->values(partition_), (std::vector<std::string>{"0:a", "1:b", "2:c", "3:d"}));
}

TEST_F(Producers, OnlyTheNextSequenceIsTaken) {
  append({.sequence = 5}, {"a"});  // nothing is known of it yet
  EXPECT_EQ(refused({.sequence = 7}), ErrorCode::kOutOfOrderSequence);
  EXPECT_EQ(refused({.epoch = 1, .sequence = 6}), ErrorCode::kOutOfOrderSequence);
  append({.epoch = 1, .sequence = 0}, {"b"});
  EXPECT_EQ(refused({.epoch = 0, .sequence = 6}), ErrorCode::kStaleProducerEpoch);
  append({.producer = 8, .sequence = 0}, {"c"});
  EXPECT_EQ(append({.epoch = 1, .sequence = 1}, {"d"}), 3);
}

TEST_F(Producers, SequencesGoOnWithZeroAfterTheLast) {
  append({.sequence = INT32_MAX - 1}, {"a", "b"});
  append({.sequence = 0}, {"c"});
  append({.producer = 9, .sequence = INT32_MAX}, {"d", "e", "f"});
  append({.producer = 9, .sequence = 2}, {"g"});
}

TEST_F(Producers, OfSeveralBatchesAtOnceEachIsCheckedAgainstTheOnesBefore) {
  std::vector<Result<int64_t>> answers;
  for (const int32_t sequence : {0, 1, 2, 1, 4}) {
    driver_->log().appender().append(
        partition_, batch_from({.sequence = sequence}, {"x"}), commit::Acks::kDurable,
        driver_->executor(), [&](Result<commit::Appended> done) {
          answers.push_back(done ? Result<int64_t>(done->base_offset)
                                 : Result<int64_t>(std::move(done.error())));
        });
  }
  world_.threads().run_for(io::kNsPerSecond);
  ASSERT_EQ(answers.size(), 5U);
  int refused = 0;
  std::multiset<int64_t> offsets;
  for (const auto& answer : answers) {
    if (answer) {
      offsets.insert(*answer);
    } else {
      EXPECT_EQ(answer.error().code(), ErrorCode::kOutOfOrderSequence);
      ++refused;
    }
  }
  EXPECT_EQ(refused, 1);
  EXPECT_EQ(offsets, (std::multiset<int64_t>{0, 1, 1, 2}));
}

TEST_F(Producers, AnOpenTransactionHoldsTheStableOffset) {
  append({.sequence = 0, .transactional = true}, {"a"});
  append({.producer = 8, .sequence = 0}, {"b"});
  EXPECT_EQ(stable(), 0);
  EXPECT_TRUE(read(0, commit::Isolation::kReadCommitted).batches.empty());
  EXPECT_EQ(read(0, commit::Isolation::kReadUncommitted).batches.size(), 2U);
  EXPECT_EQ(refused({.sequence = 1}), ErrorCode::kInvalidTransactionState);
  restart();
  EXPECT_EQ(stable(), 0);
  end(7, 0, true);
  EXPECT_EQ(stable(), 3);
  const auto data = read(0, commit::Isolation::kReadCommitted);
  EXPECT_EQ(data.batches.size(), 3U);
  EXPECT_TRUE(data.aborted.empty());
  // The producer goes on with its sequence.
  EXPECT_EQ(append({.sequence = 1, .transactional = true}, {"c"}), 3);
}

TEST_F(Producers, WhatHasNoSequenceIsTakenAsItComes) {
  for (int64_t offset = 0; offset < 3; ++offset) {
    EXPECT_EQ(append({.sequence = -1, .transactional = true}, {"a"}), offset);
  }
  EXPECT_EQ(stable(), 0);
  end(7, 0, true);
  EXPECT_EQ(stable(), 4);
}

TEST_F(Producers, AbortedTransactionsAreListedByTheirFirstOffset) {
  append({.producer = 1, .sequence = 0, .transactional = true}, {"a"});  // 0
  append({.producer = 2, .sequence = 0, .transactional = true}, {"b"});  // 1
  end(2, 0, false);                                                      // 2
  append({.producer = 1, .sequence = 1, .transactional = true}, {"c"});  // 3
  end(1, 0, false);                                                      // 4
  append({.producer = 3, .sequence = 0}, {"d"});                         // 5
  for (int round = 0; round < 2; ++round) {
    const auto data = read(0, commit::Isolation::kReadCommitted);
    EXPECT_EQ(data.stable_offset, 6);
    EXPECT_EQ(data.aborted, (std::vector<commit::AbortedTransaction>{{1, 0}, {2, 1}}));
    EXPECT_EQ(read(3, commit::Isolation::kReadCommitted).aborted,
              (std::vector<commit::AbortedTransaction>{{1, 0}}));
    EXPECT_TRUE(read(5, commit::Isolation::kReadCommitted).aborted.empty());
    EXPECT_TRUE(read(0, commit::Isolation::kReadUncommitted).aborted.empty());
    restart();
  }
}

TEST_F(Producers, AHigherEpochsMarkerFencesWhatComesLate) {
  append({.sequence = 0, .transactional = true}, {"a"});
  end(7, 1, false);
  EXPECT_EQ(refused({.epoch = 0, .sequence = 1, .transactional = true}),
            ErrorCode::kStaleProducerEpoch);
  EXPECT_EQ(append({.epoch = 1, .sequence = 0, .transactional = true}, {"b"}), 2);
}

TEST_F(Producers, AWatchOfCommittedReadersWaitsForTheEndOfTheTransaction) {
  append({.sequence = 0, .transactional = true}, {"a"});
  bool committed = false;
  bool uncommitted = false;
  const auto watch = [&](commit::Isolation isolation, bool& woken) {
    return driver_->log().reader().watch(partition_, 0, isolation, driver_->executor(),
                                         [&] { woken = true; });
  };
  const auto first = watch(commit::Isolation::kReadCommitted, committed);
  const auto second = watch(commit::Isolation::kReadUncommitted, uncommitted);
  world_.threads().run_for(io::kNsPerSecond);
  EXPECT_TRUE(uncommitted);
  EXPECT_FALSE(committed);
  end(7, 0, true);
  world_.threads().run_for(io::kNsPerSecond);
  EXPECT_TRUE(committed);
}

// Producers that send each batch until it is acknowledged, through crashes and settling: every one
// is there once, in order.
TEST_F(Producers, WhatIsSentUntilItIsAcknowledgedIsThereOnce) {
  std::mt19937 random(5);
  std::vector<std::string> expected[3];
  int32_t next[3] = {};
  for (int step = 0; step < 400; ++step) {
    const size_t who = random() % 3;
    std::vector<std::string> values;
    for (uint32_t i = 0; i <= random() % 3; ++i) {
      values.push_back(std::to_string(who) + "/" + std::to_string(next[who] + int(i)) +
                       std::string(random() % 3000, '.'));
    }
    const From from{.producer = int64_t(who) + 100, .sequence = next[who]};
    bool acknowledged = false;
    while (!acknowledged) {
      const bool dies = random() % 20 == 0;
      if (dies) {
        world_.files().inject(
            {.call = io::FileCall::kSync, .nth = 1, .effect = io::FaultEffect::kCrash});
      }
      acknowledged = driver_->append(partition_, batch_from(from, values)).has_value();
      if (random() % 7 == 0) {
        acknowledged = driver_->append(partition_, batch_from(from, values)).has_value();
      }
      if (dies) crash();
    }
    next[who] += static_cast<int32_t>(values.size());
    expected[who].insert(expected[who].end(), values.begin(), values.end());
  }
  std::vector<std::string> found[3];
  for (const std::string& line : driver_->values(partition_)) {
    const std::string value = line.substr(line.find(':') + 1);
    found[static_cast<size_t>(value[0] - '0')].push_back(value);
  }
  for (size_t who = 0; who < 3; ++who) EXPECT_EQ(found[who], expected[who]);
}

TEST(ProducerTableTest, WhoIsSilentForLongIsForgottenUnlessATransactionIsOpen) {
  ProducerTable table;
  const auto write = [&](ProducerBatch batch) {
    table.admit(batch, 0);
    table.apply(batch, 0);
  };
  write({.producer_id = 1, .epoch = 0, .first_sequence = 0, .records = 1});
  write({.producer_id = 2, .epoch = 0, .first_sequence = 0, .records = 1, .transactional = true});
  table.expire(1000, 50);
  write({.producer_id = 3, .epoch = 0, .first_sequence = 0, .records = 1});
  table.expire(1040, 50);
  EXPECT_EQ(table.producers().size(), 3U);
  table.expire(1050, 50);
  EXPECT_FALSE(table.producers().contains(1));
  EXPECT_TRUE(table.producers().contains(2));
  EXPECT_TRUE(table.producers().contains(3));
  EXPECT_TRUE(table.check({.producer_id = 1, .epoch = 0, .first_sequence = 9, .records = 1}));
}

}  // namespace
}  // namespace millrace::log
