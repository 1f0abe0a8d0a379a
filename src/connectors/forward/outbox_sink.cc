#include "connectors/forward/outbox_sink.h"

#include <deque>
#include <utility>
#include <vector>

#include "data/block.h"
#include "record/batch_builder.h"

namespace millrace::connectors {
namespace {

constexpr size_t kBatchBytes = 256 << 10;

class OutboxSink final : public engine::Sink {
 public:
  OutboxSink(commit::PartitionId outbox, data::SchemaPtr schema, std::shared_ptr<Backlog> backlog)
      : outbox_(outbox), schema_(std::move(schema)), backlog_(std::move(backlog)) {}

  Result<void> open(engine::OpenContext& context) override {
    make_wake_ = context.make_wake;
    return {};
  }

  Result<engine::Step> on_batch(data::Batch batch, engine::Staging& staging) override {
    std::vector<data::ColumnPtr> columns = batch.columns();
    waiting_ = std::move(batch).with_columns(schema_, std::move(columns));
    return resume(staging);
  }

  Result<engine::Step> resume(engine::Staging& staging) override {
    if (waiting_.empty()) return engine::Step::kDone;
    if (backlog_->full(make_wake_)) return engine::Step::kWait;
    block_.clear();
    data::append_block(block_, waiting_);
    waiting_ = {};
    MILLRACE_TRY(builder_.append({.timestamp_ms = 0, .key = {}, .value = block_}));
    if (builder_.bytes() >= kBatchBytes) MILLRACE_TRY(stage(staging));
    return engine::Step::kDone;
  }

  Result<engine::Step> on_barrier(commit::Epoch epoch, engine::Staging& staging) override {
    if (!builder_.empty()) MILLRACE_TRY(stage(staging));
    if (open_bytes_ > 0) staged_.emplace_back(epoch, std::exchange(open_bytes_, 0));
    return engine::Step::kDone;
  }

  Result<void> committed(commit::Epoch epoch) override {
    for (; !staged_.empty() && staged_.front().first <= epoch; staged_.pop_front()) {
      backlog_->add(staged_.front().second);
    }
    return {};
  }

 private:
  Result<void> stage(engine::Staging& staging) {
    Buffer batch = builder_.build();
    open_bytes_ += static_cast<int64_t>(batch.bytes());
    return staging.stage(outbox_, std::move(batch));
  }

  const commit::PartitionId outbox_;
  const data::SchemaPtr schema_;
  const std::shared_ptr<Backlog> backlog_;
  std::function<io::Wake()> make_wake_;
  data::Batch waiting_;
  std::string block_;
  record::BatchBuilder builder_;
  int64_t open_bytes_ = 0;                                // of the epoch that is under way
  std::deque<std::pair<commit::Epoch, int64_t>> staged_;  // not yet committed
};

}  // namespace

std::unique_ptr<engine::Sink> make_outbox_sink(commit::PartitionId outbox, data::SchemaPtr schema,
                                               std::shared_ptr<Backlog> backlog) {
  return std::make_unique<OutboxSink>(outbox, std::move(schema), std::move(backlog));
}

}  // namespace millrace::connectors
