#include "engine/in/input_head.h"

#include <algorithm>

#include "base/assert.h"
#include "engine/epochs/split_positions.h"
#include "engine/in/coalesce.h"

namespace millrace::engine {
namespace {

// Batches of fewer rows are put together, up to this many rows.
constexpr uint32_t kSmallRows = 512;
constexpr uint32_t kCoalescedRows = 2048;

}  // namespace

InputHead::InputHead(std::vector<IncomingChannel> channels, size_t ports, TimeStart start,
                     HeadContext context)
    : context_(std::move(context)),
      position_name_(std::move(start.position_name)),
      event_{{}, WatermarkMerge(ports)},
      processing_{{}, WatermarkMerge(ports)},
      committed_floors_(ports + 1, kTimeMin) {
  std::vector<size_t> channels_of_port(ports, 0);
  std::vector<size_t> dry_of_port(ports, 0);
  std::vector<bool> dry;
  for (IncomingChannel& incoming : channels) {
    const size_t in_port = channels_of_port[incoming.port]++;
    dry_of_port[incoming.port] += incoming.dry ? 1 : 0;
    dry.push_back(incoming.dry);
    inputs_.push_back({incoming.port, in_port, std::move(incoming.channel), false});
  }
  for (size_t port = 0; port < ports; ++port) {
    event_.ports.emplace_back(channels_of_port[port]);
    processing_.ports.emplace_back(channels_of_port[port]);
    event_.merged.set_idle(port, dry_of_port[port] == channels_of_port[port]);
  }
  for (size_t index = 0; index < inputs_.size(); ++index) {
    event_.ports[inputs_[index].port].set_idle(inputs_[index].in_port, dry[index]);
  }
  for (WatermarkMerge& port : processing_.ports) port.restore(start.tick);
  processing_.merged.restore(start.tick);
  if (start.floors.size() != ports + 1) return;
  for (size_t port = 0; port < ports; ++port) event_.ports[port].restore(start.floors[port]);
  event_.merged.restore(start.floors.back());
  committed_floors_ = std::move(start.floors);
}

void InputHead::push_start(Chain& chain) {
  for (size_t index = 0; index < event_.ports.size(); ++index) {
    const auto port = static_cast<Port>(index);
    chain.push(Event::time(EventKind::kTick, port, processing_.ports[index].time(),
                           processing_.merged.time()));
    if (event_.ports[index].time() == kTimeMin) continue;
    chain.push(
        Event::time(EventKind::kWatermark, port, event_.ports[index].time(), event_.merged.time()));
  }
}

Result<Step> InputHead::feed(Chain& chain) {
  if (!std::exchange(started_, true)) {
    push_start(chain);
    return Step::kDone;
  }
  for (size_t n = 0; n < inputs_.size(); ++n) {
    Input& input = inputs_[(next_input_ + n) % inputs_.size()];
    if (input.at_barrier || !take(chain, input)) continue;
    next_input_ = (next_input_ + n + 1) % inputs_.size();
    context_.slice.spend();
    return Step::kDone;
  }
  if (held_.empty()) return Step::kWait;
  flush(chain);
  return Step::kDone;
}

bool InputHead::take(Chain& chain, Input& input) {
  Event* const front = input.channel->front();
  if (front == nullptr) return false;
  Event event = std::move(*front);
  input.channel->pop();
  if (event.is_batch()) {
    take_rows(chain, input, std::move(event.batch));
  } else {
    flush(chain);
    take_signal(chain, input, event);
  }
  return true;
}

void InputHead::take_rows(Chain& chain, const Input& input, data::Batch batch) {
  const uint32_t rows = batch.size();
  const uint32_t rows_max = std::min(kCoalescedRows, context_.options.batch_rows_max);
  if (!held_.empty() && (held_port_ != input.port || held_rows_ + rows > rows_max)) flush(chain);
  if (rows >= std::min(kSmallRows, rows_max)) {
    flush(chain);
    chain.push(Event::rows(input.port, std::move(batch)));
    return;
  }
  held_port_ = input.port;
  held_rows_ += rows;
  held_.push_back(std::move(batch));
}

void InputHead::flush(Chain& chain) {
  if (held_.empty()) return;
  held_rows_ = 0;
  chain.push(Event::rows(held_port_, coalesce(held_)));
}

void InputHead::take_signal(Chain& chain, Input& input, const Event& event) {
  switch (event.kind) {
    case EventKind::kWatermark:
      event_.ports[input.port].advance(input.in_port, event.value);
      return take_time(chain, input.port, EventKind::kWatermark, event_);
    case EventKind::kTick:
      processing_.ports[input.port].advance(input.in_port, event.value);
      return take_time(chain, input.port, EventKind::kTick, processing_);
    case EventKind::kIdle:
      return take_idle(chain, input, event.value != 0);
    case EventKind::kEnd:
      return push_end(chain);
    case EventKind::kBarrier:
      return pass_barrier(chain, input, event.value);
    case EventKind::kBatch:
    case EventKind::kLate:
      return;
  }
}

void InputHead::take_time(Chain& chain, Port port, EventKind kind, Times& times) {
  WatermarkMerge& merge = times.ports[port];
  const Timestamp before = merge.time();
  const Timestamp merged_before = times.merged.time();
  merge.update();
  times.merged.set_idle(port, merge.idle());
  times.merged.advance(port, merge.time());
  times.merged.update();
  if (merge.time() <= before && times.merged.time() <= merged_before) return;
  chain.push(Event::time(kind, port, merge.time(), times.merged.time()));
}

// Less idle: said before the time that follows from it. More idle: after it.
void InputHead::take_idle(Chain& chain, const Input& input, bool idle) {
  event_.ports[input.port].set_idle(input.in_port, idle);
  if (idle_ && !idle) {
    idle_ = false;
    chain.push(Event::signal(EventKind::kIdle, 0));
  }
  take_time(chain, input.port, EventKind::kWatermark, event_);
  if (!idle_ && event_.merged.idle()) {
    idle_ = true;
    chain.push(Event::signal(EventKind::kIdle, 1));
  }
}

// An end follows the last of all times of its channel.
void InputHead::push_end(Chain& chain) {
  if (!event_.merged.ended()) {
    // The others may all be idle, which nobody had to say while this one was active.
    if (event_.merged.idle() && !std::exchange(idle_, true)) {
      chain.push(Event::signal(EventKind::kIdle, 1));
    }
    return;
  }
  if (std::exchange(ended_, true)) return;
  if (std::exchange(idle_, false)) chain.push(Event::signal(EventKind::kIdle, 0));
  chain.push(Event::signal(EventKind::kEnd));
}

void InputHead::pass_barrier(Chain& chain, Input& input, int64_t epoch) {
  input.at_barrier = true;
  if (++at_barrier_ < inputs_.size()) return;
  at_barrier_ = 0;
  for (Input& each : inputs_) each.at_barrier = false;
  chain.push(Event::signal(EventKind::kBarrier, epoch));
  barrier_ = commit::Epoch(static_cast<uint64_t>(epoch));
}

void InputHead::describe(TaskAck& ack) {
  if (inputs_.size() == 1) return;  // its one channel says it all again, before any row
  std::vector<Timestamp> floors;
  for (const WatermarkMerge& port : event_.ports) floors.push_back(port.time());
  floors.push_back(event_.merged.time());
  if (floors == committed_floors_) return;
  ack.positions.splits.push_back(floors_position(position_name_, floors));
  committed_floors_ = std::move(floors);
}

}  // namespace millrace::engine
