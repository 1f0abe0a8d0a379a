#include "testing/scripted_source.h"

#include <algorithm>

#include "base/assert.h"

namespace millrace::testing {

using engine::Step;

class ScriptedSource::Reader final : public engine::SplitReader {
 public:
  // With the source's mutex held.
  Reader(ScriptedSource& source, Script& script, size_t from, io::Wake wake)
      : source_(source), script_(script), wake_(std::move(wake)), next_(from) {
    for (size_t index = 0; index < from; ++index) next_row_ += script.batches.at(index).rows();
    script_.readers.push_back(this);
  }
  ~Reader() override {
    const std::lock_guard lock(source_.mutex_);
    std::erase(script_.readers, this);
  }
  void wake() { wake_(); }

  Result<Step> poll(uint32_t, engine::Emit& emit) override {
    const std::lock_guard lock(source_.mutex_);
    if (script_.stalled) return Step::kWait;
    if (next_ == script_.batches.size()) {
      return source_.bounded_ || source_.finished_ ? Step::kDone : Step::kWait;
    }
    if (auto failure = script_.failures.extract(next_); !failure.empty()) {
      return std::move(failure.mapped());
    }
    const data::Batch& batch = script_.batches[next_];
    const std::string behind = std::to_string(next_ + 1);
    if (const auto found = script_.rejections.find(next_); found != script_.rejections.end()) {
      emit.reject(found->second, behind);
    } else {
      emit.rows(batch, behind, next_row_);
    }
    next_row_ += batch.rows();
    ++next_;
    ++source_.batches_read_;
    return Step::kAgain;
  }

  bool caught_up() const override {
    const std::lock_guard lock(source_.mutex_);
    return !script_.stalled && next_ == script_.batches.size();
  }

 private:
  ScriptedSource& source_;
  Script& script_;
  io::Wake wake_;
  size_t next_;
  int64_t next_row_ = 0;
};

ScriptedSource::ScriptedSource(data::SchemaPtr schema, bool bounded)
    : schema_(std::move(schema)), bounded_(bounded) {}

ScriptedSource::~ScriptedSource() = default;

void ScriptedSource::add_split(engine::Split split, std::vector<data::Batch> batches) {
  const std::lock_guard lock(mutex_);
  auto script = std::make_unique<Script>();
  script->split = std::move(split);
  script->batches = std::move(batches);
  scripts_.push_back(std::move(script));
}

ScriptedSource::Script& ScriptedSource::script(const std::string& split) {
  const auto found =
      std::ranges::find_if(scripts_, [&](const auto& each) { return each->split.name == split; });
  MILLRACE_ASSERT(found != scripts_.end());
  return **found;
}

void ScriptedSource::wake_all(Script& script) {
  for (Reader* reader : script.readers) reader->wake();
}

void ScriptedSource::append(const std::string& split, data::Batch batch) {
  const std::lock_guard lock(mutex_);
  script(split).batches.push_back(std::move(batch));
  wake_all(script(split));
}

void ScriptedSource::finish() {
  const std::lock_guard lock(mutex_);
  finished_ = true;
  for (const auto& script : scripts_) wake_all(*script);
}

void ScriptedSource::stall(const std::string& split, bool stalled) {
  const std::lock_guard lock(mutex_);
  script(split).stalled = stalled;
  wake_all(script(split));
}

void ScriptedSource::set_identity(const std::string& split, std::string identity) {
  script(split).split.identity = std::move(identity);
}

void ScriptedSource::remove_split(const std::string& split) {
  std::erase_if(scripts_, [&](const auto& each) { return each->split.name == split; });
}

void ScriptedSource::fail_at(const std::string& split, size_t batch, Error error) {
  script(split).failures.emplace(batch, std::move(error));
}

void ScriptedSource::reject_at(const std::string& split, size_t batch,
                               engine::Rejection rejection) {
  script(split).rejections.emplace(batch, std::move(rejection));
}

uint64_t ScriptedSource::batches_read() const {
  const std::lock_guard lock(mutex_);
  return batches_read_;
}

Result<std::vector<engine::Split>> ScriptedSource::splits() {
  const std::lock_guard lock(mutex_);
  std::vector<engine::Split> all;
  for (const auto& script : scripts_) all.push_back(script->split);
  return all;
}

Result<std::unique_ptr<engine::SplitReader>> ScriptedSource::open(const engine::Split& split,
                                                                  const engine::Position& from,
                                                                  io::Wake wake) {
  const std::lock_guard lock(mutex_);
  Script& opened = script(split.name);
  const size_t start = from.empty() ? 0 : std::stoul(from);
  return std::unique_ptr<engine::SplitReader>(
      std::make_unique<Reader>(*this, opened, start, std::move(wake)));
}

Result<data::Batch> EventTimeColumn::evaluate(data::Batch batch,
                                              std::vector<engine::Timestamp>& times,
                                              std::vector<engine::Timestamp>& watermarks,
                                              std::vector<engine::Rejection>& rejections) {
  const data::ColumnPtr column = data::flatten(batch.column(column_));
  Buffer kept = Buffer::allocate(batch.size() * sizeof(uint16_t) + 1);
  uint32_t count = 0;
  batch.for_each_row([&](uint32_t row) {
    if (column->is_null(row)) {
      engine::Rejection rejection;
      rejection.code = ErrorCode::kNullEventTime;
      rejection.reason = "the row has no event time";
      rejection.batch_row = row;
      rejections.push_back(std::move(rejection));
      return;
    }
    times[row] = column->data<int64_t>()[row];
    watermarks[row] = times[row] - lag_us_;
    kept.mutable_as<uint16_t>()[count++] = static_cast<uint16_t>(row);
  });
  if (count == batch.size()) return batch;
  return std::move(batch).with_selection(std::move(kept), count);
}

std::string EventTimeColumn::row_as_json(const data::Batch& batch, uint32_t row) const {
  const data::ColumnPtr column = data::flatten(batch.column(column_));
  return "{\"time\":" + std::to_string(column->data<int64_t>()[row]) + "}";
}

Result<data::Batch> ColumnAbove::filter(data::Batch batch, std::vector<engine::Rejection>&) {
  const data::ColumnPtr column = data::flatten(batch.column(column_));
  Buffer kept = Buffer::allocate(batch.size() * sizeof(uint16_t) + 1);
  uint32_t count = 0;
  batch.for_each_row([&](uint32_t row) {
    kept.mutable_as<uint16_t>()[count] = static_cast<uint16_t>(row);
    count += column->data<int64_t>()[row] > bound_ ? 1 : 0;
  });
  return std::move(batch).with_selection(std::move(kept), count);
}

}  // namespace millrace::testing
