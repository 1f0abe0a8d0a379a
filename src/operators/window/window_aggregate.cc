#include "operators/window/window_aggregate.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <span>
#include <unordered_map>
#include <utility>

#include "operators/aggregate/aggregate_set.h"
#include "operators/aggregate/group_rows.h"
#include "operators/aggregate/net_changes.h"
#include "operators/aggregate/touched_groups.h"
#include "operators/rows/reject_rows.h"
#include "operators/rows/selected_rows.h"
#include "operators/window/deferred_groups.h"
#include "operators/window/event_times.h"
#include "operators/window/slice_table.h"
#include "operators/window/slicing.h"
#include "operators/window/window_images.h"
#include "state/state_store.h"

namespace millrace::operators {
namespace {

using engine::kTimeMax;
using engine::kTimeMin;
using engine::Step;
using engine::Timestamp;
using state::Slot;

constexpr uint64_t kProgressTable = 1;
constexpr uint64_t kFirstValueTable = 2;
constexpr uint64_t kDeferredTable = 4;
constexpr int64_t kWindowTimeBeforeEndUs = 1000;
constexpr size_t kEntriesPerStep = data::kBatchRowsMax;

class WindowAggregate final : public engine::Operator {
 public:
  WindowAggregate(WindowAggregateSpec spec, AggregateSet set)
      : spec_(std::move(spec)),
        set_(std::move(set)),
        slicing_(spec_.window, !set_.has_distinct()),
        slices_(*spec_.input, spec_.keys),
        images_(set_, slices_, slicing_),
        changes_(set_),
        is_updating_(spec_.early || spec_.allowed_lateness_us > 0) {
    traits_.name = "window_aggregate";
    traits_.ports = {{.key_columns = spec_.keys, .takes_retractions = spec_.changing_input}};
    traits_.makes_retractions = is_updating_ && !spec_.discarding;
    traits_.stateful = true;
  }
  const traits::OperatorTraits& traits() const override { return traits_; }

  Result<void> open(engine::OpenContext& context) override {
    MILLRACE_TRY(slices_.open(context, set_.entry_bytes(), TouchedGroups::kTransientBytes));
    progress_ =
        MILLRACE_TRY(context.state->table({.id = commit::StateId(context.state_id + kProgressTable),
                                           .value_bytes = sizeof(Timestamp)}));
    MILLRACE_TRY(set_.open(context, kFirstValueTable));
    touched_.emplace(set_, slices_.table());
    if (spec_.early_every_us > 0 || spec_.early_rows > 0) {
      deferred_.emplace(set_, slices_.table(), *touched_);
      MILLRACE_TRY(deferred_->open(context, kDeferredTable));
    }
    const uint64_t first_group = data::first_group_of_shard(context.shard, context.shards);
    progress_hash_ = first_group << 52;
    const Slot known = progress_->find(progress_hash_, {});
    if (known != state::kNoSlot) watermark_ = progress_->value_as<Timestamp>(known);
    find_first_end(0);
    return {};
  }

  Result<Step> on_batch(engine::Port, data::Batch batch, engine::Output& output) override {
    batch = std::move(batch).with_origin(nullptr);
    batch = times_.read(std::move(batch), spec_.time_column, traits_.name, output);
    for (int64_t pass = 0; pass < slicing_.slices_per_row(); ++pass) {
      data::Batch part = find_slices(batch, pass, output);
      if (!part.empty()) add(part, output);
    }
    if (due_.empty()) return Step::kDone;
    next_ = 0;
    phase_ = Phase::kDue;
    return resume(output);
  }

  Result<Step> on_time(engine::Port, engine::TimeDomain domain, Timestamp time,
                       engine::Output& output) override {
    if (domain == engine::TimeDomain::kProcessing) return on_tick(time, output);
    if (time <= watermark_) return Step::kDone;
    target_ = time;
    at_barrier_ = false;
    return begin_corrections(output);
  }

  Result<Step> on_barrier(commit::Epoch, engine::Output& output) override {
    if (watermark_ != kTimeMin) keep_progress();
    target_ = watermark_;
    if (is_deferring()) deferred_->keep();
    at_barrier_ = true;
    return begin_corrections(output);
  }

  Timestamp next_timer() const override {
    return deferred_ && touched_->size() > 0 ? next_early_ : kTimeMax;
  }

  Result<Step> resume(engine::Output& output) override {
    while (phase_ != Phase::kIdle) {
      if (output.full()) return Step::kAgain;
      switch (phase_) {
        case Phase::kDue:
          MILLRACE_TRY(emit_due(output));
          break;
        case Phase::kCorrect:
          MILLRACE_TRY(correct(output));
          break;
        case Phase::kNextWindow:
          begin_window();
          break;
        case Phase::kCollect:
          if (images_.collect(kEntriesPerStep)) phase_ = Phase::kFire;
          break;
        case Phase::kFire:
          MILLRACE_TRY(fire(output));
          break;
        case Phase::kDrop:
          drop();
          break;
        case Phase::kIdle:
          break;
      }
    }
    return Step::kDone;
  }

 private:
  // What is left to do of a step, in this order; kNextWindow to kFire once per window that closes.
  enum class Phase : uint8_t { kIdle, kDue, kCorrect, kNextWindow, kCollect, kFire, kDrop };

  // A group that has got early_rows more rows: what was emitted of it, and what it was then.
  struct Due {
    Slot slot;
    std::vector<std::byte> before;
    std::vector<std::byte> now;
    std::vector<std::string> extremes;  // of both, one behind the other
  };

  // A row of a window that was emitted and may have changed.
  struct Correction {
    int64_t end;
    Slot slot;
  };

  Result<Step> on_tick(Timestamp now, engine::Output& output) {
    if (spec_.early_every_us == 0 || now == kTimeMax) return Step::kDone;
    at_barrier_ = false;
    const Timestamp next = floor_to(now, spec_.early_every_us, 0) + spec_.early_every_us;
    is_due_ = now >= std::exchange(next_early_, next);
    target_ = watermark_;
    return is_due_ ? begin_corrections(output) : Step::kDone;
  }

  // Whether what was touched may wait: its time has not come, and none of its windows closes.
  bool is_deferring() const { return spec_.early_every_us > 0 && !is_due_ && first_end_ > target_; }

  // The first end of a window that the touched groups from `number` on are part of.
  void find_first_end(size_t number) {
    if (!deferred_) return;
    for (const Timestamp final = final_end(watermark_); number < touched_->size(); ++number) {
      const int64_t start = slices_.start_of(touched_->slot(number));
      first_end_ = std::min(first_end_, slicing_.next_end(start, final));
    }
  }

  // A window takes no more rows when it ended at or before this.
  Timestamp final_end(Timestamp watermark) const {
    return watermark < kTimeMin + spec_.allowed_lateness_us ? kTimeMin
                                                            : watermark - spec_.allowed_lateness_us;
  }

  // The pass-th slice of each row, from the latest on; the rows that it may still be added to. Rows
  // that are too late for their last window are told in the first pass.
  data::Batch find_slices(const data::Batch& batch, int64_t pass, engine::Output& output) {
    starts_.resize(batch.rows());
    taken_.clear();
    late_.clear();
    const Timestamp final = final_end(watermark_);
    int64_t slice = 0;
    int64_t last_end = 0;
    bool is_known = false;
    batch.for_each_row([&](uint32_t row) {
      const int64_t time = times_[row];
      if (!is_known || time < slice || time >= slice + slicing_.length_us() ||
          !slicing_.is_shared()) {
        slice = slicing_.slice_of(time, pass);
        last_end = slicing_.last_end(slice);
        is_known = true;
      }
      if (last_end <= time) return;  // between two windows
      if (last_end <= final) {
        if (pass == 0) late_.push_back(static_cast<uint16_t>(row));
        return;
      }
      starts_[row] = slice;
      taken_.push_back(static_cast<uint16_t>(row));
    });
    if (!late_.empty()) output.push_late(select_rows(batch, late_));
    return taken_.size() == batch.size() ? batch : select_rows(batch, taken_);
  }

  void add(const data::Batch& batch, engine::Output& output) {
    const auto slots = slices_.resolve(batch, starts_);
    if (is_updating_) {
      const size_t known = touched_->size();
      for (const Slot slot : slots) touched_->note(slot);
      find_first_end(known);
      if (deferred_) {
        for (const Slot slot : slots) slices_.table().touch(slot);
      }
    } else {
      for (const Slot slot : slots) slices_.table().touch(slot);
    }
    if (spec_.early_rows > 0) return add_until_due(batch, slots, output);
    add_rows(batch, slots.data(), output);
  }

  void add_rows(const data::Batch& batch, const Slot* slots, engine::Output& output) {
    expr::RowErrors refused;
    set_.add(batch, buffer_.fill(batch, slices_.table(), slots), refused);
    reject_rows(batch, refused, traits_.name, output);
  }

  // Adds rows up to each that completes early_rows of its group, and notes the group as it is then:
  // what is emitted does not depend on where batches and epochs end.
  void add_until_due(const data::Batch& batch, std::span<const Slot> slots,
                     engine::Output& output) {
    std::unordered_map<Slot, uint64_t> added;
    uint32_t from = 0;
    for (uint32_t n = 0; n < batch.size(); ++n) {
      const auto rows = static_cast<uint64_t>(slices_.table().value_as<GroupHead>(slots[n]).rows);
      const bool is_due = (rows + ++added[slots[n]]) % spec_.early_rows == 0;
      if (!is_due && n + 1 < batch.size()) continue;
      add_rows(batch.slice(from, n + 1 - from), slots.data() + from, output);
      added.clear();
      from = n + 1;
      if (is_due) note_due(slots[n]);
    }
  }

  void note_due(Slot slot) {
    const size_t bytes = set_.entry_bytes();
    Due due{.slot = slot, .before = {}, .now = {}, .extremes = {}};
    due.extremes.resize(2 * set_.extremes());
    const GroupImage before = touched_->before_of(slot, nullptr);
    due.before.assign(before.entry, before.entry + bytes);
    std::copy_n(before.extremes, set_.extremes(), due.extremes.begin());
    const GroupImage now = touched_->now(slot, due.extremes.data() + set_.extremes());
    due.now.assign(now.entry, now.entry + bytes);
    due_.push_back(std::move(due));
    deferred_->renew(touched_->renew(slot));
  }

  Result<void> emit_due(engine::Output& output) {
    constexpr size_t kPairs = data::kBatchRowsMax / 2;
    const size_t end = std::min(due_.size(), next_ + kPairs);
    std::vector<int64_t> ends;
    for (; next_ < end; ++next_) {
      const Due& due = due_[next_];
      const GroupImage before{due.before.data(), due.extremes.data()};
      const GroupImage now{due.now.data(), due.extremes.data() + set_.extremes()};
      changes_.add(due.slot, before.head().rows > 0 ? &before : nullptr, &now);
      ends.resize(changes_.rows(), slices_.start_of(due.slot) + spec_.window.size_us);
    }
    MILLRACE_TRY(push_changes(std::move(ends), output));
    if (next_ < due_.size()) return {};
    due_.clear();
    phase_ = Phase::kIdle;
    return {};
  }

  Result<Step> begin_corrections(engine::Output& output) {
    corrections_.clear();
    next_ = 0;
    phase_ = Phase::kCorrect;
    keeps_touched_ = is_deferring();
    emitted_.clear();
    waiting_.clear();
    const Timestamp final = final_end(watermark_);
    for (size_t number = 0; number < touched_->size() && !keeps_touched_; ++number) {
      const Slot slot = touched_->slot(number);
      const int64_t start = slices_.start_of(slot);
      if (spec_.early_rows > 0 && slicing_.next_end(start, final) > target_) {
        waiting_.push_back(number);
        continue;
      }
      bool is_emitted = false;
      for (int64_t end = slicing_.next_end(start, final); end != kTimeMax;
           end = slicing_.next_end(start, end)) {
        if (end > watermark_ && !spec_.early) break;  // not emitted yet
        corrections_.push_back({end, slot});
        is_emitted = true;
      }
      if (is_emitted && spec_.discarding) emitted_.push_back(slot);
    }
    const auto order = [this](const Correction& correction) {
      return std::pair(correction.end, slices_.key_of(correction.slot));
    };
    std::ranges::sort(corrections_, {}, order);
    const auto twins = std::ranges::unique(corrections_, {}, order);
    corrections_.erase(twins.begin(), twins.end());
    return resume(output);
  }

  Result<void> correct(engine::Output& output) {
    constexpr size_t kPairs = data::kBatchRowsMax / 2;
    const size_t end = std::min(corrections_.size(), next_ + kPairs);
    const size_t images = 2 * (end - next_);
    entries_.resize(images * set_.entry_bytes());
    extremes_.resize(images * set_.extremes());
    std::vector<int64_t> ends;
    for (size_t at = 0; next_ < end; ++next_, at += 2) {
      const auto [window_end, slot] = corrections_[next_];
      const GroupImage before = image_of(window_end, slot, &*touched_, at);
      const GroupImage now = image_of(window_end, slot, nullptr, at + 1);
      changes_.add(slot, before.head().rows > 0 ? &before : nullptr,
                   now.head().rows > 0 ? &now : nullptr);
      ends.resize(changes_.rows(), window_end);
    }
    MILLRACE_TRY(push_changes(std::move(ends), output));
    if (next_ < corrections_.size()) return {};
    if (!keeps_touched_) forget_touched();
    phase_ = target_ > watermark_ ? Phase::kNextWindow : Phase::kIdle;
    return {};
  }

  void forget_touched() {
    if (waiting_.empty() || waiting_.size() < touched_->size()) {
      if (deferred_) deferred_->forget();
      touched_->keep_only(waiting_);
    }
    if (spec_.early_rows > 0 && at_barrier_) deferred_->keep();
    erase(emitted_);
    is_due_ = false;
    first_end_ = kTimeMax;
  }

  void erase(const std::vector<Slot>& slots) {
    const bool has_values = set_.has_distinct() || set_.extremes() > 0;
    for (const Slot slot : slots) {
      if (has_values) set_.erase(slices_.table(), slot);
    }
    slices_.erase(slots);
  }

  GroupImage image_of(int64_t end, Slot slot, const TouchedGroups* touched, size_t room) {
    return images_.of_key(end, slot, touched, entries_.data() + room * set_.entry_bytes(),
                          extremes_.data() + room * set_.extremes());
  }

  // The next window that closes; where results come early its rows are there already.
  void begin_window() {
    const auto& slices = slices_.slices();
    const Timestamp from =
        watermark_ < kTimeMin + spec_.window.size_us ? kTimeMin : watermark_ - spec_.window.size_us;
    int64_t end = kTimeMax;
    for (auto slice = slices.lower_bound(from); slice != slices.end() && end == kTimeMax; ++slice) {
      end = slicing_.next_end(slice->first, watermark_);
    }
    if (spec_.early || end > target_ || end == kTimeMax) {
      watermark_ = target_;
      phase_ = Phase::kDrop;
      return;
    }
    watermark_ = end;
    images_.begin(end);
    next_ = 0;
    phase_ = Phase::kCollect;
  }

  Result<void> fire(engine::Output& output) {
    const size_t end = std::min<size_t>(images_.size(), next_ + data::kBatchRowsMax);
    extremes_.resize((end - next_) * set_.extremes());
    for (size_t room = 0; next_ < end; ++next_, ++room) {
      const GroupImage image = images_.image(next_, extremes_.data() + room * set_.extremes());
      changes_.add(images_.slot(next_), nullptr, &image);
    }
    MILLRACE_TRY(push_changes(std::vector<int64_t>(changes_.rows(), watermark_), output));
    if (next_ < images_.size()) return {};
    phase_ = Phase::kNextWindow;
    if (!spec_.discarding) return {};
    emitted_.clear();
    for (size_t group = 0; group < images_.size(); ++group) emitted_.push_back(images_.slot(group));
    erase(emitted_);
    return {};
  }

  // Forgets slices whose last window is final, some entries at a time.
  void drop() {
    const auto& slices = slices_.slices();
    if (slices.empty() || slicing_.last_end(slices.begin()->first) > final_end(watermark_)) {
      phase_ = Phase::kIdle;
      return;
    }
    const bool has_values = set_.has_distinct() || set_.extremes() > 0;
    slices_.drop(slices.begin()->first, kEntriesPerStep, [&](Slot slot) {
      if (has_values) set_.erase(slices_.table(), slot);
    });
  }

  Result<void> push_changes(std::vector<int64_t> ends, engine::Output& output) {
    if (changes_.empty()) return {};
    std::vector<data::ColumnPtr> columns = MILLRACE_TRY(slices_.keys_of(changes_.slots()));
    for (const int64_t shift :
         {-spec_.window.size_us, spec_.window.size_us, -kWindowTimeBeforeEndUs}) {
      for (int64_t& time : ends) time += shift;
      columns.push_back(make_time_column(spec_.output->field(columns.size()).type, ends));
    }
    changes_.push(spec_.output, std::move(columns), traits_.name, output);
    return {};
  }

  void keep_progress() {
    bool inserted = false;
    const Slot slot = progress_->find_or_insert(progress_hash_, {}, inserted);
    if (std::exchange(progress_->value_as<Timestamp>(slot), watermark_) == watermark_) return;
    progress_->touch(slot);
  }

  const WindowAggregateSpec spec_;
  traits::OperatorTraits traits_;
  AggregateSet set_;
  const Slicing slicing_;
  SliceTable slices_;
  WindowImages images_;
  NetChanges changes_;
  const bool is_updating_;
  std::optional<TouchedGroups> touched_;
  std::optional<DeferredGroups> deferred_;  // with early_every_us or early_rows
  Timestamp next_early_ = kTimeMax;         // processing time
  bool is_due_ = false;
  Timestamp first_end_ = kTimeMax;  // of a window that touched groups are part of
  // The watermark of the last epoch: what was emitted is not emitted again after a restart.
  state::KeyedTable* progress_ = nullptr;  // owned by the store
  uint64_t progress_hash_ = 0;

  // Windows that ended at or before this have been emitted.
  Timestamp watermark_ = kTimeMin;

  EventTimes times_;
  std::vector<int64_t> starts_;  // by physical row
  std::vector<uint16_t> taken_;
  std::vector<uint16_t> late_;
  GroupRowsBuffer buffer_;

  // The step under way.
  Phase phase_ = Phase::kIdle;
  Timestamp target_ = kTimeMin;
  bool at_barrier_ = false;
  bool keeps_touched_ = false;
  std::vector<size_t> waiting_;  // with early_rows: touched groups of open windows
  std::vector<Due> due_;
  std::vector<Slot> emitted_;  // with `discarding`: to be erased when corrections_ are out
  size_t next_ = 0;            // of corrections_ or images_
  std::vector<Correction> corrections_;
  std::vector<std::byte> entries_;  // room for images
  std::vector<std::string> extremes_;
};

}  // namespace

Result<std::unique_ptr<engine::Operator>> make_window_aggregate(WindowAggregateSpec spec) {
  AggregateSet set = MILLRACE_TRY(AggregateSet::make(*spec.input, spec.calls, spec.changing_input));
  return std::make_unique<WindowAggregate>(std::move(spec), std::move(set));
}

}  // namespace millrace::operators
