// The rules of producers against a model that keeps no state: it decides from the whole history.
#include <fmt/core.h>
#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <memory>
#include <random>

#include "log/partitions/producer_table.h"

namespace millrace::log {
namespace {

struct Written {
  ProducerBatch batch;
  int64_t offset = 0;
};

struct Verdict {
  ErrorCode error = ErrorCode::kInternal;  // where neither of the others is said
  bool accepted = false;
  std::optional<int64_t> duplicate_of;
  friend bool operator==(const Verdict&, const Verdict&) = default;
};

// All that was ever written, and what that means for the next batch.
class History {
 public:
  void write(const ProducerBatch& batch, int64_t offset) { all_.push_back({batch, offset}); }

  Verdict judge(const ProducerBatch& batch) const {
    int epoch = -1;
    bool known = false;
    bool open = false;
    int64_t opened_at = INT64_MAX;
    for (const Written& each : all_) {
      if (each.batch.producer_id != batch.producer_id) continue;
      known = true;
      epoch = std::max<int>(epoch, each.batch.epoch);
      if (each.batch.marker != Marker::kNone) open = false;
      if (each.batch.marker != Marker::kNone) opened_at = INT64_MAX;
      if (each.batch.marker == Marker::kNone && each.batch.transactional) {
        open = true;
        opened_at = std::min(opened_at, each.offset);
      }
    }
    const bool sequenced = batch.first_sequence >= 0;
    if (!known) {
      if (batch.counts_from_zero && batch.first_sequence > 0) return out_of_order();
      return {.accepted = true};
    }
    if (batch.epoch < epoch) return {.error = ErrorCode::kStaleProducerEpoch};
    if (batch.marker != Marker::kNone) return {.accepted = true};
    if (sequenced) {
      const std::vector<Written> of_epoch = of(batch.producer_id, batch.epoch);
      for (size_t back = 0; back < std::min<size_t>(5, of_epoch.size()); ++back) {
        const Written& before = of_epoch[of_epoch.size() - 1 - back];
        const bool over = batch.transactional && before.offset < opened_at;
        if (before.batch.first_sequence == batch.first_sequence &&
            before.batch.records == batch.records && !over) {
          return {.duplicate_of = before.offset};
        }
      }
      const int64_t next =
          of_epoch.empty()
              ? 0
              : (int64_t{of_epoch.back().batch.first_sequence} + of_epoch.back().batch.records) %
                    (int64_t{INT32_MAX} + 1);
      if (batch.first_sequence != next) return out_of_order();
    }
    if (open && !batch.transactional) return {.error = ErrorCode::kInvalidTransactionState};
    return {.accepted = true};
  }
  // What the producer would most likely send next.
  int32_t next_sequence(int64_t producer, int16_t epoch) const {
    const std::vector<Written> before = of(producer, epoch);
    if (before.empty()) return 0;
    return static_cast<int32_t>(
        (int64_t{before.back().batch.first_sequence} + before.back().batch.records) & INT32_MAX);
  }
  const std::vector<Written>& all() const { return all_; }

 private:
  static Verdict out_of_order() { return {.error = ErrorCode::kOutOfOrderSequence}; }
  // Data with sequences, of this epoch.
  std::vector<Written> of(int64_t producer, int16_t epoch) const {
    std::vector<Written> found;
    for (const Written& each : all_) {
      if (each.batch.producer_id == producer && each.batch.epoch == epoch &&
          each.batch.marker == Marker::kNone && each.batch.first_sequence >= 0) {
        found.push_back(each);
      }
    }
    return found;
  }

  std::vector<Written> all_;
};

class Model {
 public:
  explicit Model(uint64_t seed) : random_(seed), table_(std::make_unique<ProducerTable>()) {}

  void step() {
    if (random_() % 40 == 0) return restart();
    if (random_() % 4 == 0) apply_one();
    const ProducerBatch batch = any_batch();
    const Verdict expected = history_.judge(batch);
    const Verdict found = ask(batch);
    ASSERT_EQ(found, expected) << fmt::format(
        "producer {} epoch {} sequence {} records {} transactional {} marker {}", batch.producer_id,
        batch.epoch, batch.first_sequence, batch.records, batch.transactional,
        static_cast<int>(batch.marker));
    if (!found.accepted) return;
    table_->admit(batch, offset_);
    history_.write(batch, offset_);
    ahead_.push_back({batch, offset_});
    offset_ += batch.records;
  }

 private:
  Verdict ask(const ProducerBatch& batch) const {
    const auto checked = table_->check(batch);
    if (!checked) return {.error = checked.error().code()};
    if (*checked) return {.duplicate_of = **checked};
    return {.accepted = true};
  }
  ProducerBatch any_batch() {
    ProducerBatch batch;
    batch.producer_id = static_cast<int64_t>(random_() % 3);
    batch.epoch = static_cast<int16_t>(epochs_[batch.producer_id]);
    if (random_() % 12 == 0) ++epochs_[batch.producer_id];
    if (random_() % 10 == 0) batch.epoch = static_cast<int16_t>(batch.epoch + 1);
    if (random_() % 10 == 0 && batch.epoch > 0) batch.epoch = static_cast<int16_t>(batch.epoch - 1);
    batch.records = 1 + static_cast<int32_t>(random_() % 3);
    batch.transactional = random_() % 2 == 0;
    if (random_() % 6 == 0) {
      batch.marker = random_() % 2 == 0 ? Marker::kAbort : Marker::kCommit;
      batch.transactional = true;
      batch.records = 1;
      batch.coordinator_epoch = 0;
      return batch;
    }
    if (random_() % 15 == 0) return batch;  // without a sequence, as coordinators write
    batch.counts_from_zero = random_() % 4 == 0;
    batch.first_sequence = history_.next_sequence(batch.producer_id, batch.epoch);
    if (random_() % 10 == 0) batch.first_sequence = static_cast<int32_t>(random_() % 20);
    if (random_() % 10 == 0) batch.first_sequence = INT32_MAX - static_cast<int32_t>(random_() % 3);
    if (random_() % 5 == 0 && !history_.all().empty()) {  // again
      const size_t back = 1 + random_() % std::min<size_t>(12, history_.all().size());
      return history_.all()[history_.all().size() - back].batch;
    }
    return batch;
  }
  void apply_one() {
    if (ahead_.empty()) return;
    table_->apply(ahead_.front().batch, ahead_.front().offset);
    ahead_.pop_front();
  }
  void restart() {
    while (!ahead_.empty()) apply_one();
    const std::string saved = table_->snapshot();
    table_ = std::make_unique<ProducerTable>();
    ASSERT_TRUE(table_->restore(saved).has_value());
    EXPECT_EQ(table_->snapshot(), saved);
  }

  std::mt19937_64 random_;
  std::unique_ptr<ProducerTable> table_;
  History history_;
  std::deque<Written> ahead_;  // admitted, not yet applied
  std::map<int64_t, int> epochs_;
  int64_t offset_ = 0;
};

TEST(ProducerModel, TheTableDecidesAsTheWholeHistoryWould) {
  for (uint64_t seed = 1; seed <= 400; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    Model model(seed);
    for (int step = 0; step < 150 && !::testing::Test::HasFailure(); ++step) model.step();
    if (HasFailure()) return;
  }
}

TEST(ProducerModel, SequencesGoOnWithZeroAfterTheLargest) {
  ProducerTable table;
  const ProducerBatch last{
      .producer_id = 1, .epoch = 0, .first_sequence = INT32_MAX - 1, .records = 2};
  ASSERT_TRUE(table.check(last).has_value());
  table.admit(last, 0);
  table.apply(last, 0);
  const ProducerBatch next{.producer_id = 1, .epoch = 0, .first_sequence = 0, .records = 1};
  EXPECT_EQ(*table.check(next), std::optional<int64_t>());
  EXPECT_EQ(*table.check(last), std::optional<int64_t>(0));
}

TEST(ProducerModel, WhoIsKnownIsDescribed) {
  ProducerTable table;
  const auto write = [&](const ProducerBatch& batch, int64_t offset) {
    table.admit(batch, offset);
    EXPECT_EQ(table.describe().size(), offset == 0 ? 0U : 1U);
    table.apply(batch, offset);
  };
  write({.producer_id = 9,
         .epoch = 2,
         .first_sequence = 0,
         .records = 3,
         .transactional = true,
         .timestamp_ms = 50},
        0);
  const auto open = table.describe();
  ASSERT_EQ(open.size(), 1U);
  EXPECT_EQ(open[0].id, 9);
  EXPECT_EQ(open[0].epoch, 2);
  EXPECT_EQ(open[0].last_sequence, 2);
  EXPECT_EQ(open[0].timestamp_ms, 50);
  EXPECT_EQ(open[0].coordinator_epoch, -1);
  EXPECT_EQ(open[0].open_offset, 0);
  write({.producer_id = 9,
         .epoch = 3,
         .records = 1,
         .transactional = true,
         .marker = Marker::kCommit,
         .coordinator_epoch = 4},
        3);
  const auto ended = table.describe();
  EXPECT_EQ(ended[0].epoch, 3);
  EXPECT_EQ(ended[0].last_sequence, -1);
  EXPECT_EQ(ended[0].coordinator_epoch, 4);
  EXPECT_EQ(ended[0].open_offset, -1);
}

}  // namespace
}  // namespace millrace::log
