#include "operators/changelog/materialize.h"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "data/key_encoding.h"
#include "data/row_codec.h"
#include "operators/changelog/row_changes.h"
#include "operators/rows/reject_rows.h"
#include "state/multiset_table.h"

namespace millrace::operators {
namespace {

using engine::Step;
using state::kNoSlot;
using state::Slot;

// A row's counter in the multiset is the number of its last arrival.
class Materialize final : public engine::Operator {
 public:
  explicit Materialize(MaterializeSpec spec)
      : spec_(std::move(spec)),
        encoder_(*spec_.schema, {spec_.keys.begin(), spec_.keys.end()}),
        codec_(*spec_.schema),
        changes_(spec_.schema, codec_) {
    traits_.name = "materialize";
    traits_.ports = {{.key_columns = spec_.keys, .takes_retractions = true}};
    traits_.makes_retractions = true;
    traits_.stateful = true;
  }
  const traits::OperatorTraits& traits() const override { return traits_; }

  Result<void> open(engine::OpenContext& context) override {
    rows_ =
        MILLRACE_TRY(state::MultisetTable::open(*context.state, commit::StateId(context.state_id)));
    arrivals_ = rows_->greatest_counter();
    keys_.emplace(state::TableOptions{.id = {}, .value_bytes = sizeof(Key), .derived = true},
                  context.memory);
    return {};
  }

  Result<Step> on_batch(engine::Port, data::Batch batch, engine::Output& output) override {
    encoder_.encode(batch, encoded_keys_);
    codec_.encode(batch, encoded_rows_);
    for (uint32_t n = 0; n < batch.size(); ++n) {
      const int64_t weight = data::weight(batch.sign(batch.row(n)));
      if (change(n, weight)) continue;
      reject_row(batch, batch.row(n), ErrorCode::kOverRetraction,
                 "the row that is taken back was never added", traits_.name, output);
    }
    return Step::kDone;
  }

  // The end: an operator below that waits for it sees no barrier after it.
  Result<Step> on_time(engine::Port, engine::TimeDomain domain, engine::Timestamp time,
                       engine::Output& output) override {
    if (domain != engine::TimeDomain::kEvent || time != engine::kTimeMax) return Step::kDone;
    return resume(output);
  }

  Result<Step> on_barrier(commit::Epoch, engine::Output& output) override { return resume(output); }

  Result<Step> resume(engine::Output& output) override {
    while (next_ < touched_.size()) {
      if (output.full()) return Step::kAgain;
      for (; next_ < touched_.size() && !changes_.full(); ++next_) emit(touched_[next_]);
      MILLRACE_TRY(changes_.push(output));
      for (const Slot key : dead_) keys_->erase(key);
      dead_.clear();
    }
    touched_.clear();
    next_ = 0;
    return Step::kDone;
  }

 private:
  struct Key {
    Slot newest;        // of rows_; kNoSlot: none
    uint32_t is_known;  // else newest must be looked for
    uint64_t is_touched;
  };
  // A key that changed in this epoch, and its newest row before.
  struct Touched {
    Slot key;
    bool was_live;
    std::string before;
  };

  // Whether the row could be added or taken out.
  bool change(uint32_t n, int64_t weight) {
    const uint64_t hash = encoded_keys_.hashes[n];
    const std::string_view key = encoded_keys_[n];
    Slot leaving = kNoSlot;
    if (weight < 0) {
      leaving = rows_->find(hash, key, encoded_rows_[n]);
      if (leaving == kNoSlot) return false;
    }
    bool inserted = false;
    const Slot slot = keys_->find_or_insert(hash, key, inserted);
    note(slot);
    const auto added = rows_->add(hash, key, encoded_rows_[n], weight);
    Key& state = keys_->value_as<Key>(slot);
    if (weight > 0) {
      rows_->set_counter(added.element, ++arrivals_);
      state.newest = added.element;
      state.is_known = 1;
    } else if (added.after == 0 && state.newest == leaving) {
      state.is_known = 0;
    }
    return true;
  }

  void note(Slot slot) {
    if (std::exchange(keys_->value_as<Key>(slot).is_touched, 1) != 0) return;
    const Slot newest = newest_of(slot);
    const bool is_live = newest != kNoSlot;
    touched_.push_back({slot, is_live, is_live ? std::string(rows_->bytes(newest)) : ""});
  }

  Slot newest_of(Slot slot) {
    Key& state = keys_->value_as<Key>(slot);
    if (std::exchange(state.is_known, 1) != 0) return state.newest;
    state.newest = kNoSlot;
    for (Slot row = rows_->first(keys_->hash(slot), keys_->key(slot)); row != kNoSlot;
         row = rows_->next(row)) {
      const bool is_newer =
          state.newest == kNoSlot || rows_->counter(row) > rows_->counter(state.newest);
      if (is_newer) state.newest = row;
    }
    return state.newest;
  }

  void emit(const Touched& touched) {
    keys_->value_as<Key>(touched.key).is_touched = 0;
    const Slot newest = newest_of(touched.key);
    const std::string_view before = touched.before;
    const std::string_view now = newest == kNoSlot ? std::string_view() : rows_->bytes(newest);
    changes_.add(touched.was_live ? &before : nullptr, newest == kNoSlot ? nullptr : &now);
    if (newest == kNoSlot) dead_.push_back(touched.key);
  }

  const MaterializeSpec spec_;
  traits::OperatorTraits traits_;
  data::KeyEncoder encoder_;
  const data::RowCodec codec_;
  std::unique_ptr<state::MultisetTable> rows_;  // by key, as codec_ writes them
  std::optional<state::KeyedTable> keys_;       // derived
  int64_t arrivals_ = 0;
  data::Keys encoded_keys_;
  data::EncodedRows encoded_rows_;
  std::vector<Touched> touched_;
  size_t next_ = 0;
  RowChanges changes_;
  std::vector<Slot> dead_;  // of keys_
};

}  // namespace

Result<std::unique_ptr<engine::Operator>> make_materialize(MaterializeSpec spec) {
  return std::make_unique<Materialize>(std::move(spec));
}

}  // namespace millrace::operators
