#include "operators/changelog/consolidate.h"

#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "data/key_encoding.h"
#include "data/row_codec.h"
#include "operators/changelog/row_changes.h"
#include "state/keyed_table.h"

namespace millrace::operators {
namespace {

using engine::Step;
using state::kNoSlot;
using state::Slot;

class Consolidate final : public engine::Operator {
 public:
  explicit Consolidate(ConsolidateSpec spec)
      : spec_(std::move(spec)),
        encoder_(*spec_.schema, {spec_.keys.begin(), spec_.keys.end()}),
        row_hasher_(all_columns(*spec_.schema)),
        codec_(*spec_.schema),
        out_(spec_.schema, codec_) {
    traits_.name = "consolidate";
    traits_.ports = {{.key_columns = spec_.keys, .takes_retractions = true}};
    traits_.makes_retractions = true;
    forget();
  }
  const traits::OperatorTraits& traits() const override { return traits_; }

  Result<void> open(engine::OpenContext& context) override {
    memory_ = context.memory;
    forget();
    return {};
  }

  Result<Step> on_batch(engine::Port, data::Batch batch, engine::Output&) override {
    encoder_.encode(batch, keys_);
    row_hashes_.resize(batch.size());
    row_hasher_.hash(batch, row_hashes_);
    codec_.encode(batch, encoded_);
    for (uint32_t n = 0; n < batch.size(); ++n) {
      bool inserted = false;
      const Slot key = by_key_->find_or_insert(keys_.hashes[n], keys_[n], inserted);
      if (inserted) {
        by_key_->value_as<Key>(key).first = kNoSlot;
        touched_.push_back(key);
      }
      const Slot row = by_row_->find_or_insert(row_hashes_[n], encoded_[n], inserted);
      Row& state = by_row_->value_as<Row>(row);
      if (inserted) state.next = std::exchange(by_key_->value_as<Key>(key).first, row);
      state.weight += data::weight(batch.sign(batch.row(n)));
      state.last = ++sequence_;
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
      for (; next_ < touched_.size() && !out_.full(); ++next_) emit(touched_[next_]);
      MILLRACE_TRY(out_.push(output));
    }
    if (!touched_.empty()) forget();
    return Step::kDone;
  }

 private:
  // Of the epoch.
  struct Key {
    Slot first;  // its rows
  };
  struct Row {
    Slot next;  // of the same key
    int64_t weight;
    uint64_t last;  // number of its last change
  };

  static std::vector<size_t> all_columns(const data::Schema& schema) {
    std::vector<size_t> columns(schema.columns());
    for (size_t index = 0; index < columns.size(); ++index) columns[index] = index;
    return columns;
  }

  void emit(Slot key) {
    Slot before = kNoSlot;
    Slot now = kNoSlot;
    for (Slot slot = by_key_->value_as<Key>(key).first; slot != kNoSlot;) {
      const Row& row = by_row_->value_as<Row>(slot);
      if (row.weight < 0) keep_newer(before, slot);
      if (row.weight > 0) keep_newer(now, slot);
      slot = row.next;
    }
    const std::string_view before_row =
        before == kNoSlot ? std::string_view() : by_row_->key(before);
    const std::string_view now_row = now == kNoSlot ? std::string_view() : by_row_->key(now);
    out_.add(before == kNoSlot ? nullptr : &before_row, now == kNoSlot ? nullptr : &now_row);
  }

  void keep_newer(Slot& kept, Slot slot) {
    const bool is_newer =
        kept == kNoSlot || by_row_->value_as<Row>(slot).last > by_row_->value_as<Row>(kept).last;
    if (is_newer) kept = slot;
  }

  void forget() {
    by_key_.emplace(state::TableOptions{.id = {}, .value_bytes = sizeof(Key), .derived = true},
                    memory_);
    by_row_.emplace(state::TableOptions{.id = {}, .value_bytes = sizeof(Row), .derived = true},
                    memory_);
    touched_.clear();
    next_ = 0;
    sequence_ = 0;
  }

  const ConsolidateSpec spec_;
  traits::OperatorTraits traits_;
  data::KeyEncoder encoder_;
  data::KeyHasher row_hasher_;
  const data::RowCodec codec_;
  MemoryAccount* memory_ = nullptr;
  std::optional<state::KeyedTable> by_key_;
  std::optional<state::KeyedTable> by_row_;  // key: the row as codec_ writes it
  std::vector<Slot> touched_;                // of by_key_
  size_t next_ = 0;
  uint64_t sequence_ = 0;
  data::Keys keys_;
  std::vector<uint64_t> row_hashes_;
  data::EncodedRows encoded_;
  RowChanges out_;
};

}  // namespace

Result<std::unique_ptr<engine::Operator>> make_consolidate(ConsolidateSpec spec) {
  return std::make_unique<Consolidate>(std::move(spec));
}

}  // namespace millrace::operators
