#include "engine/task/chain.h"

#include <bit>

#include "base/assert.h"

namespace millrace::engine {

// Stage: one operator, what waits in front of it, and the Output that it pushes to.
struct Chain::Stage final : Output {
  Stage(Chain& owner, size_t position, std::unique_ptr<Operator> what)
      : chain(owner), index(position), op(std::move(what)) {
    if (op != nullptr) delay_us = op->traits().watermark_delay_us;
  }

  void push(data::Batch batch) override {
    if (batch.empty()) return;
    MILLRACE_ASSERT(batch.rows() <= data::kBatchRowsMax);
    chain.slice_.spend();
    chain.deliver(index + 1, Event::rows(0, std::move(batch)));
  }
  bool full() const override { return chain.full_behind(index); }
  void push_late(data::Batch batch) override {
    if (batch.empty()) return;
    chain.side_.late(batch);
    if (chain.tail_->takes_late()) chain.deliver(chain.operators(), Event::late(std::move(batch)));
  }
  void reject(Rejection rejection) override { chain.side_.reject(std::move(rejection)); }

  Chain& chain;
  const size_t index;
  const std::unique_ptr<Operator> op;  // null: the tail
  int64_t delay_us = 0;
  std::deque<Event> queue;
  bool suspended = false;
  Event current;                              // kind and times of what the stage is at
  Timestamp times[2] = {kTimeMin, kTimeMin};  // forwarded last, per TimeDomain
};

Chain::Chain(std::vector<std::unique_ptr<Operator>> operators, std::unique_ptr<Tail> tail,
             Slice& slice, ChainSide& side)
    : tail_(std::move(tail)), slice_(slice), side_(side) {
  MILLRACE_ASSERT(operators.size() < 63);
  for (auto& op : operators) {
    stages_.push_back(std::make_unique<Stage>(*this, stages_.size(), std::move(op)));
  }
  stages_.push_back(std::make_unique<Stage>(*this, stages_.size(), nullptr));
}

Chain::~Chain() = default;

Result<void> Chain::open(std::span<OpenContext> contexts) {
  MILLRACE_ASSERT(contexts.size() == stages_.size());
  for (size_t index = 0; index < operators(); ++index) {
    MILLRACE_TRY(stages_[index]->op->open(contexts[index]));
  }
  return tail_->open(contexts.back());
}

const Operator& Chain::at(size_t index) const {
  return *stages_[index]->op;
}

Timestamp Chain::next_timer() const {
  Timestamp next = kTimeMax;
  for (size_t index = 0; index < operators(); ++index) {
    next = std::min(next, stages_[index]->op->next_timer());
  }
  return next;
}

void Chain::push(Event event) {
  if (operators() > 0) return deliver(0, std::move(event));
  // Nobody but the tail: it gets what a first operator would have forwarded.
  if (event.kind == EventKind::kWatermark || event.kind == EventKind::kTick) {
    Timestamp& last = stages_[0]->times[event.kind == EventKind::kWatermark ? 0 : 1];
    if (event.forward <= last) return;
    last = event.value = event.forward;
  }
  deliver(0, std::move(event));
}

bool Chain::full_behind(size_t index) const {
  return blocked(index) || slice_.over() || error_.has_value() || !tail_->room(true);
}

bool Chain::can_start(size_t index, bool batch) const {
  const Stage& stage = *stages_[index];
  if (stage.suspended || !stage.queue.empty() || blocked(index)) return false;
  // An operator may answer any event with rows; the tail tells rows from signals.
  return tail_->room(batch || index < operators());
}

void Chain::deliver(size_t to, Event event) {
  if (error_) return;
  if (can_start(to, event.is_batch())) return start(to, std::move(event));
  stages_[to]->queue.push_back(std::move(event));
  update_mask(to);
}

void Chain::update_mask(size_t index) {
  const Stage& stage = *stages_[index];
  const uint64_t bit = uint64_t{1} << index;
  unfinished_ = stage.suspended || !stage.queue.empty() ? unfinished_ | bit : unfinished_ & ~bit;
}

void Chain::start(size_t index, Event event) {
  Stage& stage = *stages_[index];
  stage.current = {event.kind, event.port, event.value, event.forward, {}};
  if (index == operators()) return settle(index, tail_->on_event(std::move(event)));
  settle(index, dispatch(stage, event));
}

Result<Step> Chain::dispatch(Stage& stage, Event& event) {
  switch (event.kind) {
    case EventKind::kBatch:
      return stage.op->on_batch(event.port, std::move(event.batch), stage);
    case EventKind::kWatermark:
      // Of a port of which nothing is known others may speak: that only goes on downstream.
      if (event.value == kTimeMin) return Step::kDone;
      return stage.op->on_time(event.port, TimeDomain::kEvent, event.value, stage);
    case EventKind::kTick:
      return stage.op->on_time(event.port, TimeDomain::kProcessing, event.value, stage);
    case EventKind::kBarrier:
      return stage.op->on_barrier(commit::Epoch(static_cast<uint64_t>(event.value)), stage);
    case EventKind::kLate:
    case EventKind::kIdle:
    case EventKind::kEnd:
      return Step::kDone;
  }
  return Step::kDone;
}

void Chain::settle(size_t index, Result<Step> step) {
  Stage& stage = *stages_[index];
  if (!step) {
    if (!error_) error_.emplace(std::move(step).error());
    return;
  }
  stage.suspended = *step != Step::kDone;
  if (*step == Step::kWait) waiting_ |= uint64_t{1} << index;
  update_mask(index);
  if (!stage.suspended && index < operators()) forward(index);
}

void Chain::forward(size_t index) {
  Stage& stage = *stages_[index];
  const Event& done = stage.current;
  if (done.is_batch() || error_) return;
  Event next = Event::signal(done.kind, done.forward);
  if (done.kind == EventKind::kWatermark || done.kind == EventKind::kTick) {
    const bool event_time = done.kind == EventKind::kWatermark;
    if (event_time && next.value != kTimeMax && next.value >= kTimeMin + stage.delay_us) {
      next.value -= stage.delay_us;
    }
    Timestamp& last = stage.times[event_time ? 0 : 1];
    if (next.value <= last) return;
    last = next.value;
    next.forward = next.value;
  }
  deliver(index + 1, std::move(next));
}

Step Chain::advance(size_t index) {
  Stage& stage = *stages_[index];
  const bool is_tail = index == operators();
  if ((waiting_ >> index & 1) != 0) return Step::kWait;
  const bool batch = !is_tail || stage.suspended || stage.queue.front().is_batch();
  if (!tail_->room(batch) && tail_->wait_for_room(batch)) return Step::kWait;
  if (stage.suspended) {
    settle(index, is_tail ? tail_->resume() : stage.op->resume(stage));
  } else {
    Event event = std::move(stage.queue.front());
    stage.queue.pop_front();
    update_mask(index);
    start(index, std::move(event));
  }
  return Step::kAgain;
}

Result<Step> Chain::run() {
  while (true) {
    if (error_) return std::move(*error_);
    if (unfinished_ == 0) return Step::kDone;
    if (slice_.over()) return Step::kAgain;
    const auto index = static_cast<size_t>(63 - std::countl_zero(unfinished_));
    if (advance(index) == Step::kWait) return Step::kWait;
    slice_.spend();
  }
}

}  // namespace millrace::engine
