#include "connectors/forward/forwarder.h"

#include <fmt/core.h>

#include "data/block.h"
#include "record/batch_view.h"

namespace millrace::connectors {
namespace {

constexpr uint64_t kReadBytes = 1 << 20;

Error unreadable(Error error, std::string place) {
  if (error.code() != ErrorCode::kOffsetOutOfRange) return std::move(error).at(std::move(place));
  return std::move(error)
      .at(std::move(place))
      .remedy(
          "The target has more than the log, as after a restore from a backup: move away what the "
          "target holds, with its hidden folder, and all of it is written again.");
}

}  // namespace

Forwarder::Forwarder(std::unique_ptr<Target> target, commit::Topic outbox, data::SchemaPtr schema,
                     std::shared_ptr<Backlog> backlog, Outside& outside)
    : target_(std::move(target)),
      outbox_(std::move(outbox)),
      schema_(std::move(schema)),
      backlog_(std::move(backlog)),
      outside_(outside),
      executor_(outside.threads.start({.name = "forwarder"})) {}

// A read that is under way answers on the executor: it must be awaited.
Forwarder::~Forwarder() {
  executor_->post([this] {
    stopping_ = true;
    watches_.clear();
    if (!reading_) stopped_.set();
  });
  outside_.threads.wait(stopped_);
}

void Forwarder::start(std::function<void(const Error&)> failed) {
  executor_->post([this, failed = std::move(failed)]() mutable {
    failed_ = std::move(failed);
    open();
  });
}

void Forwarder::finish(io::Completion<Result<void>> done) {
  executor_->post([this, done = std::move(done)]() mutable {
    if (error_) return done(*error_);
    finished_ = std::move(done);
    // A read that is under way may have looked before the last commit.
    read_again_ = reading_;
    if (!reading_) read();
  });
}

void Forwarder::open() {
  auto offsets = target_->open();
  if (!offsets) return fail(std::move(offsets).error());
  offsets_ = std::move(*offsets);
  offsets_.resize(outbox_.partitions, 0);
  read();
}

void Forwarder::read() {
  if (stopping_ || error_) return;
  ++waits_;
  watches_.clear();
  commit::ReadRequest request;
  for (uint32_t index = 0; index < outbox_.partitions; ++index) {
    request.partitions.push_back(
        {.partition = {outbox_.id, index}, .offset = offsets_[index], .bytes_max = kReadBytes});
  }
  reading_ = true;
  outside_.log.reader().read(std::move(request), *executor_,
                             [this](Result<std::vector<commit::PartitionData>> result) {
                               reading_ = false;
                               on_read(std::move(result));
                             });
}

void Forwarder::on_read(Result<std::vector<commit::PartitionData>> result) {
  if (stopping_) return stopped_.set();
  if (!result) return fail(std::move(result).error());
  const auto any = deliver(*result);
  if (!any) return fail(any.error());
  if (*any || std::exchange(read_again_, false)) return read();
  if (!finished_) return wait();
  if (Result<void> published = publish(); !published) return fail(std::move(published).error());
  over_ = true;
  std::exchange(finished_, {})({});
}

// Whether there was anything.
Result<bool> Forwarder::deliver(const std::vector<commit::PartitionData>& answer) {
  bool any = false;
  for (const commit::PartitionData& data : answer) {
    const uint32_t index = data.partition.index;
    if (data.error) return unreadable(*data.error, fmt::format("{}-{}", outbox_.name, index));
    offsets_[index] = std::max(offsets_[index], data.start_offset);
    for (const Buffer& batch : data.batches) {
      any = true;
      MILLRACE_TRY(deliver_batch(index, batch));
      backlog_->take(static_cast<int64_t>(batch.bytes()));
      if (target_->due(executor_->now())) MILLRACE_TRY(publish());
    }
  }
  return any;
}

Result<void> Forwarder::deliver_batch(uint32_t partition, const Buffer& batch) {
  const auto view = MILLRACE_TRY(record::BatchView::read(batch));
  auto records = MILLRACE_TRY(view.records(decompressor_));
  record::Record record;
  while (MILLRACE_TRY(records.next(record))) {
    if (record.offset < offsets_[partition] || !record.value) continue;
    auto bytes = std::as_bytes(std::span(record.value->data(), record.value->size()));
    MILLRACE_TRY(target_->write(MILLRACE_TRY(data::take_block(bytes, schema_))));
    offsets_[partition] = record.offset + 1;
    unpublished_ = true;
  }
  return {};
}

// Until there is more to read, or it is time to look whether to publish.
void Forwarder::wait() {
  const uint64_t wait = ++waits_;
  for (uint32_t index = 0; index < outbox_.partitions; ++index) {
    watches_.push_back(outside_.log.reader().watch({outbox_.id, index}, offsets_[index],
                                                   commit::Isolation::kReadCommitted, *executor_,
                                                   [this, wait] {
                                                     if (wait == waits_ && !reading_) read();
                                                   }));
  }
  arm();
}

// One timer at a time: commits are many, and what they write is published rarely.
void Forwarder::arm() {
  const auto next = target_->next_check();
  if (!next || (timer_ && *timer_ <= *next)) return;
  timer_ = next;
  executor_->post_at(*next, [this, at = *next] {
    if (timer_ != at) return;
    timer_.reset();
    if (!stopping_ && !error_ && !over_) check();
  });
}

void Forwarder::check() {
  if (target_->due(executor_->now())) {
    if (Result<void> published = publish(); !published) return fail(std::move(published).error());
  }
  arm();
}

Result<void> Forwarder::publish() {
  if (!unpublished_) return {};
  MILLRACE_TRY(target_->publish(offsets_));
  unpublished_ = false;
  return {};
}

void Forwarder::fail(Error error) {
  if (error_ || stopping_) return;
  error_ = error;
  watches_.clear();
  if (failed_) failed_(error);
  if (finished_) std::exchange(finished_, {})(std::move(error));
}

}  // namespace millrace::connectors
