#include "engine/epochs/running_job.h"

#include <algorithm>

#include "base/assert.h"
#include "data/key_encoding.h"

namespace millrace::engine {
namespace {

// The first change after a quiet time waits for company: this part of the epoch's interval.
constexpr int64_t kFirstChangePart = 8;

void append(commit::Positions& to, commit::Positions from) {
  std::ranges::move(from.splits, std::back_inserter(to.splits));
}

}  // namespace

// Reports: hands the words of tasks over to the coordinator's executor.
class Job::Running::Reports final : public TaskReports {
 public:
  Reports(std::weak_ptr<Running> running, io::Executor& executor)
      : running_(std::move(running)), executor_(executor) {}

  void acknowledge(TaskAck ack) override {
    post([ack = std::move(ack)](Running& running) mutable { running.on_ack(std::move(ack)); });
  }
  void fail(Error error) override {
    post([error = std::move(error)](Running& running) { running.fail(error); });
  }
  void notice(Error error) override {
    post([error = std::move(error)](Running& running) {
      if (running.events_.on_notice) running.events_.on_notice(error);
    });
  }
  void input_changed() override {
    post([](Running& running) { running.want_epoch(false); });
  }
  void input_ended(uint32_t) override {
    post([](Running& running) {
      if (++running.sources_ended_ == running.sources_) running.want_epoch(true);
    });
  }
  void open_split(OpenRequest request) override {
    post([request = std::move(request)](Running& running) mutable {
      running.open_split(std::move(request));
    });
  }
  void last_epoch_delivered(uint32_t) override {
    post([](Running& running) { running.on_delivered(); });
  }

 private:
  void post(std::move_only_function<void(Running&)> step) {
    executor_.post([weak = running_, step = std::move(step)]() mutable {
      if (const auto running = weak.lock()) step(*running);
    });
  }

  const std::weak_ptr<Running> running_;
  io::Executor& executor_;
};

Job::Running::Running(Dataflow dataflow, JobOptions options, JobEnvironment environment,
                      JobEvents events)
    : options_(std::move(options)),
      environment_(std::move(environment)),
      events_(std::move(events)),
      dataflow_(std::move(dataflow)),
      counters_(count_tasks(dataflow_)) {
  for (const Pipeline& pipeline : dataflow_.pipelines) {
    const bool has_time = pipeline.source && pipeline.source->event_time;
    source_has_time_.insert(source_has_time_.end(), pipeline.shards, has_time);
  }
}

Job::Running::~Running() = default;

void Job::Running::post(std::move_only_function<void(Running&)> step) {
  environment_.coordinator.post(
      [self = shared_from_this(), step = std::move(step)]() mutable { step(*self); });
}

void Job::Running::start() {
  post([](Running& self) {
    ++self.calls_open_;
    self.environment_.log.jobs().open_job(
        self.options_.name, self.environment_.coordinator,
        [running = self.shared_from_this()](Result<commit::OpenedJob> opened) {
          running->on_opened(std::move(opened));
        });
  });
}

void Job::Running::request_stop() {
  if (finished_) return;
  post([](Running& self) {
    self.stop_requested_ = true;
    self.want_epoch(true);
  });
}

void Job::Running::cancel() {
  if (finished_) return;
  post([](Running& self) { self.fail(Error(ErrorCode::kCancelled, "the job was cancelled")); });
}

void Job::Running::on_opened(Result<commit::OpenedJob> opened) {
  --calls_open_;
  if (phase_ != Phase::kOpening) return finish_if_down();
  if (!opened) return fail(std::move(opened).error());
  opened_ = *opened;
  if (Result<void> recovered = recover(*opened); !recovered) fail(std::move(recovered).error());
}

Result<void> Job::Running::recover(const commit::OpenedJob& opened) {
  const commit::RecoveredJob recovered = MILLRACE_TRY(environment_.log.jobs().recover(opened.job));
  committed_epoch_ = recovered.last_epoch.value();
  resumed_after_ = recovered.last_epoch;
  if (is_complete(recovered)) {
    end(JobEnd::kAlreadyComplete);
    return {};
  }
  next_epoch_ = unit_epoch_ = recovered.last_epoch.next();
  tick_ = std::max(recovered.tick.value(), environment_.clock.wall_us());
  last_barrier_ = environment_.clock.now();
  first_positions_ = stale_task_positions(dataflow_, recovered.positions);
  MILLRACE_TRY(check_state_shapes(dataflow_, recovered.positions));
  const std::string layout = state_layout(dataflow_);
  const bool same_layout = layout_of(recovered.positions) == layout;
  if (!same_layout) first_positions_.splits.push_back(layout_mark(layout));
  MILLRACE_TRY(begin_unit(next_epoch_));
  MILLRACE_TRY(make_tasks(recovered, same_layout));
  const bool restore = recovered.last_epoch != commit::Epoch();
  for (TaskEntry& entry : tasks_) MILLRACE_TRY(open_task(entry, restore));
  phase_ = Phase::kRunning;
  try_barrier();
  // A new job tells what holds before any row: COUNT(*) of nothing is 0.
  if (!restore) want_epoch(false);
  return {};
}

Result<void> Job::Running::make_tasks(const commit::RecoveredJob& recovered, bool same_layout) {
  std::vector<std::shared_ptr<TaskWaker>> wakers;
  for (const Pipeline& pipeline : dataflow_.pipelines) {
    for (uint32_t shard = 0; shard < pipeline.shards; ++shard) {
      io::Executor* worker = environment_.workers[shard % environment_.workers.size()];
      wakers.push_back(std::make_shared<TaskWaker>(*worker));
    }
  }
  std::vector<TaskParts> parts =
      MILLRACE_TRY(assemble(dataflow_, {recovered, next_epoch_, tick_, options_}, wakers));
  const uint64_t tasks = parts.size();
  shared_.emplace(TaskShared{
      options_, environment_.clock, board_, environment_.log.jobs(), opened_.job,
      opened_.incarnation, options_.snapshot_delta_bytes / tasks, recovered.delta_bytes / tasks,
      same_layout ? std::vector<commit::TaskId>() : recovered.tasks,
      std::make_shared<Reports>(weak_from_this(), environment_.coordinator)});
  for (TaskParts& each : parts) {
    TaskEntry entry;
    entry.source = each.source.has_value();
    entry.sink = each.sink != nullptr;
    entry.waker = wakers[each.index];
    TaskCounters& counters = counters_[each.index];
    entry.task = std::make_unique<Task>(std::move(each), *shared_, entry.waker, counters);
    entry.waker->attach(entry.task.get());
    sources_ += entry.source ? 1 : 0;
    tasks_.push_back(std::move(entry));
  }
  return {};
}

Result<void> Job::Running::open_task(TaskEntry& entry, bool restore) {
  std::vector<commit::StateId> states = entry.task->state_ids();
  if (restore && !states.empty()) {
    commit::StateFilter filter{entry.task->key_groups(), std::move(states)};
    std::shared_ptr<commit::StateReader> reader =
        MILLRACE_TRY(environment_.log.jobs().read_state(opened_.job, std::move(filter)));
    ++calls_open_;
    restore_next(entry.waker, std::move(reader));
    return {};
  }
  entry.waker->post([](Task& task) { task.open(); });
  return {};
}

// Chunk by chunk, each handed to the task on its worker, until the empty one.
void Job::Running::restore_next(std::shared_ptr<TaskWaker> waker,
                                std::shared_ptr<commit::StateReader> reader) {
  commit::StateReader& from = *reader;
  from.next(environment_.coordinator, [self = shared_from_this(), waker = std::move(waker),
                                       reader = std::move(reader)](Result<Buffer> chunk) mutable {
    const bool more = chunk && !chunk->empty() && self->phase_ <= Phase::kRunning;
    if (more) {
      waker->post([chunk = *chunk](Task& task) { task.restore(chunk); });
      return self->restore_next(std::move(waker), std::move(reader));
    }
    reader.reset();
    --self->calls_open_;
    if (self->phase_ > Phase::kRunning) return self->finish_if_down();
    if (!chunk) return self->fail(std::move(chunk).error());
    waker->post([](Task& task) { task.open(); });
  });
}

void Job::Running::open_split(OpenRequest request) {
  if (phase_ > Phase::kRunning) return;
  const auto last_before = [&](uint32_t task) {
    uint32_t first = 0;
    for (Pipeline& pipeline : dataflow_.pipelines) {
      if (task < first + pipeline.shards) return &pipeline;
      first += pipeline.shards;
    }
    return static_cast<Pipeline*>(nullptr);
  };
  Source& source = *last_before(request.task)->source->source;
  auto reader = source.open(request.split, request.from, std::move(request.wake));
  if (!reader) return fail(std::move(reader).error());
  tasks_[request.task].waker->post(
      [index = request.index, reader = std::move(*reader)](Task& task) mutable {
        task.split_opened(index, std::move(reader));
      });
}

Result<void> Job::Running::begin_unit(commit::Epoch epoch) {
  std::unique_ptr<commit::Unit> unit = MILLRACE_TRY(environment_.log.jobs().begin(
      {opened_.job, opened_.incarnation, epoch, commit::Participant()}));
  board_.put(epoch, std::move(unit));
  unit_epoch_ = epoch;
  ++units_open_;
  return {};
}

// Units up to that of the epoch whose rows are flowing, as far as the log allows.
Result<void> Job::Running::begin_units() {
  while (!last_sent_ && unit_epoch_ < next_epoch_ &&
         units_open_ < environment_.log.capabilities().open_units_max) {
    MILLRACE_TRY(begin_unit(unit_epoch_.next()));
  }
  return {};
}

void Job::Running::want_epoch(bool at_once) {
  wanted_ = true;
  urgent_ |= at_once;
  if (urgent_) return try_barrier();
  arm();
}

void Job::Running::arm() {
  if (phase_ != Phase::kRunning || armed_ || !wanted_ || last_sent_) return;
  armed_ = true;
  const int64_t interval_ns = options_.epoch_interval_us * io::kNsPerUs;
  const io::MonotonicTime soon = environment_.clock.now() + interval_ns / kFirstChangePart;
  environment_.coordinator.post_at(std::max(last_barrier_ + interval_ns, soon),
                                   [weak = weak_from_this()] {
                                     const auto self = weak.lock();
                                     if (self == nullptr) return;
                                     self->armed_ = false;
                                     self->try_barrier();
                                   });
}

// Sends the barrier that is wanted, or leaves that to the commit that makes room for it.
void Job::Running::try_barrier() {
  if (phase_ != Phase::kRunning || !wanted_ || last_sent_) return;
  const uint32_t most = std::max(1U, options_.epochs_in_flight_max);
  if (under_way_.size() >= most || unit_epoch_ < next_epoch_) return;
  send_barrier();
}

bool Job::Running::crashes(commit::Epoch epoch, EpochPhase phase) {
  if (!options_.crash || !options_.crash(epoch, phase)) return false;
  fail(Error(ErrorCode::kCancelled, "the job was made to crash"));
  return true;
}

void Job::Running::send_barrier() {
  const commit::Epoch epoch = next_epoch_;
  if (crashes(epoch, EpochPhase::kBarrier)) return;
  wanted_ = urgent_ = false;
  last_barrier_ = environment_.clock.now();
  tick_ = std::max(tick_, environment_.clock.wall_us());
  const bool complete = sources_ended_ == sources_;
  last_sent_ = stop_requested_ || complete;
  how_ = complete ? JobEnd::kComplete : JobEnd::kStopped;
  EpochUnderWay& under_way = under_way_[epoch];
  under_way.last = last_sent_;
  under_way.positions = std::exchange(first_positions_, {});
  next_epoch_ = epoch.next();
  if (Result<void> begun = begin_units(); !begun) return fail(std::move(begun).error());
  const BarrierOrder order{epoch, tick_, last_sent_};
  for (TaskEntry& entry : tasks_) {
    if (!entry.source) continue;
    entry.waker->post([order](Task& task) { task.order_barrier(order); });
  }
}

void Job::Running::on_ack(TaskAck ack) {
  if (phase_ != Phase::kRunning) return;
  EpochUnderWay& under_way = under_way_.at(ack.epoch);
  append(under_way.positions, std::move(ack.positions));
  if (!ack.event_times.spans().empty()) {
    under_way.event_times.push_back(std::move(ack.event_times));
  }
  if (ack.tick != kTimeMax) under_way.tick = std::max(under_way.tick, ack.tick);
  under_way.next_timer = std::min(under_way.next_timer, ack.next_timer);
  if (++under_way.acks == tasks_.size()) submit(ack.epoch);
}

void Job::Running::submit(commit::Epoch epoch) {
  if (crashes(epoch, EpochPhase::kStaged)) return;
  EpochUnderWay& under_way = under_way_.at(epoch);
  if (under_way.last && how_ == JobEnd::kComplete) {
    under_way.positions.splits.push_back(complete_mark());
  }
  std::ranges::sort(under_way.positions.splits, {}, [](const commit::SplitPosition& position) {
    return std::pair<std::string_view, std::string_view>(position.source, position.split);
  });
  under_way.unit = board_.take(epoch);
  ++calls_open_;
  under_way.unit->commit(std::move(under_way.positions), commit::Tick(under_way.tick),
                         environment_.coordinator,
                         [self = shared_from_this(), epoch](Result<commit::Committed> committed) {
                           self->on_committed(epoch, std::move(committed));
                         });
}

void Job::Running::on_committed(commit::Epoch epoch, Result<commit::Committed> committed) {
  --calls_open_;
  const EpochUnderWay done = std::move(under_way_.at(epoch));
  under_way_.erase(epoch);
  --units_open_;
  if (committed) {
    committed_epoch_ = epoch.value();
    tell_latency(done);
  }
  if (phase_ != Phase::kRunning) return finish_if_down();
  if (!committed) return fail(std::move(committed).error());
  if (crashes(epoch, EpochPhase::kCommitted)) return;
  for (const commit::TopicId topic : committed->dropped) {
    if (!events_.on_notice) break;
    events_.on_notice(Error(ErrorCode::kTopicNotFound,
                            "a topic that the job writes to was deleted; its rows are dropped")
                          .at("topic " + std::to_string(topic.value())));
  }
  if (events_.on_committed) {
    events_.on_committed({epoch, committed->lsn, commit::Tick(done.tick), done.last});
  }
  for (TaskEntry& entry : tasks_) {
    if (!entry.sink) continue;
    sinks_undelivered_ += done.last ? 1 : 0;
    entry.waker->post([epoch, last = done.last](Task& task) { task.committed(epoch, last); });
  }
  if (done.last) return;
  if (Result<void> begun = begin_units(); !begun) return fail(std::move(begun).error());
  wait_for_timer(done.next_timer);
  if (!wanted_) return;
  if (urgent_) return try_barrier();
  arm();
}

void Job::Running::tell_latency(const EpochUnderWay& committed) {
  const Timestamp now = environment_.clock.wall_us();
  const std::lock_guard lock(latency_mutex_);
  for (const EventTimeSpans& spans : committed.event_times) spans.tell(now, latency_us_);
}

// Processing time passes with barriers: there must be one when an operator's timer is due.
void Job::Running::wait_for_timer(Timestamp timer) {
  if (timer == kTimeMax || timer >= timer_at_) return;
  timer_at_ = timer;
  const int64_t delay_us = std::max<int64_t>(0, timer - environment_.clock.wall_us());
  environment_.coordinator.post_at(environment_.clock.now() + delay_us * io::kNsPerUs,
                                   [weak = weak_from_this(), timer] {
                                     const auto self = weak.lock();
                                     if (self == nullptr || self->timer_at_ != timer) return;
                                     self->timer_at_ = kTimeMax;
                                     self->want_epoch(false);
                                   });
}

void Job::Running::on_delivered() {
  if (phase_ == Phase::kRunning && --sinks_undelivered_ == 0) end(how_);
}

void Job::Running::fail(Error error) {
  if (phase_ >= Phase::kEnding) return;
  error_.emplace(std::move(error));
  take_down();
}

void Job::Running::end(JobEnd how) {
  how_ = how;
  take_down();
}

// Tasks die on their workers, so that nothing of theirs runs at the same time.
void Job::Running::take_down() {
  phase_ = Phase::kEnding;
  tasks_left_ = static_cast<uint32_t>(tasks_.size());
  for (TaskEntry& entry : tasks_) {
    entry.waker->worker().post(
        [self = shared_from_this(), waker = entry.waker, task = std::move(entry.task)]() mutable {
          waker->detach();
          task.reset();
          self->post([](Running& running) {
            --running.tasks_left_;
            running.finish_if_down();
          });
        });
  }
  post([](Running& running) { running.finish_if_down(); });
}

void Job::Running::finish_if_down() {
  if (phase_ != Phase::kEnding || tasks_left_ > 0 || calls_open_ > 0) return;
  phase_ = Phase::kFinished;
  finished_ = true;
  under_way_.clear();
  board_.clear();
  tasks_.clear();
  dataflow_.pipelines.clear();
  JobEvents events = std::move(events_);
  events_ = {};
  if (!events.on_finished) return;
  if (error_) return events.on_finished(*error_);
  const JobProgress totals = progress();
  JobSummary summary;
  summary.end = how_;
  summary.resumed_after = resumed_after_;
  summary.last_epoch = totals.committed_epoch;
  summary.rows_in = totals.rows_in;
  summary.rows_out = totals.rows_out;
  summary.rows_rejected = totals.rows_rejected;
  summary.rows_late = totals.rows_late;
  summary.rows_skipped = totals.rows_skipped;
  events.on_finished(std::move(summary));
}

JobProgress Job::Running::progress() const {
  JobProgress progress;
  Timestamp watermark = kTimeMax;
  bool has_time = false;
  for (size_t index = 0; index < counters_.size(); ++index) {
    const TaskCounters& counters = counters_[index];
    progress.rows_in += counters.rows_in.load(std::memory_order_relaxed);
    progress.rows_out += counters.rows_out.load(std::memory_order_relaxed);
    progress.rows_late += counters.rows_late.load(std::memory_order_relaxed);
    progress.rows_rejected += counters.rows_rejected.load(std::memory_order_relaxed);
    progress.rows_skipped += counters.rows_skipped.load(std::memory_order_relaxed);
    progress.state_entries += counters.state_entries.load(std::memory_order_relaxed);
    progress.state_bytes += counters.state_bytes.load(std::memory_order_relaxed);
    if (!source_has_time_[index] || counters.idle.load(std::memory_order_relaxed)) continue;
    has_time = true;
    watermark = std::min(watermark, counters.watermark.load(std::memory_order_relaxed));
  }
  progress.watermark = has_time ? watermark : kTimeMin;
  progress.committed_epoch = commit::Epoch(committed_epoch_.load(std::memory_order_relaxed));
  const std::lock_guard lock(latency_mutex_);
  progress.latency_us = std::make_shared<const LogHistogram>(latency_us_);
  return progress;
}

}  // namespace millrace::engine
