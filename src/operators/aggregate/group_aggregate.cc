#include "operators/aggregate/group_aggregate.h"

#include <algorithm>
#include <utility>

#include "data/key_encoding.h"
#include "operators/aggregate/aggregate_set.h"
#include "operators/aggregate/group_rows.h"
#include "operators/aggregate/net_changes.h"
#include "operators/aggregate/touched_groups.h"
#include "operators/rows/reject_rows.h"
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
        changes_(set_) {
    traits_.name = "group_aggregate";
    traits_.ports = {{.key_columns = spec_.keys, .takes_retractions = spec_.changing_input}};
    traits_.makes_retractions = true;
    traits_.stateful = true;
  }
  const traits::OperatorTraits& traits() const override { return traits_; }

  Result<void> open(engine::OpenContext& context) override {
    groups_ =
        MILLRACE_TRY(context.state->table({.id = commit::StateId(context.state_id),
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

  // The end: an operator below that waits for it (a sort) sees no barrier after it.
  Result<Step> on_time(engine::Port, engine::TimeDomain domain, engine::Timestamp time,
                       engine::Output& output) override {
    if (domain != engine::TimeDomain::kEvent || time != engine::kTimeMax) return Step::kDone;
    next_ = 0;
    return resume(output);
  }

  Result<Step> on_barrier(commit::Epoch, engine::Output& output) override {
    next_ = 0;
    return resume(output);
  }

  Result<Step> resume(engine::Output& output) override {
    while (next_ < touched_->size()) {
      if (output.full()) return Step::kAgain;
      collect();
      if (!changes_.empty()) MILLRACE_TRY(push_changes(output));
      for (const Slot slot : dead_) groups_->erase(slot);
      dead_.clear();
    }
    touched_->clear();
    return Step::kDone;
  }

 private:
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

  // The next groups, as many as fit into a batch.
  void collect() {
    extremes_.resize(kGroupsPerBatch * set_.extremes());
    const size_t end = std::min(touched_->size(), next_ + kGroupsPerBatch);
    for (size_t room = 0; next_ < end; ++next_, ++room) {
      const Slot slot = touched_->slot(next_);
      if (is_global()) groups_->value_as<GroupHead>(slot).owner = kAlwaysHasRow;
      const GroupImage before = touched_->before(next_);
      const GroupImage now = touched_->now(slot, extremes_.data() + room * set_.extremes());
      changes_.add(slot, has_row(before) ? &before : nullptr, has_row(now) ? &now : nullptr);
      if (!has_row(now)) dead_.push_back(slot);
    }
  }

  Result<void> push_changes(engine::Output& output) {
    std::vector<std::string_view> keys;
    for (const Slot slot : changes_.slots()) keys.push_back(groups_->key(slot));
    std::vector<data::ColumnPtr> columns;
    if (!is_global()) columns = MILLRACE_TRY(encoder_.decode(keys));
    changes_.push(spec_.output, std::move(columns), traits_.name, output);
    return {};
  }

  const GroupAggregateSpec spec_;
  traits::OperatorTraits traits_;
  AggregateSet set_;
  data::KeyEncoder encoder_;
  state::KeyedTable* groups_ = nullptr;  // owned by the store
  std::optional<TouchedGroups> touched_;

  data::Keys keys_;
  std::vector<Slot> slots_;
  GroupRowsBuffer buffer_;

  // The emission under way.
  size_t next_ = 0;
  NetChanges changes_;
  std::vector<std::string> extremes_;  // of the groups in changes_
  std::vector<Slot> dead_;
};

}  // namespace

Result<std::unique_ptr<engine::Operator>> make_group_aggregate(GroupAggregateSpec spec) {
  AggregateSet set = MILLRACE_TRY(AggregateSet::make(*spec.input, spec.calls, spec.changing_input));
  return std::make_unique<GroupAggregate>(std::move(spec), std::move(set));
}

}  // namespace millrace::operators
