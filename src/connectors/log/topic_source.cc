#include "connectors/log/topic_source.h"

#include <fmt/core.h>

#include <charconv>
#include <deque>
#include <mutex>
#include <optional>

#include "commit/committed_filter.h"
#include "connectors/log/record_rows.h"

namespace millrace::connectors {
namespace {

constexpr uint64_t kFetchBytes = 1 << 20;

int64_t offset_of(const engine::Position& position) {
  int64_t offset = 0;
  std::from_chars(position.data(), position.data() + position.size(), offset);
  return offset;
}

// Fetch: one read of a partition at a time, and the watch that follows an empty one.
//
// Threading: synchronised inside; shared with the calls under way.
class Fetch : public std::enable_shared_from_this<Fetch> {
 public:
  Fetch(commit::PartitionId partition, Outside& outside, io::Wake wake)
      : partition_(partition), outside_(outside), wake_(std::move(wake)) {}

  // REQUIRES: no read is under way.
  void start(int64_t offset) {
    watch_.reset();
    outside_.log.reader().read(
        {.partitions = {{.partition = partition_, .offset = offset, .bytes_max = kFetchBytes}}},
        outside_.io_executor,
        [self = shared_from_this()](Result<std::vector<commit::PartitionData>> result) {
          self->finish(std::move(result));
        });
  }
  void watch(int64_t offset) {
    watch_ = outside_.log.reader().watch(partition_, offset, commit::Isolation::kReadCommitted,
                                         outside_.io_executor,
                                         [self = shared_from_this()] { self->finish({}); });
  }
  // The answer, or nothing while it is on its way; a watch that fired answers with no partitions.
  std::optional<Result<std::vector<commit::PartitionData>>> take() {
    const std::lock_guard lock(mutex_);
    return std::exchange(answer_, std::nullopt);
  }
  void close() { watch_.reset(); }

 private:
  void finish(Result<std::vector<commit::PartitionData>> result) {
    const std::lock_guard lock(mutex_);
    answer_ = std::move(result);
    wake_();
  }

  const commit::PartitionId partition_;
  Outside& outside_;
  std::unique_ptr<commit::Watch> watch_;  // the task's
  std::mutex mutex_;
  std::optional<Result<std::vector<commit::PartitionData>>> answer_;  // guarded by mutex_
  io::Wake wake_;                                                     // guarded by mutex_
};

class PartitionReader final : public engine::SplitReader {
 public:
  PartitionReader(std::string table, std::string topic, commit::PartitionId partition,
                  bool until_now, int64_t offset, RecordRows rows, std::shared_ptr<Fetch> fetch)
      : table_(std::move(table)),
        topic_(std::move(topic)),
        partition_(partition),
        until_now_(until_now),
        offset_(offset),
        rows_(std::move(rows)),
        fetch_(std::move(fetch)) {
    fetch_->start(offset_);
  }
  ~PartitionReader() override { fetch_->close(); }

  bool caught_up() const override { return caught_up_; }

  Result<engine::Step> poll(uint32_t rows_max, engine::Emit& emit) override {
    if (records_ == std::nullopt && batches_.empty()) {
      auto answer = fetch_->take();
      if (!answer) return engine::Step::kWait;
      if (MILLRACE_TRY(receive(MILLRACE_TRY(std::move(*answer))))) return engine::Step::kDone;
      if (batches_.empty()) return engine::Step::kWait;
    }
    MILLRACE_TRY(emit_some(std::min(rows_max, data::kBatchRowsMax), emit));
    if (until_now_ && end_ && offset_ >= *end_) return engine::Step::kDone;
    return engine::Step::kAgain;
  }

 private:
  // Whether the split has ended.
  Result<bool> receive(std::vector<commit::PartitionData> answer) {
    if (answer.empty()) {  // the watch fired
      fetch_->start(offset_);
      return false;
    }
    commit::PartitionData& data = answer.front();
    if (data.error) return Error(*data.error).at(fmt::format("{}-{}", topic_, partition_.index));
    if (!end_) end_ = data.stable_offset;
    offset_ = std::max(offset_, data.start_offset);
    caught_up_ = data.batches.empty();
    const bool some = MILLRACE_TRY(keep_what_counts(data));
    if (!batches_.empty()) return false;
    if (until_now_ && (!some || offset_ >= *end_)) return true;
    if (some) {
      fetch_->start(offset_);
    } else {
      fetch_->watch(offset_);
    }
    return false;
  }

  // Whether there were batches; where none of them counts, the offset moves behind them.
  Result<bool> keep_what_counts(commit::PartitionData& data) {
    commit::CommittedFilter filter(data.aborted);
    int64_t behind = offset_;
    for (Buffer& batch : data.batches) {
      const auto header = MILLRACE_TRY(record::read_batch_header(batch.span()));
      behind = header.last_offset() + 1;
      if (filter.counts(header)) batches_.push_back(std::move(batch));
    }
    if (batches_.empty()) offset_ = behind;
    return !data.batches.empty();
  }

  Result<void> emit_some(uint32_t rows_max, engine::Emit& emit) {
    if (!records_) {
      const auto view = MILLRACE_TRY(record::BatchView::read(batches_.front()));
      records_.emplace(MILLRACE_TRY(view.records(decompressor_)));
      behind_batch_ = view.header().base_offset + view.header().last_offset_delta + 1;
      batches_.pop_front();
      held_ = std::nullopt;
    }
    run_.clear();
    bool more = true;
    if (held_) run_.push_back(*std::exchange(held_, std::nullopt));
    record::Record record;
    while (run_.size() < rows_max && (more = MILLRACE_TRY(records_->next(record)))) {
      if (record.offset < offset_) continue;
      if (!run_.empty() && run_.front().value.has_value() != record.value.has_value()) {
        held_ = record;
        break;
      }
      run_.push_back(record);
    }
    if (!run_.empty()) decode_run(emit);
    if (!more) {
      records_.reset();
      offset_ = behind_batch_;
      if (batches_.empty() && !(until_now_ && offset_ >= *end_)) fetch_->start(offset_);
    }
    return {};
  }

  void decode_run(engine::Emit& emit) {
    bad_.clear();
    data::Batch batch = rows_.decode(run_, static_cast<int32_t>(partition_.index), bad_);
    offset_ = run_.back().offset + 1;
    const engine::Position behind = std::to_string(offset_);
    if (!batch.empty()) emit.rows(std::move(batch), behind, run_.front().offset);
    for (RecordRows::Bad& bad : bad_) {
      emit.reject({.code = bad.code,
                   .reason = std::move(bad.reason),
                   .table = table_,
                   .place = fmt::format("{}-{}@{}", topic_, partition_.index, bad.offset),
                   .row = std::move(bad.value)},
                  behind);
    }
  }

  const std::string table_;
  const std::string topic_;
  const commit::PartitionId partition_;
  const bool until_now_;
  int64_t offset_;              // of the next record
  int64_t behind_batch_ = 0;    // of the batch that records_ reads
  std::optional<int64_t> end_;  // where the partition ended when reading began
  bool caught_up_ = false;
  RecordRows rows_;
  const std::shared_ptr<Fetch> fetch_;
  record::Decompressor decompressor_;
  std::deque<Buffer> batches_;
  std::optional<record::RecordReader> records_;
  std::optional<record::Record> held_;  // the first of the next run
  std::vector<record::Record> run_;
  std::vector<RecordRows::Bad> bad_;
};

class TopicSource final : public engine::Source {
 public:
  TopicSource(const SourceRequest& request, commit::Topic topic, Outside& outside)
      : table_(request.table),
        options_(request.options),
        request_{.table = table_,
                 .topic = request.topic,
                 .options = options_,
                 .format = request.format,
                 .declared = request.declared,
                 .columns = request.columns,
                 .predicates = {},
                 .null_on_error = request.null_on_error,
                 .until_now = request.until_now,
                 .upsert_key = request.upsert_key},
        schema_(output_schema(request)),
        topic_(std::move(topic)),
        outside_(outside) {}

  data::SchemaPtr schema() const override { return schema_; }
  bool bounded() const override { return request_.until_now; }

  Result<std::vector<engine::Split>> splits() override {
    std::vector<engine::Split> splits;
    for (uint32_t index = 0; index < topic_.partitions; ++index) {
      splits.push_back({.name = fmt::format("{}-{}", topic_.name, index),
                        .identity = fmt::format("topic:{}", topic_.id.value()),
                        .event_time_min = {}});
    }
    return splits;
  }

  Result<std::unique_ptr<engine::SplitReader>> open(const engine::Split& split,
                                                    const engine::Position& from,
                                                    io::Wake wake) override {
    uint32_t index = 0;
    const std::string_view number = std::string_view(split.name).substr(topic_.name.size() + 1);
    std::from_chars(number.data(), number.data() + number.size(), index);
    const commit::PartitionId partition{topic_.id, index};
    return std::make_unique<PartitionReader>(
        table_, topic_.name, partition, request_.until_now, offset_of(from),
        MILLRACE_TRY(RecordRows::make(request_)),
        std::make_shared<Fetch>(partition, outside_, std::move(wake)));
  }

  std::string place(const engine::Split& split, int64_t row) const override {
    return fmt::format("{}@{}", split.name, row);
  }

 private:
  const std::string table_;
  const traits::Options options_;
  const SourceRequest request_;
  const data::SchemaPtr schema_;
  const commit::Topic topic_;
  Outside& outside_;
};

}  // namespace

Result<std::shared_ptr<engine::Source>> make_topic_source(const SourceRequest& request,
                                                          Outside& outside) {
  commit::Topic topic = MILLRACE_TRY(outside.log.topics().describe(request.topic));
  return std::make_shared<TopicSource>(request, std::move(topic), outside);
}

}  // namespace millrace::connectors
