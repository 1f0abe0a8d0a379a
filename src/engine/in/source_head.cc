#include "engine/in/source_head.h"

#include <algorithm>

#include "base/assert.h"

namespace millrace::engine {
namespace {

// Readers of a bounded source that are open at once.
constexpr size_t kOpenSplitsMax = 16;
constexpr size_t kOpenSplitsWithoutTimeMax = 2;
// At a limited rate rows come in portions of at least this much time, or a row.
constexpr double kRatePortionSeconds = 0.01;

}  // namespace

// Emission: collects what one poll of a reader gives.
class SourceHead::Emission final : public Emit {
 public:
  explicit Emission(std::deque<Decoded>& decoded) : decoded_(decoded) {}
  void rows(data::Batch batch, Position behind, int64_t first_row) override {
    MILLRACE_ASSERT(batch.rows() <= data::kBatchRowsMax);
    rows_ += batch.size();
    decoded_.push_back({Decoded::Kind::kRows, std::move(batch), {}, std::move(behind), first_row});
  }
  void reject(Rejection rejection, Position behind) override {
    decoded_.push_back({Decoded::Kind::kRejection, {}, std::move(rejection), std::move(behind), 0});
  }
  uint64_t rows() const { return rows_; }

 private:
  std::deque<Decoded>& decoded_;
  uint64_t rows_ = 0;
};

SourceHead::SourceHead(SourceShard shard, std::vector<SplitStart> splits, TimeStart start,
                       HeadContext context)
    : shard_(std::move(shard)),
      context_(std::move(context)),
      rows_(shard_, context_),
      time_(shard_.granularity_us),
      time_start_(std::move(start)),
      tick_(time_start_.tick) {
  for (SplitStart& split_start : splits) {
    SplitState split;
    split.start = std::move(split_start);
    split.number =
        std::make_shared<SplitNumber>(SplitNumber{split.start.split, split.start.ordinal});
    if (split.start.split.event_time_min) {
      split.start.watermark = std::max(split.start.watermark, *split.start.split.event_time_min);
    }
    split.signal = std::make_shared<Signal>();
    split.signal->waker = context_.waker;
    splits_.push_back(std::move(split));
  }
}

Result<Step> SourceHead::feed(Chain& chain) {
  if (!started_) start(chain);
  if (in_batch_) {
    push_part(chain);
    return Step::kDone;
  }
  if (!orders_.empty()) {
    push_barrier(chain);
    return Step::kDone;
  }
  if (stopped_ || end_sent_) return Step::kWait;
  if (!decoded_.empty()) {
    MILLRACE_TRY(take_decoded(chain));
    return Step::kDone;
  }
  if (all_ended()) {
    push_end(chain);
    return Step::kDone;
  }
  if (shard_.event_time) {
    check_idle();
    publish_time(chain, false);
  }
  return poll();
}

void SourceHead::start(Chain& chain) {
  started_ = true;
  rate_since_ = context_.clock.now();
  chain.push(Event::signal(EventKind::kTick, tick_));
  if (!shard_.event_time) return;
  if (!time_start_.floors.empty()) {
    committed_floor_ = time_start_.floors.front();
    push_watermark(chain, committed_floor_);
  }
  publish_time(chain, true);
}

Result<void> SourceHead::take_decoded(Chain& chain) {
  Decoded decoded = std::move(decoded_.front());
  decoded_.pop_front();
  SplitState& split = *decoded_split_;
  switch (decoded.kind) {
    case Decoded::Kind::kRows:
      return begin_batch(chain, std::move(decoded));
    case Decoded::Kind::kRejection:
      split.start.position = std::move(decoded.behind);
      rows_.reject(std::move(decoded.rejection), split.start.split.name);
      break;
    case Decoded::Kind::kEnd:
      split.start.ended = true;
      split.reader.reset();
      if (shard_.event_time) publish_time(chain, false);
      break;
  }
  split.changed = true;
  report_changed();
  return {};
}

Result<void> SourceHead::begin_batch(Chain& chain, Decoded decoded) {
  SplitState& split = *decoded_split_;
  report_changed();
  split.changed = true;
  split.start.idle = false;
  const Timestamp now = context_.clock.wall_us();
  if (now - context_.options.tick_interval_us >= tick_) push_tick(chain, now);
  MILLRACE_TRY(rows_.prepare(std::move(decoded.batch), split.number, decoded.first_row,
                             split.notice_far_future));
  event_times_.add(rows_.span());
  in_batch_ = true;
  behind_ = std::move(decoded.behind);
  timed_from_ = passed_from_ = passed_until_ = 0;
  passed_size_ = rows_.passed().size();
  push_part(chain);
  return {};
}

// Pushes what passed the filter before the next cut, at most batch_rows_max of it; behind the cut
// the watermark.
void SourceHead::push_part(Chain& chain) {
  data::Batch& passed = rows_.passed();
  const SplitTime::Rows timed = rows_.timed();
  if (passed_from_ == passed_until_) {
    passed_until_ = passed_size_;
    if (shard_.event_time) {
      bool any_active = false;
      const Timestamp others = least_watermark(decoded_split_, any_active);
      timed_from_ = time_.cut(timed, timed_from_, decoded_split_->start.watermark, others);
      if (timed_from_ < timed.count) {
        const uint32_t row = timed.selection ? timed.selection[timed_from_] : timed_from_;
        while (passed_until_ > passed_from_ && passed.row(passed_until_ - 1) >= row) {
          --passed_until_;
        }
      }
    }
  }
  const uint32_t count = std::min(passed_until_ - passed_from_, context_.options.batch_rows_max);
  const bool whole = count == passed_size_;
  if (count > 0) {
    chain.push(Event::rows(0, whole ? std::move(passed) : passed.slice(passed_from_, count)));
    passed_from_ += count;
  }
  context_.slice.spend();
  if (passed_from_ < passed_until_) return;
  if (shard_.event_time) publish_time(chain, false);
  const bool all_cut = !shard_.event_time || timed_from_ == timed.count;
  if (all_cut) finish_batch();
}

void SourceHead::finish_batch() {
  in_batch_ = false;
  decoded_split_->start.position = std::move(behind_);
  rows_.passed() = {};
}

void SourceHead::push_barrier(Chain& chain) {
  const BarrierOrder order = orders_.front();
  orders_.pop_front();
  if (shard_.event_time && !end_sent_) publish_time(chain, true);
  push_tick(chain, order.tick);
  chain.push(Event::signal(EventKind::kBarrier, static_cast<int64_t>(order.epoch.value())));
  barrier_ = order.epoch;
  stopped_ = stopped_ || order.last;
  changed_ = false;
}

void SourceHead::push_tick(Chain& chain, Timestamp tick) {
  if (tick <= tick_ || end_sent_) return;
  tick_ = tick;
  chain.push(Event::signal(EventKind::kTick, tick));
}

void SourceHead::push_end(Chain& chain) {
  end_sent_ = true;
  if (idle_sent_) chain.push(Event::signal(EventKind::kIdle, 0));
  chain.push(Event::signal(EventKind::kWatermark, kTimeMax));
  chain.push(Event::signal(EventKind::kTick, kTimeMax));
  chain.push(Event::signal(EventKind::kEnd));
  context_.counters.watermark.store(kTimeMax, std::memory_order_relaxed);
  context_.counters.idle.store(false, std::memory_order_relaxed);
  report_changed();
  context_.reports->input_ended(context_.task);
}

void SourceHead::describe(TaskAck& ack) {
  for (SplitState& split : splits_) {
    if (!std::exchange(split.changed, false)) continue;
    const StoredPosition stored{split.start.ended, split.start.split.identity,
                                split.start.position};
    commit::SplitPosition position;
    position.source = shard_.id;
    position.split = split.start.split.name;
    position.position = stored.encode();
    position.watermark_us = split.start.watermark;
    position.idle = split.start.idle;
    ack.positions.splits.push_back(std::move(position));
  }
  ack.tick = tick_;
  ack.ended = end_sent_;
  ack.event_times = std::exchange(event_times_, {});
  // The splits' own watermarks tell what was sent, unless one was or is idle.
  bool any_active = false;
  const Timestamp least = least_watermark(nullptr, any_active);
  if (time_.emitted() <= committed_floor_ || (any_active && time_.emitted() <= least)) return;
  committed_floor_ = time_.emitted();
  ack.positions.splits.push_back(floors_position(time_start_.position_name, {committed_floor_}));
}

bool SourceHead::all_ended() const {
  // Of an endless source a shard without splits waits for its job to end.
  if (splits_.empty()) return shard_.bounded;
  return std::ranges::all_of(splits_, [](const SplitState& split) { return split.start.ended; });
}

Timestamp SourceHead::least_watermark(const SplitState* except, bool& any_active) const {
  Timestamp least = kTimeMax;
  for (const SplitState& split : splits_) {
    if (&split == except || split.start.ended || split.start.idle) continue;
    any_active = true;
    least = std::min(least, split.start.watermark);
  }
  return least;
}

Timestamp SourceHead::furthest_watermark() const {
  Timestamp furthest = kTimeMin;
  for (const SplitState& split : splits_) {
    if (!split.start.ended) furthest = std::max(furthest, split.start.watermark);
  }
  return furthest;
}

void SourceHead::publish_time(Chain& chain, bool exact) {
  bool any_active = false;
  const Timestamp least = least_watermark(nullptr, any_active);
  if (!any_active) {
    // All ended: the end says more. All idle, or nothing to read: out of everybody's minima, and as
    // far as the furthest (WatermarkMerge).
    if (all_ended()) return;
    const Timestamp furthest = furthest_watermark();
    if (furthest > time_.emitted()) push_watermark(chain, furthest);
    if (!idle_sent_) {
      idle_sent_ = true;
      chain.push(Event::signal(EventKind::kIdle, 1));
      context_.counters.idle.store(true, std::memory_order_relaxed);
    }
    return;
  }
  if (idle_sent_) {
    idle_sent_ = false;
    chain.push(Event::signal(EventKind::kIdle, 0));
    context_.counters.idle.store(false, std::memory_order_relaxed);
  }
  if (least > time_.emitted() && (exact || time_.matters(least))) push_watermark(chain, least);
}

void SourceHead::push_watermark(Chain& chain, Timestamp watermark) {
  time_.emit(watermark);
  chain.push(Event::signal(EventKind::kWatermark, watermark));
  context_.counters.watermark.store(watermark, std::memory_order_relaxed);
}

bool SourceHead::ready(const SplitState& split) const {
  if (split.reader == nullptr || split.start.ended) return false;
  return !split.waiting || split.signal->ready.load(std::memory_order_acquire);
}

void SourceHead::split_opened(size_t index, std::unique_ptr<SplitReader> reader) {
  splits_[index].reader = std::move(reader);
  splits_[index].opening = false;
}

// Asks for the readers of further splits: all of an endless source; of a bounded one, one after
// another, or with event time those that hold the watermark back.
void SourceHead::request_splits() {
  size_t open = 0;
  Timestamp least_open = kTimeMax;
  for (const SplitState& split : splits_) {
    if (split.start.ended || (split.reader == nullptr && !split.opening)) continue;
    ++open;
    least_open = std::min(least_open, split.start.watermark);
  }
  const size_t open_max = !shard_.bounded     ? splits_.size()
                          : shard_.event_time ? kOpenSplitsMax
                                              : kOpenSplitsWithoutTimeMax;
  while (open < open_max) {
    SplitState* next = nullptr;
    for (SplitState& split : splits_) {
      if (split.start.ended || split.reader != nullptr || split.opening) continue;
      if (next == nullptr || split.start.watermark < next->start.watermark) next = &split;
    }
    if (next == nullptr) return;
    if (shard_.bounded && open > 0 && next->start.watermark > least_open) return;
    next->opening = true;
    ++open;
    least_open = std::min(least_open, next->start.watermark);
    context_.reports->open_split({context_.task, static_cast<size_t>(next - splits_.data()),
                                  next->start.split, next->start.position, [signal = next->signal] {
                                    signal->ready.store(true, std::memory_order_release);
                                    signal->waker->wake();
                                  }});
  }
}

SourceHead::SplitState* SourceHead::choose_split() {
  SplitState* chosen = nullptr;
  if (shard_.bounded) {
    for (SplitState& split : splits_) {  // equal watermarks: the first
      if (!ready(split) && !split.opening) continue;
      if (chosen == nullptr || split.start.watermark < chosen->start.watermark) chosen = &split;
    }
    return chosen != nullptr && chosen->opening ? nullptr : chosen;
  }
  for (size_t n = 0; n < splits_.size() && chosen == nullptr; ++n) {
    SplitState& split = splits_[(next_split_ + n) % splits_.size()];
    if (ready(split)) chosen = &split;
  }
  if (chosen != nullptr) next_split_ = static_cast<size_t>(chosen - splits_.data()) + 1;
  return chosen;
}

Result<Step> SourceHead::poll() {
  request_splits();
  SplitState* const split = choose_split();
  if (split == nullptr) {
    wait_for_splits();
    return Step::kWait;
  }
  const uint32_t rows_max = rows_allowed();
  if (rows_max == 0) return Step::kWait;
  split->signal->ready.store(false, std::memory_order_release);
  decoded_split_ = split;
  Emission emission(decoded_);
  const Step step = MILLRACE_TRY(split->reader->poll(rows_max, emission));
  rate_rows_ += emission.rows();
  const bool still_caught_up = split->waiting && split->caught_up && decoded_.empty();
  split->waiting = step == Step::kWait;
  if (split->waiting) {
    split->caught_up = split->reader->caught_up();
    if (!still_caught_up) split->waiting_since = context_.clock.now();
  }
  if (step == Step::kDone) decoded_.push_back({});
  context_.slice.spend();
  return Step::kDone;
}

uint32_t SourceHead::rows_allowed() {
  const uint32_t rows_max = context_.options.batch_rows_max;
  if (shard_.rows_per_second <= 0) return rows_max;
  const io::MonotonicTime now = context_.clock.now();
  const double rate = shard_.rows_per_second;
  const double due = static_cast<double>(now - rate_since_) / io::kNsPerSecond * rate;
  // What could not be read in time is not made up for by more than a portion.
  const double portion = std::max(1.0, rate * kRatePortionSeconds);
  double behind = due - static_cast<double>(rate_rows_);
  if (behind > 100 * portion) {
    rate_since_ = now + -static_cast<int64_t>(portion / rate * io::kNsPerSecond);
    rate_rows_ = 0;
    behind = portion;
  }
  if (behind + 1e-6 >= portion) {
    return static_cast<uint32_t>(std::min<double>(behind + 1e-6, rows_max));
  }
  wake_at(now + (static_cast<int64_t>((portion - behind) / rate * io::kNsPerSecond) + 1));
  return 0;
}

void SourceHead::wait_for_splits() {
  if (!shard_.event_time || shard_.idle_timeout_us <= 0) return;
  for (const SplitState& split : splits_) {
    if (!split.waiting || !split.caught_up || split.start.idle || split.start.ended) continue;
    wake_at(split.waiting_since + shard_.idle_timeout_us * io::kNsPerUs);
  }
}

void SourceHead::check_idle() {
  if (shard_.idle_timeout_us <= 0) return;
  for (SplitState& split : splits_) {
    if (!split.waiting || !split.caught_up || split.start.idle || split.start.ended) continue;
    if (split.signal->ready.load(std::memory_order_acquire)) continue;
    const int64_t waited_ns = context_.clock.now() - split.waiting_since;
    if (waited_ns < shard_.idle_timeout_us * io::kNsPerUs) continue;
    split.start.idle = split.changed = true;
    report_changed();
  }
}

void SourceHead::report_changed() {
  if (std::exchange(changed_, true)) return;
  context_.reports->input_changed();
}

void SourceHead::wake_at(io::MonotonicTime when) {
  const io::MonotonicTime now = context_.clock.now();
  if (wake_at_ > now && wake_at_ <= when) return;
  wake_at_ = when;
  context_.waker->wake_at(when);
}

}  // namespace millrace::engine
