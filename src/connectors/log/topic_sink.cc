#include "connectors/log/topic_sink.h"

#include <algorithm>
#include <optional>

#include "base/hash.h"
#include "record/batch_builder.h"

namespace millrace::connectors {
namespace {

constexpr size_t kBatchBytes = 256 << 10;
constexpr int64_t kUsPerMs = 1'000;

// What becomes of a batch's rows: payload, key, metadata.
struct RowShape {
  std::vector<std::optional<uint32_t>> payload;
  std::vector<std::optional<uint32_t>> key;
  std::optional<uint32_t> timestamp;
};

data::Batch pick(const data::Batch& batch, const std::vector<std::optional<uint32_t>>& columns,
                 const data::SchemaPtr& schema) {
  std::vector<data::ColumnPtr> picked;
  for (size_t at = 0; at < columns.size(); ++at) {
    picked.push_back(columns[at] ? batch.column(*columns[at])
                                 : data::Column::nulls(schema->field(at).type, batch.rows()));
  }
  return data::Batch(schema, std::move(picked), batch.rows());
}

class TopicSink final : public engine::Sink {
 public:
  TopicSink(commit::Topic topic, uint32_t shard, RowShape shape, data::SchemaPtr payload,
            data::SchemaPtr key, std::unique_ptr<formats::RowEncoder> values,
            std::unique_ptr<formats::RowEncoder> keys, const io::Clock& clock)
      : topic_(std::move(topic)),
        own_partition_(shard % topic_.partitions),
        shape_(std::move(shape)),
        payload_(std::move(payload)),
        key_(std::move(key)),
        values_(std::move(values)),
        keys_(std::move(keys)),
        clock_(clock),
        builders_(topic_.partitions) {}

  Result<void> open(engine::OpenContext&) override { return {}; }

  Result<engine::Step> on_batch(data::Batch batch, engine::Staging& staging) override {
    batch_ = std::move(batch).compact();
    records_.clear();
    values_->encode(pick(batch_, shape_.payload, payload_), "", records_);
    if (keys_ != nullptr) {
      key_records_.clear();
      keys_->encode(pick(batch_, shape_.key, key_), "", key_records_);
    }
    next_row_ = 0;
    return step(staging);
  }

  Result<engine::Step> on_barrier(commit::Epoch, engine::Staging& staging) override {
    flushing_ = true;
    next_partition_ = 0;
    return step(staging);
  }

  Result<engine::Step> resume(engine::Staging& staging) override { return step(staging); }
  Result<void> committed(commit::Epoch) override { return {}; }

 private:
  Result<engine::Step> step(engine::Staging& staging) {
    for (; next_row_ < batch_.rows(); ++next_row_) {
      if (staging.full()) return engine::Step::kAgain;
      MILLRACE_TRY(add_row(next_row_, staging));
    }
    batch_ = data::Batch();
    next_row_ = 0;
    if (!flushing_) return engine::Step::kDone;
    for (; next_partition_ < topic_.partitions; ++next_partition_) {
      if (staging.full()) return engine::Step::kAgain;
      MILLRACE_TRY(flush(next_partition_, staging));
    }
    flushing_ = false;
    return engine::Step::kDone;
  }

  Result<void> add_row(uint32_t row, engine::Staging& staging) {
    const data::Sign sign = batch_.sign(row);
    record::NewRecord record{.timestamp_ms = timestamp_ms(row)};
    uint32_t partition = own_partition_;
    if (keys_ != nullptr) {
      if (sign == data::Sign::kUpdateBefore) return {};
      record.key = key_records_[row];
      const uint32_t hash = murmur2(std::as_bytes(std::span(*record.key)));
      partition = (hash & 0x7fffffffU) % topic_.partitions;
    }
    if (!data::retracts(sign)) record.value = records_[row];
    MILLRACE_TRY(builders_[partition].append(record));
    return builders_[partition].bytes() < kBatchBytes ? Result<void>() : flush(partition, staging);
  }

  int64_t timestamp_ms(uint32_t row) const {
    if (shape_.timestamp) {
      const data::Column& column = *batch_.column(*shape_.timestamp);
      if (!column.is_null(row)) return column.value(row).integer() / kUsPerMs;
    }
    return clock_.wall_us() / kUsPerMs;
  }

  Result<void> flush(uint32_t partition, engine::Staging& staging) {
    if (builders_[partition].empty()) return {};
    return staging.stage({topic_.id, partition}, builders_[partition].build());
  }

  const commit::Topic topic_;
  const uint32_t own_partition_;
  const RowShape shape_;
  const data::SchemaPtr payload_;
  const data::SchemaPtr key_;
  const std::unique_ptr<formats::RowEncoder> values_;
  const std::unique_ptr<formats::RowEncoder> keys_;  // null: no primary key
  const io::Clock& clock_;
  std::vector<record::BatchBuilder> builders_;  // per partition
  data::Batch batch_;                           // under way, up to next_row_
  formats::EncodedRecords records_;
  formats::EncodedRecords key_records_;
  uint32_t next_row_ = 0;
  bool flushing_ = false;
  uint32_t next_partition_ = 0;
};

}  // namespace

Result<std::unique_ptr<engine::Sink>> make_topic_sink(const SinkRequest& request,
                                                      Outside& outside) {
  commit::Topic topic = MILLRACE_TRY(outside.log.topics().describe(request.topic));
  RowShape shape;
  std::vector<data::Field> key;
  for (uint32_t at = 0; at < request.columns.size(); ++at) {
    if (request.columns[at].metadata_key == "timestamp") shape.timestamp = at;
  }
  for (const data::Field& field : request.declared->fields()) {
    shape.payload.push_back(arriving(request, field.name));
  }
  for (const uint32_t at : request.primary_key) {
    shape.key.push_back(at);
    key.push_back(request.columns[at].field);
  }
  const data::SchemaPtr payload_schema = request.declared;
  const auto key_schema = data::make_schema(std::move(key));
  auto values = MILLRACE_TRY(request.format->encoder(payload_schema, request.options));
  std::unique_ptr<formats::RowEncoder> keys;
  if (!shape.key.empty()) keys = MILLRACE_TRY(request.format->encoder(key_schema, request.options));
  return std::make_unique<TopicSink>(std::move(topic), request.shard, std::move(shape),
                                     payload_schema, key_schema, std::move(values), std::move(keys),
                                     outside.clock);
}

}  // namespace millrace::connectors
