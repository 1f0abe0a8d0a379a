// Random histories of producers (idempotent ones, and transactional ones of both forms) that lose
// connections and answers, whose requests come late, that die; while the broker crashes. Each run
// is told by one seed.

#include <fmt/core.h>
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>

#include "broker/transactions/transaction_driver_test.h"
#include "commit/committed_filter.h"

namespace millrace::broker {
namespace {

using kafka::ProtocolError;

constexpr int kPartitions = TransactionNode::kPartitions;
constexpr int32_t kTimeoutMs = 20'000;  // of transactions

enum class Outcome : uint8_t { kAborted, kCommitted, kUnknown };

// What a producer knows of one of its transactions.
struct Told {
  Outcome outcome = Outcome::kAborted;
  std::vector<std::string> records;  // that were acknowledged, or may have been written
  bool offset = false;               // its number was committed for the producer's group
};

enum class Form : uint8_t { kIdempotent, kFirst, kSecond };

// A producer as clients are: one request at a time, again over a new connection where no answer
// comes, and it knows what each error asks.
class Producer {
 public:
  Producer(TransactionNode& node, int number, Form form, uint64_t seed)
      : node_(node), number_(number), form_(form), random_(seed) {}

  const std::map<int, Told>& transactions() const { return told_; }
  Form form() const { return form_; }
  int number() const { return number_; }
  std::string group() const { return fmt::format("group-{}", number_); }
  // Partitions of its open transaction, of which it was told that they are part of it.
  std::set<TransactionPartition> added() const {
    std::set<TransactionPartition> partitions;
    if (phase_ != Phase::kWriting) return partitions;
    for (const int index : added_) {
      if (index >= 0) partitions.insert({"out", index});
    }
    return partitions;
  }
  // Just now.
  bool has_added() { return std::exchange(has_added_, false); }
  std::string id() const { return fmt::format("id-{}", number_); }
  bool resting() const { return gone_ || (resting_ && phase_ == Phase::kIdle && !poll_); }

  // No more transactions.
  void rest() { resting_ = true; }
  void leave() {
    die();
    gone_ = true;
  }
  // Its process is gone, and comes back without a memory.
  void die() {
    if (form_ == Form::kIdempotent) return;
    if (phase_ == Phase::kEnding)
      conclude(ending_sent_ && commits_ ? Outcome::kUnknown : Outcome::kAborted);
    if (phase_ == Phase::kWriting) conclude(Outcome::kAborted);
    known_ = false;
    begin_anew();
  }
  // The connection is cut, or the broker is gone: what is under way is asked again.
  void cut() {
    ++connection_;
    if (!poll_) return;
    late_ = true;
    retry_ms_ = now_ms_;
  }

  void step(int64_t now_ms) {
    now_ms_ = now_ms;
    if (gone_) return;
    if (!poll_) return next();
    if (retry_ms_ >= 0) {
      if (now_ms >= retry_ms_) send_again();
      return;
    }
    auto poll = std::exchange(poll_, nullptr);
    const auto send = send_;
    switch (poll()) {
      case Polled::kDone:
        return;
      case Polled::kRetry:
        retry_ms_ = now_ms + 100;
        break;
      case Polled::kWaits:
        if (gives_up_early()) return;
        if (now_ms - sent_ms_ < 2'000) break;
        late_ = true;
        if (++tries_ >= 3 && phase_ == Phase::kWriting && form_ != Form::kIdempotent) {
          return give_up();
        }
        ++connection_;
        retry_ms_ = now_ms;
        break;
    }
    poll_ = std::move(poll);
    send_ = send;
  }

 private:
  enum class Phase { kInit, kIdle, kWriting, kEnding };
  enum class Polled { kWaits, kDone, kRetry };
  struct Action {
    int partition = 0;
    bool offset = false;
    std::vector<std::string> values;
  };

  int16_t version(int16_t first, int16_t second) const {
    return form_ == Form::kSecond ? second : first;
  }
  template <class Response, class Request, class Take>
  void ask(Request request, int16_t version, Take take) {
    auto answer = std::make_shared<Later<Response>>();
    send_ = [this, request = std::move(request), version, answer] {
      // Now and then a request is on its way for longer than its sender waits.
      const int64_t delay = random_() % 12 == 0 ? random_() % 6'000 : random_() % 30;
      *answer =
          node_.send<Response>(fmt::format("{}/{}", number_, connection_), request, version, delay);
    };
    poll_ = [answer, take = std::move(take)]() mutable {
      if (*answer == nullptr || !(*answer)->has_value()) return Polled::kWaits;
      return take(***answer);
    };
    tries_ = 0;
    send_again();
  }
  void send_again() {
    retry_ms_ = -1;
    sent_ms_ = now_ms_;
    send_();
  }

  // It aborts while what it has just sent is still on its way.
  bool gives_up_early() {
    if (phase_ != Phase::kWriting || form_ == Form::kIdempotent || random_() % 30 != 0) {
      return false;
    }
    if (random_() % 2 == 0) ++connection_;
    give_up();
    return true;
  }

  // What an error means for the transaction.
  enum class Meaning { kNone, kAgain, kAbort, kFenced };
  static Meaning meaning(int16_t code) {
    switch (static_cast<ProtocolError>(code)) {
      case ProtocolError::kNone:
        return Meaning::kNone;
      case ProtocolError::kInvalidProducerEpoch:
      case ProtocolError::kProducerFenced:
      case ProtocolError::kInvalidProducerIdMapping:
        return Meaning::kFenced;
      case ProtocolError::kInvalidTxnState:
      case ProtocolError::kTransactionAbortable:
        return Meaning::kAbort;
      case ProtocolError::kOutOfOrderSequenceNumber:
        ADD_FAILURE() << "out of order";
        return Meaning::kAbort;
      default:
        return Meaning::kAgain;
    }
  }
  // While it writes.
  Polled take(int16_t code, auto done) {
    switch (meaning(code)) {
      case Meaning::kNone:
        done();
        return Polled::kDone;
      case Meaning::kAgain:
        return Polled::kRetry;
      case Meaning::kAbort:
        EXPECT_TRUE(form_ != Form::kFirst) << id() << " was told that it may write, and may not";
        give_up();
        return Polled::kDone;
      case Meaning::kFenced:
        EXPECT_NE(form_, Form::kIdempotent);
        conclude(Outcome::kAborted);
        known_ = false;
        begin_anew();
        return Polled::kDone;
    }
    return Polled::kDone;
  }

  void begin_anew() {
    poll_ = nullptr;
    retry_ms_ = -1;
    phase_ = Phase::kInit;
  }
  void conclude(Outcome outcome) { told_[number_of_transaction_].outcome = outcome; }
  // The transaction will be aborted; what was sent may come yet.
  void give_up() {
    poll_ = nullptr;
    late_ = true;
    commits_ = false;
    phase_ = Phase::kEnding;
    ending_sent_ = false;
  }

  void next() {
    switch (phase_) {
      case Phase::kInit:
        return init();
      case Phase::kIdle:
        if (!resting_) begin();
        return;
      case Phase::kWriting:
        return write();
      case Phase::kEnding:
        return end();
    }
  }
  void init() {
    kafka::InitProducerIdRequest request;
    if (form_ != Form::kIdempotent) request.transactional_id = id();
    request.transaction_timeout_ms = kTimeoutMs;
    if (known_) {
      request.producer_id = producer_.id;
      request.producer_epoch = producer_.epoch;
    }
    ask<kafka::InitProducerIdResponse>(
        request, version(4, 5), [this](const kafka::InitProducerIdResponse& response) {
          if (meaning(response.error_code) == Meaning::kFenced) {
            known_ = false;
            begin_anew();
            return Polled::kDone;
          }
          if (response.error_code != 0) return Polled::kRetry;
          set_producer({response.producer_id, response.producer_epoch});
          phase_ = Phase::kIdle;
          return Polled::kDone;
        });
  }
  void set_producer(ProducerIdentity producer) {
    if (producer != producer_) sequences_.clear();
    producer_ = producer;
    known_ = true;
    late_ = false;
  }
  void begin() {
    ++number_of_transaction_;
    Told& told = told_[number_of_transaction_];
    told.outcome = form_ == Form::kIdempotent ? Outcome::kCommitted : Outcome::kAborted;
    actions_.clear();
    added_.clear();
    int written = 0;
    for (uint64_t left = 1 + random_() % 4; left > 0; --left) {
      Action& action = actions_.emplace_back();
      action.partition = static_cast<int>(random_() % kPartitions);
      for (uint64_t records = 1 + random_() % 3; records > 0; --records) {
        action.values.push_back(
            fmt::format("{}/{}/{}", number_, number_of_transaction_, written++));
        told.records.push_back(action.values.back());
      }
    }
    if (form_ != Form::kIdempotent && random_() % 2 == 0) {
      actions_.insert(actions_.begin() + static_cast<ptrdiff_t>(random_() % actions_.size()),
                      Action{.offset = true});
      told.offset = true;
    }
    commits_ = random_() % 4 != 0;
    ending_sent_ = false;
    phase_ = Phase::kWriting;
  }
  void write() {
    if (actions_.empty()) {
      phase_ = form_ == Form::kIdempotent ? Phase::kIdle : Phase::kEnding;
      return;
    }
    const Action& action = actions_.front();
    if (form_ == Form::kFirst) {
      const int what = action.offset ? -1 : action.partition;
      if (!added_.contains(what)) return add(what);
    }
    if (action.offset) return commit_offset();
    record::BatchBuilder builder({.producer_id = producer_.id,
                                  .producer_epoch = producer_.epoch,
                                  .base_sequence = sequences_[action.partition],
                                  .transactional = form_ != Form::kIdempotent});
    for (const std::string& value : action.values) {
      (void)builder.append({.timestamp_ms = 1, .key = std::nullopt, .value = value});
    }
    kafka::ProduceRequest request;
    if (form_ != Form::kIdempotent) request.transaction_id = id();
    request.acks = -1;
    auto& to = request.topics.emplace_back(kafka::ProduceRequest::Topic{.name = "out"})
                   .partitions.emplace_back();
    to.index = action.partition;
    to.records.emplace().push_back(builder.build());
    ask<kafka::ProduceResponse>(request, version(9, 12), [this](const auto& response) {
      return take(response.topics.at(0).partitions.at(0).error_code, [this] {
        const Action written = std::move(actions_.front());
        actions_.erase(actions_.begin());
        sequences_[written.partition] += static_cast<int32_t>(written.values.size());
      });
    });
  }
  void add(int what) {
    const auto done = [this, what] {
      added_.insert(what);
      has_added_ = true;
    };
    if (what < 0) {
      kafka::AddOffsetsToTxnRequest request;
      request.transactional_id = id();
      request.producer_id = producer_.id;
      request.producer_epoch = producer_.epoch;
      request.group = group();
      return ask<kafka::AddOffsetsToTxnResponse>(request, 3, [this, done](const auto& response) {
        return take(response.error_code, done);
      });
    }
    kafka::AddPartitionsToTxnRequest request;
    request.transactional_id = id();
    request.producer_id = producer_.id;
    request.producer_epoch = producer_.epoch;
    request.topics.push_back({.name = "out", .partitions = {what}});
    ask<kafka::AddPartitionsToTxnResponse>(request, 3, [this, done](const auto& response) {
      return take(response.topics.at(0).partitions.at(0).error_code, done);
    });
  }
  void commit_offset() {
    kafka::TxnOffsetCommitRequest request;
    request.transactional_id = id();
    request.group = group();
    request.producer_id = producer_.id;
    request.producer_epoch = producer_.epoch;
    auto& to = request.topics.emplace_back(kafka::TxnOffsetCommitRequest::Topic{.name = "out"})
                   .partitions.emplace_back();
    to.index = 0;
    to.offset = number_of_transaction_;
    ask<kafka::TxnOffsetCommitResponse>(request, version(3, 5), [this](const auto& response) {
      return take(response.topics.at(0).partitions.at(0).error_code,
                  [this] { actions_.erase(actions_.begin()); });
    });
  }
  void end() {
    kafka::EndTxnRequest request;
    request.transactional_id = id();
    request.producer_id = producer_.id;
    request.producer_epoch = producer_.epoch;
    request.commit = commits_;
    ending_sent_ = true;
    ask<kafka::EndTxnResponse>(request, version(3, 5), [this](const auto& response) {
      const Meaning means = meaning(response.error_code);
      if (means == Meaning::kAgain) return Polled::kRetry;
      if (means == Meaning::kNone) {
        conclude(commits_ ? Outcome::kCommitted : Outcome::kAborted);
        const bool unsure = std::exchange(late_, false);
        if (form_ == Form::kSecond) set_producer({response.producer_id, response.producer_epoch});
        phase_ = Phase::kIdle;
        // In the first form what comes late would be taken for a part of the next transaction.
        if (form_ == Form::kFirst && unsure) begin_anew();
        return Polled::kDone;
      }
      // Clients of the first form that have added partitions never get over it.
      EXPECT_TRUE(form_ != Form::kFirst || added_.empty() || means == Meaning::kFenced)
          << id() << " ends what is not there";
      conclude(commits_ ? Outcome::kUnknown : Outcome::kAborted);
      known_ = false;
      begin_anew();
      return Polled::kDone;
    });
  }

  TransactionNode& node_;
  const int number_;
  const Form form_;
  std::mt19937_64 random_;
  Phase phase_ = Phase::kInit;
  ProducerIdentity producer_;
  bool known_ = false;  // it says who it was when it begins anew
  bool late_ = false;   // something that was sent may come yet
  bool commits_ = false;
  bool ending_sent_ = false;
  bool resting_ = false;
  bool gone_ = false;
  int number_of_transaction_ = 0;
  std::map<int, Told> told_;
  std::vector<Action> actions_;
  std::set<int> added_;
  bool has_added_ = false;
  std::map<int, int32_t> sequences_;
  int connection_ = 0;
  int tries_ = 0;
  int64_t now_ms_ = 0;
  int64_t sent_ms_ = 0;
  int64_t retry_ms_ = -1;
  std::function<void()> send_;
  std::function<Polled()> poll_;
};

class History {
 public:
  explicit History(uint64_t seed) : random_(seed), node_(seed) {
    const Form forms[] = {Form::kIdempotent, Form::kFirst, Form::kSecond, Form::kFirst,
                          Form::kSecond};
    for (int i = 0; i < 5; ++i) {
      producers_.push_back(std::make_unique<Producer>(node_, i, forms[i], seed * 10 + i));
    }
  }
  // How often partitions, of which a producer was told that they were added, were lost.
  int lost() const { return lost_; }
  void run(int events) {
    for (int i = 0; i < events && !testing::Test::HasFailure(); ++i) {
      disturb();
      live(static_cast<int64_t>(random_() % 4'000));
    }
    calm();
    check();
  }

 private:
  static constexpr io::CrashMode kModes[] = {io::CrashMode::kProcess, io::CrashMode::kLoseUnsynced,
                                             io::CrashMode::kTear};
  void disturb() {
    Producer& one = *producers_[random_() % producers_.size()];
    switch (random_() % 6) {
      case 0:
        return one.die();
      case 1:
      case 2:
        return one.cut();
      case 3:
        return crash();
      default:
        node_.world().files().inject({.nth = 1 + random_() % 200,
                                      .effect = io::FaultEffect::kCrash,
                                      .crash = kModes[random_() % 3]});
        return;
    }
  }
  void crash() {
    node_.world().files().clear_faults();
    node_.crash(kModes[random_() % 3]);
    for (auto& producer : producers_) producer->cut();
    const auto stored = node_.transactions();
    for (const auto& producer : producers_) {
      const auto found = stored.find(producer->id());
      if (found == stored.end()) continue;
      lost_ += std::ranges::includes(found->second.partitions, producer->added()) ? 0 : 1;
    }
  }
  void live(int64_t ms) {
    for (int64_t end = now_ms_ + ms; now_ms_ < end; now_ms_ += 20) {
      node_.run_ms(20);
      if (node_.world().files().crashed()) crash();
      for (auto& producer : producers_) {
        producer->step(now_ms_);
        // Partitions were added, and perhaps not synced.
        if (producer->has_added() && disturbed_ && random_() % 12 == 0) crash();
      }
    }
  }
  // Nothing disturbs them any more; some have left in the midst of something.
  void calm() {
    node_.world().files().clear_faults();
    disturbed_ = false;
    for (auto& producer : producers_) {
      producer->rest();
      if (producer->number() >= 3) producer->leave();
    }
    live(90'000);
    for (const auto& producer : producers_) {
      EXPECT_TRUE(producer->resting()) << "producer " << producer->number() << " waits for ever";
    }
  }

  // What readers of committed records see of a partition.
  std::vector<std::string> committed(commit::PartitionId partition) {
    std::vector<std::string> found;
    for (int64_t next = 0;;) {
      const auto data = node_.log().read({{.partition = partition, .offset = next}});
      const commit::PartitionData& read = data->at(0);
      EXPECT_FALSE(read.error.has_value());
      EXPECT_EQ(read.stable_offset, read.high_watermark) << "a transaction is open for ever";
      if (read.batches.empty() || read.error) return found;
      commit::CommittedFilter filter(read.aborted);
      for (const Buffer& bytes : read.batches) {
        const auto batch = *record::BatchView::read(bytes);
        next = batch.header().last_offset() + 1;
        if (!filter.counts(batch.header())) continue;
        record::Decompressor decompressor;
        auto records = batch.records(decompressor);
        record::Record record;
        while (*records->next(record)) found.emplace_back(*record.value);
      }
    }
  }
  int64_t offset_of(const std::string& group) {
    kafka::OffsetFetchRequest request;
    request.group = group;
    request.topics.emplace().push_back({.name = "out", .partitions = {0}});
    request.require_stable = true;
    const auto answer = node_.send<kafka::OffsetFetchResponse>("checker", request, 7, 0);
    node_.run_ms(1'000);
    EXPECT_TRUE(answer->has_value());
    const auto& partition = (*answer)->topics.at(0).partitions.at(0);
    EXPECT_EQ(partition.error_code, 0) << "offsets are pending for ever";
    return partition.offset;
  }

  void check() {
    std::set<std::string> seen;
    std::set<std::pair<int, int>> visible;  // producer, transaction
    for (int index = 0; index < kPartitions; ++index) {
      std::map<int, std::pair<int, int>> last;  // by producer: transaction, record
      for (const std::string& value : committed(node_.partition(index))) {
        EXPECT_TRUE(seen.insert(value).second) << value << " is there twice";
        int producer = 0;
        int transaction = 0;
        int record = 0;
        ASSERT_EQ(std::sscanf(value.c_str(), "%d/%d/%d", &producer, &transaction, &record), 3);
        const std::pair place{transaction, record};
        EXPECT_LT(last[producer], place) << value << " is out of order";
        last[producer] = place;
        visible.emplace(producer, transaction);
      }
    }
    int committed = 0;
    for (const auto& producer : producers_) committed += check(*producer, seen, visible);
    EXPECT_GT(committed, 0);
  }
  int check(const Producer& producer, const std::set<std::string>& seen,
            const std::set<std::pair<int, int>>& visible) {
    int64_t offset = -1;
    int committed = 0;
    for (const auto& [number, told] : producer.transactions()) {
      const bool there = visible.contains({producer.number(), number});
      if (there && told.offset) offset = number;
      committed += told.outcome == Outcome::kCommitted ? 1 : 0;
      if (told.outcome == Outcome::kAborted) {
        EXPECT_FALSE(there) << "producer " << producer.number() << " aborted " << number;
      }
      if (told.outcome == Outcome::kCommitted || there) {
        for (const std::string& value : told.records) {
          EXPECT_TRUE(seen.contains(value)) << value << " is lost";
        }
      }
    }
    if (producer.form() != Form::kIdempotent) {
      EXPECT_EQ(offset_of(producer.group()), offset) << "producer " << producer.number();
    }
    return committed;
  }

  std::mt19937_64 random_;
  TransactionNode node_;
  std::vector<std::unique_ptr<Producer>> producers_;
  int64_t now_ms_ = 0;
  bool disturbed_ = true;
  int lost_ = 0;
};

TEST(TransactionHistory, WhatIsCommittedIsThereOnceWholeAndInOrder) {
  int lost = 0;
  for (uint64_t seed = 1; seed <= 30; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    History history(seed);
    history.run(50);
    if (HasFailure()) return;
    lost += history.lost();
  }
  EXPECT_GT(lost, 30);
}

}  // namespace
}  // namespace millrace::broker
