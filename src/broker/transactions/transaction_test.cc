#include "broker/transactions/transaction.h"

#include <gtest/gtest.h>

#include <random>

namespace millrace::broker {
namespace {

using kafka::ProtocolError;

constexpr int32_t kTimeoutMs = 60'000;
const TransactionPartition kA{"a", 0};
const TransactionPartition kB{"b", 3};

// A transactional id whose steps become durable at once.
class Driver {
 public:
  TransactionStep done(TransactionStep step) {
    if (step.record && transaction.pending()) transaction.finish(step, true);
    return step;
  }
  TransactionStep begin(std::optional<ProducerIdentity> known = std::nullopt) {
    return done(transaction.begin_producer(kTimeoutMs, known, next_id++, now));
  }
  TransactionStep add(ProducerIdentity producer, const std::set<TransactionPartition>& partitions) {
    return transaction.add_partitions(producer, partitions, 0, now);
  }
  // As a write of the second form does.
  TransactionStep join(ProducerIdentity producer,
                       const std::set<TransactionPartition>& partitions) {
    return transaction.claim(producer, partitions, true, now);
  }
  // As a write of the first form does.
  ProtocolError claim(ProducerIdentity producer, const std::set<TransactionPartition>& partitions) {
    return transaction.claim(producer, partitions, false, now).error;
  }
  // The broker starts again, and has this of it.
  void start_with(const TransactionRecord& stored) { transaction = Transaction(stored); }
  TransactionStep end(ProducerIdentity producer, bool commit) {
    return done(transaction.end(producer, commit, now));
  }
  TransactionStep end_new(ProducerIdentity producer, bool commit) {
    return done(transaction.end_with_new_epoch(producer, commit, next_id++, now));
  }

  Transaction transaction;
  int64_t next_id = 100;
  int64_t now = 1'000;
};

TEST(Transaction, CommitsWhatItsPartitionsHold) {
  Driver driver;
  const ProducerIdentity producer = driver.begin().producer;
  EXPECT_EQ(producer, (ProducerIdentity{100, 0}));
  EXPECT_EQ(driver.add(producer, {kA}).error, ProtocolError::kNone);
  EXPECT_EQ(driver.add(producer, {kB}).error, ProtocolError::kNone);
  EXPECT_FALSE(driver.add(producer, {kA}).record.has_value());
  EXPECT_EQ(driver.claim(producer, {kA}), ProtocolError::kNone);
  const TransactionStep end = driver.end(producer, true);
  ASSERT_TRUE(end.end.has_value());
  EXPECT_EQ(end.end->partitions, (std::set{kA, kB}));
  EXPECT_EQ(end.end->producer, producer);
  EXPECT_EQ(driver.transaction.record().state, TransactionState::kCompleteCommit);
  EXPECT_EQ(driver.claim(producer, {kA}), ProtocolError::kTransactionAbortable);
}

TEST(Transaction, TheSameEndTwiceIsOneAndTheOppositeIsWrong) {
  Driver driver;
  const ProducerIdentity producer = driver.begin().producer;
  EXPECT_EQ(driver.end(producer, true).error, ProtocolError::kInvalidTxnState);
  driver.add(producer, {kA});
  driver.end(producer, true);
  EXPECT_EQ(driver.end(producer, true).error, ProtocolError::kNone);
  EXPECT_FALSE(driver.end(producer, true).end.has_value());
  EXPECT_EQ(driver.end(producer, false).error, ProtocolError::kInvalidTxnState);
}

TEST(Transaction, PartitionsThatAreAddedCountAtOnceAndAreWrittenOnce) {
  Driver driver;
  const ProducerIdentity producer = driver.begin().producer;
  EXPECT_EQ(driver.add(producer, {kA}).record->partitions, (std::set{kA}));
  EXPECT_EQ(driver.claim(producer, {kB}), ProtocolError::kTransactionAbortable);
  const TransactionStep step = driver.add(producer, {kB});
  EXPECT_EQ(step.record->partitions, (std::set{kA, kB}));
  EXPECT_FALSE(driver.transaction.pending());
  EXPECT_FALSE(driver.transaction.claim(producer, {kA, kB}, false, driver.now).record.has_value());
  EXPECT_EQ(driver.end(producer, true).end->partitions, (std::set{kA, kB}));
}

TEST(Transaction, PartitionsThatCouldNotBeWrittenAreWrittenAgainBeforeTheyAreUsed) {
  Driver driver;
  const ProducerIdentity producer = driver.begin().producer;
  driver.add(producer, {kA});
  driver.transaction.not_written();
  const TransactionStep again = driver.transaction.claim(producer, {kA}, false, driver.now);
  EXPECT_EQ(again.error, ProtocolError::kNone);
  EXPECT_EQ(again.record->partitions, (std::set{kA}));
  EXPECT_FALSE(driver.transaction.claim(producer, {kA}, false, driver.now).record.has_value());
  driver.transaction.not_written();
  EXPECT_EQ(driver.end(producer, true).end->partitions, (std::set{kA}));
  driver.add(producer, {kB});
  EXPECT_FALSE(driver.transaction.claim(producer, {kB}, false, driver.now).record.has_value());
}

TEST(Transaction, PartitionsThatACrashHasTakenAreAddedAgainByWhatIsWrittenToThem) {
  Driver driver;
  const ProducerIdentity producer = driver.begin().producer;
  const TransactionRecord begun = driver.transaction.record();
  driver.add(producer, {kA});
  driver.start_with(begun);
  EXPECT_EQ(driver.claim({producer.id, 9}, {kA}), ProtocolError::kProducerFenced);
  const TransactionStep step = driver.transaction.claim(producer, {kA}, false, driver.now);
  EXPECT_EQ(step.error, ProtocolError::kNone);
  EXPECT_EQ(step.record->state, TransactionState::kOngoing);
  // The client was told of more than one; and it may add others meanwhile.
  driver.add(producer, {{"c", 0}});
  EXPECT_EQ(driver.claim(producer, {kB}), ProtocolError::kNone);
  EXPECT_EQ(driver.end(producer, true).end->partitions, (std::set{kA, kB, {"c", 0}}));
  // Whatever the next one adds has not met a crash.
  EXPECT_EQ(driver.claim(producer, {kA}), ProtocolError::kTransactionAbortable);
}

TEST(Transaction, AnEndFindsSomethingToEndAlsoWhereACrashHasTakenAllOfIt) {
  for (const bool commit : {true, false}) {
    Driver driver;
    const ProducerIdentity producer = driver.begin().producer;
    const TransactionRecord empty = driver.transaction.record();
    for (const bool before : {true, false}) {
      driver.start_with(empty);
      driver.add(producer, {kA});
      driver.end(producer, before);
      const TransactionRecord ended = driver.transaction.record();
      for (const TransactionRecord& stored : {empty, ended}) {
        driver.start_with(stored);
        const TransactionStep end = driver.end(producer, commit);
        EXPECT_EQ(end.error, ProtocolError::kNone);
        EXPECT_FALSE(end.end.has_value());
        // Its answer may be lost; but it was one end, not two.
        EXPECT_EQ(driver.end(producer, commit).error, ProtocolError::kNone);
        EXPECT_EQ(driver.end(producer, !commit).error, ProtocolError::kInvalidTxnState);
        EXPECT_EQ(driver.claim(producer, {kA}), ProtocolError::kTransactionAbortable);
      }
    }
  }
}

TEST(Transaction, WhileAStepIsOnItsWayOthersWait) {
  Driver driver;
  const ProducerIdentity producer = driver.begin().producer;
  driver.add(producer, {kA});
  const TransactionStep step = driver.transaction.end(producer, true, driver.now);
  EXPECT_EQ(driver.end(producer, true).error, ProtocolError::kConcurrentTransactions);
  EXPECT_EQ(driver.add(producer, {kB}).error, ProtocolError::kConcurrentTransactions);
  EXPECT_EQ(driver.begin().error, ProtocolError::kConcurrentTransactions);
  EXPECT_EQ(driver.claim(producer, {kA}), ProtocolError::kConcurrentTransactions);
  driver.transaction.finish(step, false);
  EXPECT_EQ(driver.transaction.record().state, TransactionState::kOngoing);
  EXPECT_EQ(driver.end(producer, true).error, ProtocolError::kNone);
}

TEST(Transaction, AProducerThatBeginsAnewFencesTheOldOne) {
  Driver driver;
  const ProducerIdentity old = driver.begin().producer;
  driver.add(old, {kA});
  const TransactionStep begun = driver.begin();
  EXPECT_EQ(begun.producer, (ProducerIdentity{100, 1}));
  ASSERT_TRUE(begun.end.has_value());
  EXPECT_FALSE(begun.end->commit);
  EXPECT_EQ(begun.end->producer, (ProducerIdentity{100, 1}));
  EXPECT_EQ(driver.end(old, true).error, ProtocolError::kProducerFenced);
  EXPECT_EQ(driver.add({7, 0}, {kA}).error, ProtocolError::kInvalidProducerIdMapping);
}

TEST(Transaction, AKnownProducerRaisesItsEpochAndARetryDoesNot) {
  Driver driver;
  const ProducerIdentity first = driver.begin().producer;
  const ProducerIdentity second = driver.begin(first).producer;
  EXPECT_EQ(second, (ProducerIdentity{100, 1}));
  EXPECT_EQ(driver.begin(first).producer, second);
  EXPECT_EQ(driver.begin(second).producer, (ProducerIdentity{100, 2}));
  EXPECT_EQ(driver.begin(first).error, ProtocolError::kProducerFenced);
  // One that begins without saying who it was leaves no way back.
  driver.begin();
  EXPECT_EQ(driver.begin(ProducerIdentity{100, 2}).error, ProtocolError::kProducerFenced);
}

TEST(Transaction, UsedUpEpochsLeadToANewId) {
  TransactionRecord stored;
  stored.producer_id = 5;
  stored.producer_epoch = INT16_MAX - 1;
  Driver driver;
  driver.transaction = Transaction(stored);
  const ProducerIdentity old{5, INT16_MAX - 1};
  EXPECT_EQ(driver.begin(old).producer, (ProducerIdentity{100, 0}));
  EXPECT_EQ(driver.begin(old).producer, (ProducerIdentity{100, 0}));
}

TEST(Transaction, EachEndOfVersionTwoHasAnEpochOfItsOwn) {
  Driver driver;
  const ProducerIdentity first = driver.begin().producer;
  driver.join(first, {kA});
  const TransactionStep end = driver.end_new(first, true);
  const ProducerIdentity second{100, 1};
  EXPECT_EQ(end.producer, second);
  EXPECT_EQ(end.end->producer, second);
  // The answer was lost.
  const TransactionStep again = driver.end_new(first, true);
  EXPECT_EQ(again.producer, second);
  EXPECT_FALSE(again.record.has_value());
  EXPECT_EQ(driver.end_new(first, false).error, ProtocolError::kInvalidTxnState);
  // An empty transaction can be aborted only.
  EXPECT_EQ(driver.end_new(second, true).error, ProtocolError::kInvalidTxnState);
  const TransactionStep empty = driver.end_new(second, false);
  EXPECT_EQ(empty.producer, (ProducerIdentity{100, 2}));
  EXPECT_FALSE(empty.end.has_value());
  EXPECT_EQ(driver.end_new({100, 9}, true).error, ProtocolError::kProducerFenced);
}

TEST(Transaction, TheLastEpochsEndIsMarkedAboveItAndLeadsToANewId) {
  TransactionRecord stored;
  stored.producer_id = 5;
  stored.producer_epoch = INT16_MAX - 1;
  Driver driver;
  driver.transaction = Transaction(stored);
  const ProducerIdentity old{5, INT16_MAX - 1};
  driver.join(old, {kA});
  const TransactionStep end = driver.end_new(old, true);
  EXPECT_EQ(end.end->producer, (ProducerIdentity{5, INT16_MAX}));
  EXPECT_EQ(end.producer.epoch, 0);
  EXPECT_NE(end.producer.id, 5);
  EXPECT_EQ(driver.end_new(old, true).producer, end.producer);
}

TEST(Transaction, EachStateAnswersTheEndOfVersionTwoAsTheProtocolSays) {
  Driver driver;
  EXPECT_EQ(driver.end_new({100, 0}, false).error, ProtocolError::kInvalidProducerIdMapping);
  driver.next_id = 100;
  const ProducerIdentity first = driver.begin().producer;
  // Empty: there is nothing to commit; an abort is carried out, and its answer may be lost.
  EXPECT_EQ(driver.end_new(first, true).error, ProtocolError::kInvalidTxnState);
  const ProducerIdentity second = driver.end_new(first, false).producer;
  EXPECT_EQ(second, (ProducerIdentity{100, 1}));
  EXPECT_EQ(driver.end_new(first, false).producer, second);
  // Ongoing: only its own epoch ends it.
  driver.join(second, {kA});
  EXPECT_EQ(driver.end_new(first, true).error, ProtocolError::kProducerFenced);
  EXPECT_EQ(driver.end_new({100, 2}, true).error, ProtocolError::kProducerFenced);
  // On its way: wait.
  const TransactionStep step =
      driver.transaction.end_with_new_epoch(second, true, driver.next_id++, driver.now);
  EXPECT_EQ(driver.end_new(second, true).error, ProtocolError::kConcurrentTransactions);
  driver.transaction.finish(step, true);
  const ProducerIdentity third{100, 2};
  EXPECT_EQ(step.producer, third);
  // One that begins anew leaves no way back.
  driver.begin();
  EXPECT_EQ(driver.end_new(second, true).error, ProtocolError::kProducerFenced);
  EXPECT_EQ(driver.end_new(third, true).error, ProtocolError::kProducerFenced);
}

TEST(Transaction, OnlyEndsOfVersionTwoAreTakenForARetryOfOne) {
  Driver driver;
  const ProducerIdentity zombie = driver.begin().producer;
  const ProducerIdentity current = driver.begin().producer;
  driver.add(current, {kA});
  driver.end(current, true);
  EXPECT_EQ(driver.end_new(zombie, true).error, ProtocolError::kProducerFenced);
}

TEST(Transaction, AnAbortByTimeIsToldToAClientOfVersionTwoThatAbortsToo) {
  Driver driver;
  const ProducerIdentity producer = driver.begin().producer;
  driver.join(producer, {kA});
  driver.done(driver.transaction.expire(driver.now + kTimeoutMs));
  EXPECT_EQ(driver.end_new(producer, true).error, ProtocolError::kInvalidTxnState);
  EXPECT_EQ(driver.end_new(producer, false).producer, (ProducerIdentity{100, 1}));
}

TEST(Transaction, WhatIsBeingWrittenStandsBeforeTheEndOfVersionOne) {
  Driver driver;
  const ProducerIdentity producer = driver.begin().producer;
  driver.add(producer, {kA});
  driver.transaction.hold();
  EXPECT_EQ(driver.end(producer, true).error, ProtocolError::kConcurrentTransactions);
  driver.transaction.release();
  EXPECT_EQ(driver.end(producer, true).error, ProtocolError::kNone);
}

TEST(Transaction, OnlyWhatIsOverAndNotUsedIsForgotten) {
  Driver driver;
  constexpr int64_t kWeek = 604'800'000;
  EXPECT_FALSE(driver.transaction.start_forgetting(driver.now + kWeek, kWeek));
  const ProducerIdentity producer = driver.begin().producer;
  EXPECT_FALSE(driver.transaction.start_forgetting(driver.now + kWeek - 1, kWeek));
  driver.add(producer, {kA});
  EXPECT_FALSE(driver.transaction.start_forgetting(driver.now + kWeek, kWeek));
  driver.end(producer, true);
  EXPECT_TRUE(driver.transaction.start_forgetting(driver.now + kWeek, kWeek));
  EXPECT_EQ(driver.begin().error, ProtocolError::kConcurrentTransactions);
  driver.transaction.keep();
  EXPECT_EQ(driver.begin().error, ProtocolError::kNone);
}

TEST(Transaction, WhatIsOpenForTooLongIsAbortedAndFenced) {
  Driver driver;
  const ProducerIdentity producer = driver.begin().producer;
  driver.add(producer, {kA});
  EXPECT_FALSE(driver.transaction.expire(driver.now + kTimeoutMs - 1).record.has_value());
  const TransactionStep late = driver.done(driver.transaction.expire(driver.now + kTimeoutMs));
  ASSERT_TRUE(late.end.has_value());
  EXPECT_FALSE(late.end->commit);
  EXPECT_EQ(late.end->producer.epoch, 1);
  EXPECT_EQ(driver.end(producer, true).error, ProtocolError::kProducerFenced);
  EXPECT_FALSE(driver.transaction.expire(driver.now * 1'000'000).record.has_value());
}

TEST(TransactionRecord, ComesBackFromItsBytes) {
  std::mt19937 random(5);
  for (int run = 0; run < 200; ++run) {
    TransactionRecord record;
    record.producer_id = static_cast<int64_t>(random());
    record.producer_epoch = static_cast<int16_t>(random() % 32'767);
    record.timeout_ms = static_cast<int32_t>(random() % 900'000);
    record.state = static_cast<TransactionState>(random() % 6);
    for (uint32_t i = random() % 5; i > 0; --i) {
      record.partitions.insert({"t" + std::to_string(random() % 3), static_cast<int32_t>(i)});
    }
    record.updated_ms = static_cast<int64_t>(random());
    record.began_ms = run % 2 == 0 ? -1 : 7;
    record.previous_producer_id = run % 3 == 0 ? 9 : -1;
    record.client_version = static_cast<int16_t>(run % 3);
    const auto back = decode_transaction_value(encode_value(record));
    ASSERT_TRUE(back.has_value()) << back.error().to_string();
    EXPECT_EQ(*back, record);
  }
  EXPECT_EQ(*decode_transaction_key(encode_transaction_key("my id")), "my id");
  EXPECT_FALSE(decode_transaction_value("\7\7").has_value());
  EXPECT_FALSE(decode_transaction_key("").has_value());
}

}  // namespace
}  // namespace millrace::broker
