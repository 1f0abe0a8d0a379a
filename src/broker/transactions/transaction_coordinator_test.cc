#include "broker/transactions/transaction_coordinator.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "broker/identity_machine.h"
#include "io/await.h"
#include "log/log_driver.h"
#include "record/batch_builder.h"

namespace millrace::broker {
namespace {

using kafka::ProtocolError;

// A coordinator over a simulated log; started again at will.
class Coordinator : public ::testing::Test {
 protected:
  Coordinator() { open(); }
  ~Coordinator() override { close(); }

  void open() {
    start();
    world_.threads().run_for(io::kNsPerSecond);
  }
  // What is stored has not been read yet.
  void start() {
    identity_.emplace();
    log::LogOptions options = log::small_log();
    options.machines = {&*identity_};
    driver_.emplace(world_.world(), options);
    ASSERT_TRUE(driver_->is_open()) << driver_->open_error()->to_string();
    partition_ = driver_->make_partition("t");
    executor_ = world_.world().threads.start({.name = "coordinator"});
    topics_.emplace(driver_->log(), kafka::Uuid());
    ids_.emplace(*identity_, driver_->log().proposals(), *executor_);
    groups_ = GroupCoordinator::start({.log = driver_->log(),
                                       .topics = *topics_,
                                       .executor = *executor_,
                                       .clock = world_.world().clock,
                                       .random = world_.world().random,
                                       .on_problem = {}},
                                      {});
    coordinator_ = TransactionCoordinator::start({.log = driver_->log(),
                                                  .topics = *topics_,
                                                  .groups = *groups_,
                                                  .producer_ids = *ids_,
                                                  .executor = *executor_,
                                                  .clock = world_.world().clock},
                                                 options_);
  }
  void stop(auto& what) {
    io::Notification stopped;
    what->stop([&] { stopped.set(); });
    world_.threads().wait(stopped);
  }
  void close() {
    stop(coordinator_);
    stop(groups_);
    driver_.reset();
    coordinator_.reset();
    groups_.reset();
    ids_.reset();
    topics_.reset();
    executor_.reset();
  }
  void restart() {
    close();
    open();
  }
  // Power is lost: only what was synced is there.
  void crash() {
    world_.files().crash(io::CrashMode::kLoseUnsynced);
    close();
    world_.files().recover();
    open();
  }

  TransactionAnswer ask(auto call) {
    auto answer = io::await<TransactionAnswer>(world_.world().threads, [&](auto done) {
      call([done = std::move(done)](TransactionAnswer told) mutable { done(told); });
    });
    return *answer;
  }
  TransactionAnswer begin(int32_t timeout_ms = 60'000) {
    return ask([&](auto done) {
      coordinator_->begin_producer("id", timeout_ms, std::nullopt, std::move(done));
    });
  }
  ProtocolError add(ProducerIdentity producer) {
    return ask([&](auto done) {
             coordinator_->add_partitions("id", producer, {{"t", 0}}, std::move(done));
           })
        .error;
  }
  ProtocolError end(ProducerIdentity producer, bool commit) {
    return ask([&](auto done) {
             coordinator_->end("id", producer, commit, false, std::move(done));
           })
        .error;
  }
  // Of the only partition.
  ProtocolError claim(ProducerIdentity producer, bool joins) {
    return ask([&](auto done) {
             coordinator_->claim(
                 {.id = "id", .producer = producer, .partitions = {{"t", 0}}, .joins = joins},
                 std::move(done));
           })
        .error;
  }
  TransactionAnswer end_with_new_epoch(ProducerIdentity producer, bool commit) {
    return ask(
        [&](auto done) { coordinator_->end("id", producer, commit, true, std::move(done)); });
  }
  Result<commit::Appended> write(ProducerIdentity producer, int32_t sequence) {
    record::BatchBuilder builder({.producer_id = producer.id,
                                  .producer_epoch = producer.epoch,
                                  .base_sequence = sequence,
                                  .transactional = true});
    (void)builder.append({.timestamp_ms = 1, .key = std::nullopt, .value = "v", .headers = {}});
    return driver_->append(partition_, *commit::RecordBatch::of(builder.build()));
  }
  // The stable offset, and how many aborted transactions a reader from the start is told of.
  std::pair<int64_t, size_t> stable() {
    auto data =
        io::await<std::vector<commit::PartitionData>>(world_.world().threads, [&](auto done) {
          driver_->log().reader().read({.partitions = {{.partition = partition_}},
                                        .isolation = commit::Isolation::kReadCommitted},
                                       *executor_, std::move(done));
        });
    return {(*data)[0].stable_offset, (*data)[0].aborted.size()};
  }
  TransactionState state() {
    auto found = io::await<TransactionListing>(world_.world().threads, [&](auto done) {
      coordinator_->describe(
          {"id"}, [done = std::move(done)](auto listing) mutable { done(std::move(listing)); });
    });
    EXPECT_EQ(found->error, ProtocolError::kNone);
    return found->transactions.empty() ? TransactionState::kDead
                                       : found->transactions.front().record.state;
  }

  // How many records the coordinator has written.
  int64_t written() {
    const auto topic = driver_->log().topics().describe(kTransactionTopic);
    return topic ? driver_->ends({{topic->id, 0}}).at(0) : 0;
  }

  io::SimulatedWorld world_{{.seed = 9}};
  TransactionOptions options_;
  std::optional<IdentityMachine> identity_;
  std::optional<log::LogDriver> driver_;
  commit::PartitionId partition_;
  std::unique_ptr<io::Executor> executor_;
  std::optional<TopicDirectory> topics_;
  std::optional<ProducerIds> ids_;
  std::shared_ptr<GroupCoordinator> groups_;
  std::shared_ptr<TransactionCoordinator> coordinator_;
};

TEST_F(Coordinator, ACommitMakesTheRecordsStable) {
  const TransactionAnswer begun = begin();
  ASSERT_EQ(begun.error, ProtocolError::kNone);
  EXPECT_EQ(claim(begun.producer, false), ProtocolError::kTransactionAbortable);
  EXPECT_EQ(add(begun.producer), ProtocolError::kNone);
  EXPECT_EQ(claim(begun.producer, false), ProtocolError::kNone);
  EXPECT_TRUE(write(begun.producer, 0).has_value());
  EXPECT_EQ(stable().first, 0);
  EXPECT_EQ(end(begun.producer, true), ProtocolError::kNone);
  EXPECT_EQ(stable(), (std::pair<int64_t, size_t>{2, 0}));
  EXPECT_EQ(state(), TransactionState::kCompleteCommit);
}

TEST_F(Coordinator, WhatIsOpenIsOpenAfterARestartAndCanBeEnded) {
  const ProducerIdentity producer = begin().producer;
  add(producer);
  EXPECT_TRUE(write(producer, 0).has_value());
  restart();
  EXPECT_EQ(state(), TransactionState::kOngoing);
  EXPECT_EQ(stable().first, 0);
  EXPECT_TRUE(write(producer, 1).has_value());
  EXPECT_EQ(end(producer, false), ProtocolError::kNone);
  EXPECT_EQ(stable(), (std::pair<int64_t, size_t>{3, 1}));
  restart();
  EXPECT_EQ(end(producer, false), ProtocolError::kNone);
  EXPECT_EQ(end(producer, true), ProtocolError::kInvalidTxnState);
}

TEST_F(Coordinator, PartitionsThatNobodyWritesToAreDurableALittleLater) {
  const ProducerIdentity producer = begin().producer;
  const uint64_t before = world_.files().syncs();
  EXPECT_EQ(add(producer), ProtocolError::kNone);
  EXPECT_EQ(world_.files().syncs(), before);
  world_.threads().run_for(20 * io::kNsPerMs);
  crash();
  EXPECT_EQ(state(), TransactionState::kOngoing);
}

TEST_F(Coordinator, ACrashRightAfterPartitionsWereAddedIsNotSeenByWhoWritesToThem) {
  const ProducerIdentity producer = begin().producer;
  EXPECT_EQ(add(producer), ProtocolError::kNone);
  crash();
  EXPECT_EQ(state(), TransactionState::kEmpty);
  EXPECT_EQ(claim(producer, false), ProtocolError::kNone);
  EXPECT_TRUE(write(producer, 0).has_value());
  EXPECT_EQ(state(), TransactionState::kOngoing);
  crash();
  EXPECT_EQ(state(), TransactionState::kOngoing);
  EXPECT_EQ(end(producer, true), ProtocolError::kNone);
  EXPECT_EQ(stable(), (std::pair<int64_t, size_t>{2, 0}));
  EXPECT_EQ(claim(producer, false), ProtocolError::kTransactionAbortable);
}

TEST_F(Coordinator, ACrashRightAfterPartitionsWereAddedIsNotSeenByWhoEndsTheTransaction) {
  const ProducerIdentity producer = begin().producer;
  for (const bool commit : {false, true, true, false}) {
    EXPECT_EQ(add(producer), ProtocolError::kNone);
    crash();
    EXPECT_EQ(end(producer, commit), ProtocolError::kNone);
    EXPECT_EQ(end(producer, commit), ProtocolError::kNone);
    EXPECT_EQ(claim(producer, false), ProtocolError::kTransactionAbortable);
  }
  EXPECT_EQ(add(producer), ProtocolError::kNone);
  EXPECT_TRUE(write(producer, 0).has_value());
  EXPECT_EQ(end(producer, true), ProtocolError::kNone);
  EXPECT_EQ(stable(), (std::pair<int64_t, size_t>{2, 0}));
}

TEST_F(Coordinator, PartitionsThatAFullDiskRefusedAreWrittenAgainBeforeTheyAreUsed) {
  const ProducerIdentity producer = begin().producer;
  const commit::PartitionId other = driver_->make_partition("other");
  world_.files().inject({.call = io::FileCall::kWrite,
                         .lasting = true,
                         .path_part = "segments",
                         .code = ErrorCode::kDiskFull});
  for (const size_t bytes : {20'000, 1}) {
    while (driver_->append(other, log::batch_of({std::string(bytes, 'x')}))) {
    }
  }
  const int64_t before = written();
  EXPECT_EQ(add(producer), ProtocolError::kNone);
  EXPECT_FALSE(driver_->append(other, log::batch_of({"x"})).has_value());
  world_.files().clear_faults();
  world_.threads().run_for(io::kNsPerSecond);
  EXPECT_EQ(written(), before);
  EXPECT_EQ(claim(producer, false), ProtocolError::kNone);
  EXPECT_TRUE(write(producer, 0).has_value());
  EXPECT_EQ(written(), before + 1);
  crash();
  EXPECT_EQ(state(), TransactionState::kOngoing);
  EXPECT_EQ(end(producer, true), ProtocolError::kNone);
  EXPECT_EQ(stable(), (std::pair<int64_t, size_t>{2, 0}));
}

TEST_F(Coordinator, WhatIsWrittenIsDurableWithThePartitionsThatItJoined) {
  const ProducerIdentity producer = begin().producer;
  EXPECT_EQ(claim(producer, true), ProtocolError::kNone);
  EXPECT_TRUE(write(producer, 0).has_value());
  crash();
  EXPECT_EQ(state(), TransactionState::kOngoing);
  EXPECT_EQ(end_with_new_epoch(producer, false).error, ProtocolError::kNone);
  EXPECT_EQ(stable(), (std::pair<int64_t, size_t>{2, 1}));
}

TEST_F(Coordinator, ANewProducerOfTheIdAbortsAndFencesTheOldOne) {
  const ProducerIdentity old = begin().producer;
  add(old);
  EXPECT_TRUE(write(old, 0).has_value());
  const ProducerIdentity fresh = begin().producer;
  EXPECT_EQ(fresh.id, old.id);
  EXPECT_GT(fresh.epoch, old.epoch);
  EXPECT_EQ(stable(), (std::pair<int64_t, size_t>{2, 1}));
  EXPECT_FALSE(write(old, 1).has_value());
  EXPECT_EQ(end(old, true), ProtocolError::kProducerFenced);
  EXPECT_EQ(add(fresh), ProtocolError::kNone);
  EXPECT_TRUE(write(fresh, 0).has_value());
  EXPECT_EQ(end(fresh, true), ProtocolError::kNone);
  EXPECT_EQ(stable().first, 4);
}

TEST_F(Coordinator, WhatIsOpenForTooLongIsAbortedAlsoAfterARestart) {
  const ProducerIdentity producer = begin(30'000).producer;
  add(producer);
  EXPECT_TRUE(write(producer, 0).has_value());
  world_.threads().run_for(20 * io::kNsPerSecond);
  EXPECT_EQ(stable().first, 0);
  restart();
  world_.threads().run_for(25 * io::kNsPerSecond);
  EXPECT_EQ(stable(), (std::pair<int64_t, size_t>{2, 1}));
  EXPECT_EQ(end(producer, true), ProtocolError::kProducerFenced);
  EXPECT_FALSE(write(producer, 1).has_value());
}

TEST_F(Coordinator, WhatIsWrittenRightAfterAStartWaitsForWhatIsStored) {
  const ProducerIdentity producer = begin().producer;
  add(producer);
  EXPECT_TRUE(write(producer, 0).has_value());
  close();
  start();
  std::vector<ProtocolError> answers;
  for (int i = 0; i < 2; ++i) {
    coordinator_->claim({.id = "id", .producer = producer, .partitions = {{"t", 0}}},
                        [&](TransactionAnswer answer) { answers.push_back(answer.error); });
  }
  world_.threads().run_for(io::kNsPerSecond);
  EXPECT_EQ(answers, (std::vector{ProtocolError::kNone, ProtocolError::kNone}));
  // Nor does it wait for ever.
  close();
  start();
  coordinator_->claim({.id = "id", .producer = producer, .partitions = {{"t", 0}}},
                      [&](TransactionAnswer answer) { answers.push_back(answer.error); });
  stop(coordinator_);
  EXPECT_EQ(answers.size(), 3U);
}

TEST_F(Coordinator, TimeoutsAndIdsAreChecked) {
  EXPECT_EQ(begin(900'001).error, ProtocolError::kInvalidTransactionTimeout);
  EXPECT_EQ(begin(0).error, ProtocolError::kInvalidTransactionTimeout);
  EXPECT_EQ(add({5, 0}), ProtocolError::kInvalidProducerIdMapping);
  EXPECT_EQ(end({5, 0}, true), ProtocolError::kInvalidProducerIdMapping);
  EXPECT_EQ(claim({5, 0}, false), ProtocolError::kInvalidProducerIdMapping);
  EXPECT_EQ(state(), TransactionState::kDead);
}

TEST_F(Coordinator, WhatJoinsIsPartOfTheTransactionAndItsEndHasANewEpoch) {
  const ProducerIdentity first = begin().producer;
  EXPECT_EQ(claim(first, true), ProtocolError::kNone);
  EXPECT_EQ(state(), TransactionState::kOngoing);
  EXPECT_TRUE(write(first, 0).has_value());
  const TransactionAnswer ended = end_with_new_epoch(first, true);
  ASSERT_EQ(ended.error, ProtocolError::kNone);
  EXPECT_EQ(ended.producer, (ProducerIdentity{first.id, 1}));
  EXPECT_EQ(stable(), (std::pair<int64_t, size_t>{2, 0}));
  // What comes late is fenced, by the coordinator and by the log.
  EXPECT_EQ(claim(first, true), ProtocolError::kProducerFenced);
  EXPECT_FALSE(write(first, 1).has_value());
  // The answer was lost, also over a restart.
  restart();
  EXPECT_EQ(end_with_new_epoch(first, true).producer, ended.producer);
  EXPECT_EQ(end_with_new_epoch(first, false).error, ProtocolError::kInvalidTxnState);
  EXPECT_EQ(claim(ended.producer, true), ProtocolError::kNone);
  EXPECT_TRUE(write(ended.producer, 0).has_value());
  EXPECT_EQ(end_with_new_epoch(ended.producer, false).error, ProtocolError::kNone);
  EXPECT_EQ(stable(), (std::pair<int64_t, size_t>{4, 1}));
}

TEST_F(Coordinator, ClaimsKeepTheirOrderAndEachPartitionIsAddedOnce) {
  driver_->make_partition("u", 0, 8);
  const ProducerIdentity producer = begin().producer;
  const int64_t before = written();
  std::vector<std::string> answers;
  const auto start = [&](int32_t partition, const std::string& name) {
    coordinator_->claim(
        {.id = "id", .producer = producer, .partitions = {{"u", partition}}, .joins = true},
        [&answers, name](TransactionAnswer answer) {
          EXPECT_EQ(answer.error, ProtocolError::kNone);
          answers.push_back(name);
        });
  };
  start(0, "a0");
  start(1, "b0");
  start(0, "a1");
  start(2, "c0");
  start(1, "b1");
  start(1, "b2");
  world_.threads().run_for(io::kNsPerSecond);
  ASSERT_EQ(answers.size(), 6U);
  const auto at = [&](const char* name) { return std::ranges::find(answers, name); };
  EXPECT_LT(at("a0"), at("a1"));
  EXPECT_LT(at("b0"), at("b1"));
  EXPECT_LT(at("b1"), at("b2"));
  EXPECT_EQ(written() - before, 3);
}

TEST_F(Coordinator, OffsetsThatAreBeingWrittenHoldTheEnd) {
  const ProducerIdentity producer = begin().producer;
  const auto offsets = [&](bool joins) {
    auto claim = io::await<OffsetsClaim>(world_.world().threads, [&](auto done) {
      coordinator_->claim_offsets(
          "id", producer, "g", joins,
          [done = std::move(done)](OffsetsClaim told) mutable { done(std::move(told)); });
    });
    return *claim;
  };
  EXPECT_EQ(offsets(false).error, ProtocolError::kTransactionAbortable);
  OffsetsClaim claim = offsets(true);
  EXPECT_EQ(claim.error, ProtocolError::kNone);
  EXPECT_EQ(end(producer, true), ProtocolError::kConcurrentTransactions);
  claim.held.reset();
  EXPECT_EQ(end(producer, true), ProtocolError::kNone);
}

TEST_F(Coordinator, AnIdThatIsNotUsedIsForgotten) {
  close();
  options_ = {.unused_ms = 60'000, .unused_check_ms = 1'000};
  open();
  const ProducerIdentity old = begin().producer;
  world_.threads().run_for(50 * io::kNsPerSecond);
  EXPECT_EQ(state(), TransactionState::kEmpty);
  world_.threads().run_for(12 * io::kNsPerSecond);
  EXPECT_EQ(state(), TransactionState::kDead);
  EXPECT_EQ(add(old), ProtocolError::kInvalidProducerIdMapping);
  restart();
  EXPECT_EQ(state(), TransactionState::kDead);
  EXPECT_NE(begin().producer.id, old.id);
}

TEST_F(Coordinator, AWriteThatFailedLeavesTheTransactionAsItWas) {
  const ProducerIdentity producer = begin().producer;
  add(producer);
  EXPECT_TRUE(write(producer, 0).has_value());
  world_.files().inject(
      {.call = io::FileCall::kSync, .nth = 1, .lasting = true, .effect = io::FaultEffect::kFail});
  EXPECT_EQ(end(producer, true), ProtocolError::kCoordinatorNotAvailable);
  world_.files().clear_faults();
  restart();
  const auto [offset, aborted] = stable();
  // Whether the entry is durable is not known after a failed sync: it counts whole or not at all.
  EXPECT_TRUE(offset == 0 || offset == 2);
  EXPECT_EQ(aborted, 0U);
  EXPECT_EQ(end(producer, true), ProtocolError::kNone);
  EXPECT_EQ(stable().first, 2);
}

}  // namespace
}  // namespace millrace::broker
