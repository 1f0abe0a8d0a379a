#include "operators/aggregate/group_aggregate.h"

#include <algorithm>
#include <utility>

#include "data/key_encoding.h"
#include "operators/aggregate/aggregate_set.h"
#include "operators/aggregate/group_rows.h"
#include "operators/aggregate/touched_groups.h"
#include "operators/rows/reject_rows.h"
#include "operators/rows/selected_rows.h"
#include "state/state_store.h"

namespace millrace::operators {
namespace {

using data::Sign;
using engine::Step;
using state::Slot;

constexpr uint32_t kFirstValueTable = 1;
// GroupHead::owner of the one row of an aggregation without keys, once it was emitted.
constexpr uint64_t kAlwaysHasRow = 1;
// Each may become two rows.
constexpr size_t kGroupsPerBatch = data::kBatchRowsMax / 2;

class GroupAggregate final : public engine::Operator {
 public:
  GroupAggregate(GroupAggregateSpec spec, AggregateSet set)
      : spec_(std::move(spec)),
        set_(std::move(set)),
        encoder_(*spec_.input, {spec_.keys.begin(), spec_.keys.end()}),
        results_codec_(result_types(spec_)) {
    traits_.name = "group_aggregate";
    traits_.ports = {{.key_columns = spec_.keys, .takes_retractions = spec_.changing_input}};
    traits_.makes_retractions = true;
    traits_.stateful = true;
  }
  const traits::OperatorTraits& traits() const override { return traits_; }

  Result<void> open(engine::OpenContext& context) override {
    groups_ = MILLRACE_TRY(context.state->table(
        {.id = commit::StateId(context.state_id),
         .value_bytes = set_.entry_bytes(),
         .transient_bytes = TouchedGroups::kTransientBytes}));
    MILLRACE_TRY(set_.open(context, kFirstValueTable));
    touched_.emplace(set_, *groups_);
    if (is_global() && context.shard == 0) find_global();
    return {};
  }

  Result<Step> on_batch(engine::Port, data::Batch batch, engine::Output& output) override {
    slots_.resize(batch.size());
    if (is_global()) {
      std::ranges::fill(slots_, find_global());
    } else {
      encoder_.encode(batch, keys_);
      groups_->find_or_insert(keys_.hashes, keys_.views(), slots_);
    }
    for (const Slot slot : slots_) touched_->note(slot);
    expr::RowErrors refused;
    set_.add(batch, buffer_.fill(batch, *groups_, slots_.data()), refused);
    reject_rows(batch, refused, traits_.name, output);
    return Step::kDone;
  }

  Result<Step> on_barrier(commit::Epoch, engine::Output& output) override {
    next_ = 0;
    return resume(output);
  }

  Result<Step> resume(engine::Output& output) override {
    while (next_ < touched_->size()) {
      if (output.full()) return Step::kAgain;
      collect();
      if (!images_.empty()) MILLRACE_TRY(push_images(output));
      for (const Slot slot : dead_) groups_->erase(slot);
      dead_.clear();
    }
    touched_->clear();
    return Step::kDone;
  }

 private:
  static std::vector<data::Type> result_types(const GroupAggregateSpec& spec) {
    std::vector<data::Type> types;
    for (const AggregateCall& call : spec.calls) types.push_back(call.function->result);
    return types;
  }

  bool is_global() const { return spec_.keys.empty(); }

  Slot find_global() {
    bool inserted = false;
    const Slot slot = groups_->find_or_insert(0, {}, inserted);
    if (inserted) touched_->note(slot);
    return slot;
  }

  static bool has_row(const GroupImage& image) {
    return image.head().rows > 0 || image.head().owner == kAlwaysHasRow;
  }

  // The next groups that may have another row than before: before and after, side by side.
  void collect() {
    images_.clear();
    signs_.clear();
    image_slots_.clear();
    extremes_.resize(kGroupsPerBatch * set_.extremes());
    const size_t end = std::min(touched_->size(), next_ + kGroupsPerBatch);
    for (size_t room = 0; next_ < end; ++next_, ++room) {
      const Slot slot = touched_->slot(next_);
      if (is_global()) groups_->value_as<GroupHead>(slot).owner = kAlwaysHasRow;
      const GroupImage before = touched_->before(next_);
      const GroupImage now = touched_->now(slot, extremes_.data() + room * set_.extremes());
      const bool was = has_row(before);
      const bool is = has_row(now);
      if (was && !(is && set_.same(before, now))) {
        add_image(slot, before, is ? Sign::kUpdateBefore : Sign::kDelete);
      }
      if (is && !(was && set_.same(before, now))) {
        add_image(slot, now, was ? Sign::kUpdateAfter : Sign::kInsert);
      }
      if (!is) dead_.push_back(slot);
    }
  }

  void add_image(Slot slot, const GroupImage& image, Sign sign) {
    images_.push_back(image);
    signs_.push_back(sign);
    image_slots_.push_back(slot);
  }

  Result<void> push_images(engine::Output& output) {
    const auto count = static_cast<uint32_t>(images_.size());
    std::vector<std::string_view> keys;
    for (const Slot slot : image_slots_) keys.push_back(groups_->key(slot));
    std::vector<data::ColumnPtr> columns;
    if (!is_global()) columns = MILLRACE_TRY(encoder_.decode(keys));
    expr::RowErrors errors;
    std::vector<data::ColumnPtr> results = set_.results(images_, errors);
    const std::vector<uint16_t> kept = kept_images(results, errors);
    columns.insert(columns.end(), results.begin(), results.end());
    data::Batch batch(spec_.output, std::move(columns), count);
    for (const expr::RowError& error : errors.list()) {
      if (data::retracts(signs_[error.row])) continue;
      reject_row(batch, error.row, error.code, error.message, traits_.name, output);
    }
    Buffer signs = Buffer::allocate(count);
    std::ranges::copy(signs_, signs.mutable_as<Sign>());
    batch = std::move(batch).with_signs(std::move(signs));
    output.push(kept.size() == count ? std::move(batch) : select_rows(std::move(batch), kept));
    return {};
  }

  // Images that have a row, and not the same one as their other half.
  std::vector<uint16_t> kept_images(const std::vector<data::ColumnPtr>& results,
                                    const expr::RowErrors& errors) {
    const auto count = static_cast<uint32_t>(images_.size());
    results_codec_.encode(results, nullptr, count, encoded_);
    std::vector<uint16_t> kept;
    for (uint32_t at = 0; at < count; ++at) {
      if (signs_[at] != Sign::kUpdateBefore) {
        if (errors.find(at) == nullptr) kept.push_back(static_cast<uint16_t>(at));
        continue;
      }
      const uint32_t after = at + 1;
      const bool before_failed = errors.find(at) != nullptr;
      const bool after_failed = errors.find(after) != nullptr;
      if (before_failed) signs_[after] = Sign::kInsert;
      if (after_failed) signs_[at] = Sign::kDelete;
      if (!before_failed && !after_failed && encoded_[at] == encoded_[after]) {
        ++at;
      } else if (!before_failed) {
        kept.push_back(static_cast<uint16_t>(at));
      }
    }
    return kept;
  }

  const GroupAggregateSpec spec_;
  traits::OperatorTraits traits_;
  AggregateSet set_;
  data::KeyEncoder encoder_;
  const data::RowCodec results_codec_;
  state::KeyedTable* groups_ = nullptr;  // owned by the store
  std::optional<TouchedGroups> touched_;

  data::Keys keys_;
  std::vector<Slot> slots_;
  GroupRowsBuffer buffer_;

  // The emission under way, and the batch that is being made of it.
  size_t next_ = 0;
  std::vector<GroupImage> images_;
  std::vector<Sign> signs_;
  std::vector<Slot> image_slots_;
  std::vector<std::string> extremes_;
  std::vector<Slot> dead_;
  data::EncodedRows encoded_;
};

}  // namespace

Result<std::unique_ptr<engine::Operator>> make_group_aggregate(GroupAggregateSpec spec) {
  AggregateSet set =
      MILLRACE_TRY(AggregateSet::make(*spec.input, spec.calls, spec.changing_input));
  return std::make_unique<GroupAggregate>(std::move(spec), std::move(set));
}

}  // namespace millrace::operators
