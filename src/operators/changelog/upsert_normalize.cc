#include "operators/changelog/upsert_normalize.h"

#include <string>
#include <string_view>
#include <utility>

#include "data/key_encoding.h"
#include "data/row_codec.h"
#include "operators/changelog/row_changes.h"
#include "state/state_store.h"

namespace millrace::operators {
namespace {

using data::Sign;
using engine::Step;
using state::Slot;

class UpsertNormalize final : public engine::Operator {
 public:
  explicit UpsertNormalize(UpsertNormalizeSpec spec)
      : spec_(std::move(spec)),
        encoder_(*spec_.schema, {spec_.keys.begin(), spec_.keys.end()}),
        codec_(*spec_.schema),
        changes_(spec_.schema, codec_) {
    traits_.name = "upsert_normalize";
    traits_.ports = {{.key_columns = spec_.keys, .takes_retractions = true}};
    traits_.makes_retractions = true;
    traits_.stateful = true;
  }
  const traits::OperatorTraits& traits() const override { return traits_; }

  Result<void> open(engine::OpenContext& context) override {
    rows_ = MILLRACE_TRY(context.state->table({.id = commit::StateId(context.state_id),
                                               .value_bytes = sizeof(Entry),
                                               .transient_bytes = sizeof(Mark),
                                               .has_tail = true}));
    return {};
  }

  Result<Step> on_batch(engine::Port, data::Batch batch, engine::Output&) override {
    encoder_.encode(batch, keys_);
    codec_.encode(batch, encoded_);
    for (uint32_t n = 0; n < batch.size(); ++n) {
      const Sign sign = batch.sign(batch.row(n));
      if (sign == Sign::kUpdateBefore) continue;
      bool inserted = false;
      const Slot slot = rows_->find_or_insert(keys_.hashes[n], keys_[n], inserted);
      note(slot);
      rows_->value_as<Entry>(slot).is_live = sign != Sign::kDelete;
      rows_->set_tail(slot, sign == Sign::kDelete ? std::string_view() : encoded_[n]);
    }
    return Step::kDone;
  }

  // What was held back goes on before the time that would make it late.
  Result<Step> on_time(engine::Port, engine::TimeDomain domain, engine::Timestamp,
                       engine::Output& output) override {
    return domain == engine::TimeDomain::kEvent ? resume(output) : Step::kDone;
  }

  Result<Step> on_barrier(commit::Epoch, engine::Output& output) override { return resume(output); }

  Result<Step> resume(engine::Output& output) override {
    while (next_ < touched_.size()) {
      if (output.full()) return Step::kAgain;
      for (; next_ < touched_.size() && !changes_.full(); ++next_) emit(touched_[next_]);
      MILLRACE_TRY(changes_.push(output));
      for (const Slot slot : dead_) rows_->erase(slot);
      dead_.clear();
    }
    touched_.clear();
    next_ = 0;
    return Step::kDone;
  }

 private:
  struct Entry {
    int64_t is_live;
  };
  struct Mark {
    uint64_t is_touched;
  };
  // A key that changed in this epoch, and its row before.
  struct Touched {
    Slot slot;
    bool was_live;
    std::string before;
  };

  void note(Slot slot) {
    if (std::exchange(rows_->transient_as<Mark>(slot).is_touched, 1) != 0) return;
    rows_->touch(slot);
    const bool was_live = rows_->value_as<Entry>(slot).is_live != 0;
    touched_.push_back({slot, was_live, std::string(rows_->tail(slot))});
  }

  void emit(const Touched& touched) {
    rows_->transient_as<Mark>(touched.slot).is_touched = 0;
    const bool is_live = rows_->value_as<Entry>(touched.slot).is_live != 0;
    const std::string_view before = touched.before;
    const std::string_view now = rows_->tail(touched.slot);
    changes_.add(touched.was_live ? &before : nullptr, is_live ? &now : nullptr);
    if (!is_live) dead_.push_back(touched.slot);
  }

  const UpsertNormalizeSpec spec_;
  traits::OperatorTraits traits_;
  data::KeyEncoder encoder_;
  const data::RowCodec codec_;
  state::KeyedTable* rows_ = nullptr;  // owned by the store; tail: the row
  data::Keys keys_;
  data::EncodedRows encoded_;
  std::vector<Touched> touched_;
  size_t next_ = 0;
  RowChanges changes_;
  std::vector<Slot> dead_;
};

}  // namespace

Result<std::unique_ptr<engine::Operator>> make_upsert_normalize(UpsertNormalizeSpec spec) {
  return std::make_unique<UpsertNormalize>(std::move(spec));
}

}  // namespace millrace::operators
