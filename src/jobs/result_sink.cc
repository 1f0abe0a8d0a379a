#include "jobs/result_sink.h"

namespace millrace::jobs {
namespace {

class ResultSink final : public engine::Sink {
 public:
  explicit ResultSink(std::shared_ptr<ResultRows> rows) : rows_(std::move(rows)) {}

  Result<void> open(engine::OpenContext&) override { return {}; }
  Result<engine::Step> on_batch(data::Batch batch, engine::Staging&) override {
    open_.push_back(std::move(batch).compact());
    return engine::Step::kDone;
  }
  Result<engine::Step> on_barrier(commit::Epoch epoch, engine::Staging&) override {
    for (data::Batch& batch : open_) waiting_.push_back({epoch, std::move(batch)});
    open_.clear();
    return engine::Step::kDone;
  }
  Result<engine::Step> resume(engine::Staging&) override { return engine::Step::kDone; }
  Result<void> committed(commit::Epoch epoch) override {
    std::vector<ResultRows::Chunk> facts;
    for (; !waiting_.empty() && waiting_.front().epoch <= epoch; waiting_.pop_front()) {
      facts.push_back(std::move(waiting_.front()));
    }
    if (!facts.empty()) rows_->add(std::move(facts));
    return {};
  }

 private:
  const std::shared_ptr<ResultRows> rows_;
  std::vector<data::Batch> open_;          // of the epoch that is under way
  std::deque<ResultRows::Chunk> waiting_;  // staged, not committed
};

}  // namespace

std::vector<ResultRows::Chunk> ResultRows::take() {
  const std::lock_guard lock(mutex_);
  return std::exchange(chunks_, {});
}

void ResultRows::add(std::vector<Chunk> chunks) {
  const std::lock_guard lock(mutex_);
  for (Chunk& chunk : chunks) chunks_.push_back(std::move(chunk));
  if (ready_) ready_();
}

void ResultRows::on_ready(std::function<void()> ready) {
  const std::lock_guard lock(mutex_);
  ready_ = std::move(ready);
}

engine::PerShard<engine::Sink> result_sink(std::shared_ptr<ResultRows> rows) {
  return [rows = std::move(rows)](uint32_t) -> Result<std::unique_ptr<engine::Sink>> {
    return std::make_unique<ResultSink>(rows);
  };
}

}  // namespace millrace::jobs
