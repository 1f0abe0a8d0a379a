#include "testing/dataflow_driver.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/assert.h"
#include "data/datetime_text.h"

namespace millrace::testing {
namespace {

constexpr uint64_t kStateId = 0x7e570;
constexpr size_t kDeltaBytes = 4096;

}  // namespace

using engine::Port;
using engine::Step;
using engine::TimeDomain;
using engine::Timestamp;

// Collector: the operator's Output.
class DataflowDriver::Collector final : public engine::Output {
 public:
  explicit Collector(DataflowDriver& driver) : driver_(driver) {}

  void push(data::Batch batch) override {
    if (batch.empty()) return;
    MILLRACE_ASSERT(batch.rows() <= data::kBatchRowsMax);
    MILLRACE_ASSERT(pushed_ <= driver_.options_.credit);
    ++pushed_;
    check_schema(batch);
    for (std::string& line : lines_of(batch)) {
      MILLRACE_ASSERT(driver_.may_retract_ || line[0] == '+');
      driver_.changes_.push_back(std::move(line));
    }
  }
  bool full() const override { return pushed_ >= driver_.options_.credit; }
  void push_late(data::Batch batch) override {
    std::ranges::move(lines_of(batch), std::back_inserter(driver_.late_));
  }
  void reject(engine::Rejection rejection) override {
    driver_.rejections_.push_back(std::move(rejection));
  }
  void credit() { pushed_ = 0; }

 private:
  void check_schema(const data::Batch& batch) {
    MILLRACE_ASSERT(batch.schema() != nullptr);
    if (driver_.output_schema_ == nullptr) driver_.output_schema_ = batch.schema();
    MILLRACE_ASSERT(*driver_.output_schema_ == *batch.schema());
    for (size_t index = 0; index < batch.columns().size(); ++index) {
      MILLRACE_ASSERT(batch.column(index)->rows() == batch.rows());
      MILLRACE_ASSERT(batch.column(index)->type() == batch.schema()->field(index).type);
    }
  }

  DataflowDriver& driver_;
  uint32_t pushed_ = 0;
};

DataflowDriver::DataflowDriver(Factory make, std::vector<data::SchemaPtr> inputs,
                               DriverOptions options)
    : make_(std::move(make)),
      inputs_(std::move(inputs)),
      options_(options),
      times_(inputs_.size()),
      committed_times_(inputs_.size()) {
  open();
}

DataflowDriver::~DataflowDriver() {
  operator_.reset();
  store_.reset();
}

void DataflowDriver::open() {
  operator_.reset();
  store_ = std::make_unique<state::StateStore>(&memory_);
  for (const Buffer& delta : deltas_) store_->restore(delta);
  operator_ = make_();
  output_ = std::make_unique<Collector>(*this);
  const traits::OperatorTraits& traits = operator_->traits();
  MILLRACE_ASSERT(traits.ports.size() == inputs_.size());
  may_retract_ = traits.makes_retractions;
  engine::OpenContext context;
  context.shard = options_.shard;
  context.shards = options_.shards;
  context.state = traits.stateful ? store_.get() : nullptr;
  context.state_id = kStateId;
  context.memory = &memory_;
  context.make_wake = [] { return io::Wake([] {}); };
  must(operator_->open(context));
  must(store_->restored());
  times_.assign(inputs_.size(), {});
  for (size_t index = 0; index < inputs_.size(); ++index) {
    const auto port = static_cast<Port>(index);
    set_time(port, TimeDomain::kProcessing, committed_times_[index].processing);
    set_time(port, TimeDomain::kEvent, committed_times_[index].event);
  }
}

void DataflowDriver::must(Result<void> result) const {
  if (!result) assertion_failed(result.error().to_string().c_str(), __FILE__, __LINE__);
}

Result<void> DataflowDriver::finish(Result<Step> step) {
  while (step && *step != Step::kDone) {
    ++suspensions_;
    output_->credit();
    step = operator_->resume(*output_);
  }
  output_->credit();
  if (!step) return std::move(step).error();
  return {};
}

void DataflowDriver::remember(Event event) {
  if (!replaying_) since_barrier_.push_back(std::move(event));
}

Result<void> DataflowDriver::push_now(Port port, const data::Batch& batch) {
  for (uint32_t row = 0; row < batch.size(); ++row) {
    if (data::retracts(batch.sign(batch.row(row)))) {
      MILLRACE_ASSERT(operator_->traits().ports[port].takes_retractions);
      may_retract_ = true;
    }
  }
  for (uint32_t from = 0; from < batch.size(); from += options_.batch_rows_max) {
    const uint32_t count = std::min(batch.size() - from, options_.batch_rows_max);
    data::Batch part = count == batch.size() ? batch : batch.slice(from, count);
    MILLRACE_TRY(finish(operator_->on_batch(port, std::move(part), *output_)));
  }
  return {};
}

void DataflowDriver::push(Port port, data::Batch batch) {
  remember([this, port, batch] { must(push_now(port, batch)); });
  must(push_now(port, batch));
}

void DataflowDriver::push(Port port, std::string_view rows) {
  push(port, rows_of(inputs_.at(port), rows));
}

Result<void> DataflowDriver::try_push(Port port, data::Batch batch) {
  return push_now(port, batch);
}

void DataflowDriver::set_time(Port port, TimeDomain domain, Timestamp time) {
  PortTimes& times = times_[port];
  Timestamp& last = domain == TimeDomain::kEvent ? times.event : times.processing;
  if (time <= last) return;
  last = time;
  must(finish(operator_->on_time(port, domain, time, *output_)));
}

void DataflowDriver::watermark(Port port, Timestamp time) {
  remember([this, port, time] { set_time(port, TimeDomain::kEvent, time); });
  set_time(port, TimeDomain::kEvent, time);
}

void DataflowDriver::watermark(Timestamp time) {
  for (size_t port = 0; port < inputs_.size(); ++port) watermark(static_cast<Port>(port), time);
}

void DataflowDriver::watermark(std::string_view time) {
  const data::Batch row = rows_of(schema_of("t TIMESTAMP(6)"), time);
  watermark(row.column(0)->value(0).integer());
}

void DataflowDriver::tick(Timestamp time) {
  const auto all = [this, time] {
    for (size_t port = 0; port < inputs_.size(); ++port) {
      set_time(static_cast<Port>(port), TimeDomain::kProcessing, time);
    }
  };
  remember(all);
  all();
}

void DataflowDriver::end(Port port) {
  const auto both = [this, port] {
    set_time(port, TimeDomain::kEvent, engine::kTimeMax);
    set_time(port, TimeDomain::kProcessing, engine::kTimeMax);
  };
  remember(both);
  both();
}

void DataflowDriver::end() {
  for (size_t port = 0; port < inputs_.size(); ++port) end(static_cast<Port>(port));
}

void DataflowDriver::barrier() {
  must(finish(operator_->on_barrier(commit::Epoch(epoch_++), *output_)));
  store_->collect_changes();
  while (!store_->drained()) deltas_.push_back(store_->next_delta(kDeltaBytes));
  committed_times_ = times_;
  committed_changes_ = changes_.size();
  since_barrier_.clear();
}

void DataflowDriver::crash() {
  changes_.resize(committed_changes_);
  taken_ = std::min(taken_, changes_.size());
  late_.clear();
  rejections_.clear();
  since_barrier_.clear();
  open();
  // What restored times bring about was committed already.
  MILLRACE_ASSERT(changes_.size() == committed_changes_);
}

void DataflowDriver::crash_and_replay() {
  std::vector<Event> events = since_barrier_;
  crash();
  replaying_ = true;
  for (const Event& event : events) event();
  replaying_ = false;
  since_barrier_ = std::move(events);
}

std::vector<std::string> DataflowDriver::take() {
  std::vector<std::string> taken(changes_.begin() + static_cast<std::ptrdiff_t>(taken_),
                                 changes_.end());
  taken_ = changes_.size();
  return taken;
}

std::vector<std::string> DataflowDriver::net() const {
  return fold(changes_);
}

std::vector<std::string> DataflowDriver::take_late() {
  return std::exchange(late_, {});
}

std::vector<engine::Rejection> DataflowDriver::take_rejections() {
  return std::exchange(rejections_, {});
}

size_t DataflowDriver::delta_bytes() const {
  size_t bytes = 0;
  for (const Buffer& delta : deltas_) bytes += delta.bytes();
  return bytes;
}

}  // namespace millrace::testing
