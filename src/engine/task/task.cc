#include "engine/task/task.h"

#include <algorithm>

#include "base/assert.h"
#include "data/key_encoding.h"
#include "engine/out/sink_tail.h"

namespace millrace::engine {
namespace {

constexpr size_t kDeltaBytes = 1 << 20;

size_t ports_of(const TaskParts& parts) {
  size_t ports = parts.operators.empty() ? 1 : parts.operators.front()->traits().ports.size();
  for (const IncomingChannel& incoming : parts.channels) {
    ports = std::max<size_t>(ports, incoming.port + size_t{1});
  }
  return ports;
}

}  // namespace

Task::Task(TaskParts parts, const TaskShared& shared, std::shared_ptr<TaskWaker> waker,
           TaskCounters& counters)
    : index_(parts.index),
      id_(parts.id),
      shared_(shared),
      waker_(std::move(waker)),
      counters_(counters),
      operator_state_ids_(std::move(parts.state_ids)),
      shard_(parts.shard),
      shards_(parts.shards),
      state_memory_("state", shared.options.memory),
      slice_(shared.clock, shared.options.slice_us * io::kNsPerUs,
             shared.options.slice_batches_max),
      staging_(shared.board, shared.options.errors, counters, waker_),
      store_(&state_memory_) {
  staging_.begin(parts.epoch);
  for (const auto& op : parts.operators) stateful_ |= op->traits().stateful;
  const size_t ports = ports_of(parts);
  std::unique_ptr<Tail> tail;
  if (parts.sink != nullptr) {
    tail = std::make_unique<SinkTail>(std::move(parts.sink), staging_, counters_);
  } else {
    tail = std::make_unique<ExchangeTail>(std::move(parts.edges));
  }
  ChainSide& side = *this;
  chain_ = std::make_unique<Chain>(std::move(parts.operators), std::move(tail), slice_, side);
  HeadContext context{index_,   shared_.options, shared_.clock, slice_,
                      staging_, counters_,       waker_,        shared_.reports};
  if (parts.source) {
    auto head = std::make_unique<SourceHead>(std::move(*parts.source), std::move(parts.splits),
                                             std::move(parts.time), std::move(context));
    source_head_ = head.get();
    head_ = std::move(head);
  } else {
    head_ = std::make_unique<InputHead>(std::move(parts.channels), ports, std::move(parts.time),
                                        std::move(context));
  }
}

Task::~Task() = default;

std::vector<commit::StateId> Task::state_ids() const {
  std::vector<commit::StateId> ids;
  for (size_t index = 0; index < chain_->operators(); ++index) {
    if (!chain_->at(index).traits().stateful) continue;
    for (uint64_t n = 0; n < kTablesPerOperatorMax; ++n) {
      ids.emplace_back(operator_state_ids_[index] + n);
    }
  }
  return ids;
}

commit::KeyGroupRange Task::key_groups() const {
  const auto first = [&](uint32_t shard) { return data::first_group_of_shard(shard, shards_); };
  return {commit::KeyGroup(static_cast<uint16_t>(first(shard_))),
          commit::KeyGroup(static_cast<uint16_t>(first(shard_ + 1) - 1))};
}

void Task::open() {
  if (Result<void> opened = open_chain(); !opened) report(std::move(opened).error());
}

Result<void> Task::open_chain() {
  std::vector<OpenContext> contexts(chain_->operators() + 1);
  for (size_t index = 0; index < contexts.size(); ++index) {
    OpenContext& context = contexts[index];
    context.shard = shard_;
    context.shards = shards_;
    context.memory = shared_.options.memory;
    context.make_wake = [waker = waker_] { return waker->make_wake(); };
    if (index == chain_->operators() || !chain_->at(index).traits().stateful) continue;
    context.state = &store_;
    context.state_id = operator_state_ids_[index];
    context.memory = &state_memory_;
  }
  MILLRACE_TRY(chain_->open(contexts));
  MILLRACE_TRY(store_.restored());
  if (stateful_) {
    SnapshotDump::Settings settings;
    settings.jobs = &shared_.jobs;
    settings.spec.job = shared_.job;
    settings.spec.incarnation = shared_.incarnation;
    settings.spec.task = id_;
    settings.delta_bytes_min = shared_.snapshot_delta_bytes;
    settings.spec.replaces = shared_.replaced;
    dump_.emplace(std::move(settings), store_, waker_, shared_.recovered_delta_bytes);
    if (!shared_.replaced.empty()) MILLRACE_TRY(dump_->begin_required(staging_.epoch()));
  }
  opened_ = true;
  return {};
}

void Task::order_barrier(BarrierOrder order) {
  MILLRACE_ASSERT(source_head_ != nullptr);
  source_head_->order_barrier(order);
}

void Task::split_opened(size_t index, std::unique_ptr<SplitReader> reader) {
  source_head_->split_opened(index, std::move(reader));
}

void Task::committed(commit::Epoch epoch, bool last) {
  if (failed_) return;
  if (Result<void> told = chain_->tail().committed(epoch); !told) {
    return report(std::move(told).error());
  }
  if (last) shared_.reports->last_epoch_delivered(index_);
}

void Task::late(const data::Batch& batch) {
  TaskCounters::add(counters_.rows_late, batch.size());
}

void Task::report(Error error) {
  failed_ = true;
  shared_.reports->fail(std::move(error));
}

void Task::turn() {
  if (!opened_ || failed_) return;
  slice_.begin();
  chain_->start_turn();
  Result<Step> step = advance();
  if (!step) return report(std::move(step).error());
  const bool dump_more = dump_ && dump_->step();
  if (*step == Step::kAgain || dump_more) waker_->wake();
}

Result<Step> Task::advance() {
  while (true) {
    if (!MILLRACE_TRY(staging_.flush())) return Step::kWait;
    if (const Step step = MILLRACE_TRY(chain_->run()); step != Step::kDone) {
      // A sink that waits for its unit to take more: the next flush may already do it.
      if (step == Step::kWait && staging_.full() && MILLRACE_TRY(staging_.flush())) continue;
      return step;
    }
    if (barrier_) {
      if (const Step step = MILLRACE_TRY(finish_barrier()); step != Step::kDone) return step;
      continue;
    }
    if (slice_.over()) return Step::kAgain;
    if (MILLRACE_TRY(head_->feed(*chain_)) == Step::kWait) return Step::kWait;
    barrier_ = head_->take_barrier();
  }
}

Result<Step> Task::finish_barrier() {
  if (!barrier_collected_) {
    MILLRACE_TRY(staging_.stage_rejections());
    store_.collect_changes();
    barrier_collected_ = true;
  }
  while (true) {
    if (!MILLRACE_TRY(staging_.flush())) return Step::kWait;
    if (store_.drained()) break;
    if (slice_.over()) return Step::kAgain;
    Buffer delta = store_.next_delta(kDeltaBytes);
    if (dump_) dump_->count_delta(delta.bytes());
    staging_.stage_state(id_, std::move(delta));
    slice_.spend();
  }
  if (dump_) {
    if (!MILLRACE_TRY(dump_->may_pass())) return Step::kWait;
    if (const auto snapshot = dump_->take_finished()) {
      MILLRACE_TRY(staging_.adopt_snapshot(*snapshot));
    }
    dump_->at_barrier(*barrier_, state_memory_.bytes());
    counters_.state_entries.store(store_.entries(), std::memory_order_relaxed);
    counters_.state_bytes.store(state_memory_.bytes(), std::memory_order_relaxed);
  }
  TaskAck ack;
  ack.task = index_;
  ack.epoch = *barrier_;
  ack.next_timer = chain_->next_timer();
  head_->describe(ack);
  shared_.reports->acknowledge(std::move(ack));
  staging_.begin(barrier_->next());
  barrier_.reset();
  barrier_collected_ = false;
  return Step::kDone;
}

}  // namespace millrace::engine
