#include "broker/produce/batch_check.h"

#include <fmt/core.h>

#include <optional>

#include "base/varint.h"
#include "record/batch_header.h"
#include "record/batch_view.h"

namespace millrace::broker {
namespace {

using kafka::ProtocolError;
using Rejected = std::unexpected<BatchRejection>;

constexpr int16_t kAppendTimeBit = 0x08;
constexpr int16_t kFirstVersionWithZstd = 7;

Rejected rejected(ProtocolError error, std::string message) {
  return Rejected({.error = error, .message = std::move(message), .records = {}});
}

std::optional<BatchRejection> check_fields(const record::BatchHeader& header, size_t bytes,
                                           const BatchRules& rules) {
  const auto no = [](ProtocolError error, std::string message) {
    return BatchRejection{.error = error, .message = std::move(message), .records = {}};
  };
  if (header.bytes() != bytes) {
    return no(ProtocolError::kInvalidRecord, "exactly one batch a partition is taken");
  }
  if (bytes > rules.limits.message_bytes_max) {
    return no(ProtocolError::kMessageTooLarge,
              fmt::format("a batch of {} bytes; max.message.bytes is {}", bytes,
                          rules.limits.message_bytes_max));
  }
  if (bytes > rules.limits.segment_bytes) {
    return no(
        ProtocolError::kRecordListTooLarge,
        fmt::format("a batch of {} bytes; segment.bytes is {}", bytes, rules.limits.segment_bytes));
  }
  if (header.control())
    return no(ProtocolError::kInvalidRecord, "clients write no control batches");
  if (header.record_count <= 0 || header.record_count != header.last_offset_delta + 1) {
    return no(ProtocolError::kInvalidRecord,
              fmt::format("{} records, but the last offset is {}", header.record_count,
                          header.last_offset_delta));
  }
  if (header.base_offset != 0) {
    return no(ProtocolError::kInvalidRecord, "a batch comes without offsets");
  }
  if (header.producer_id >= 0 && (header.base_sequence < 0 || header.producer_epoch < 0)) {
    return no(ProtocolError::kInvalidRecord, "a producer's id without epoch or sequence");
  }
  if (header.transactional() && header.producer_id < 0) {
    return no(ProtocolError::kInvalidRecord, "a transactional batch without a producer's id");
  }
  if (header.codec() == record::Codec::kZstd && rules.produce_version < kFirstVersionWithZstd) {
    return no(ProtocolError::kUnsupportedCompressionType, "zstd needs Produce version 7");
  }
  return std::nullopt;
}

// Whether the records of a batch that is not compressed are as many as it says, one behind the
// other.
bool counted_right(const record::BatchView& batch) {
  std::span<const std::byte> rest = batch.buffer().span().subspan(record::kBatchHeaderBytes);
  int32_t count = 0;
  for (; !rest.empty(); ++count) {
    const auto length = take_varint(rest);
    if (!length) return false;
    const int64_t bytes = unzigzag(*length);
    if (bytes < 0 || bytes > static_cast<int64_t>(rest.size())) return false;
    rest = rest.subspan(static_cast<size_t>(bytes));
  }
  return count == batch.header().record_count;
}

std::optional<BatchRejection> check_times(const record::BatchHeader& header,
                                          const BatchRules& rules) {
  const auto no = [](std::string message) {
    return BatchRejection{
        .error = ProtocolError::kInvalidTimestamp, .message = std::move(message), .records = {}};
  };
  if (header.timestamp_type() == record::TimestampType::kAppend) {
    return no("the batch says LogAppendTime, the topic CreateTime");
  }
  if (header.max_timestamp_ms < 0) return std::nullopt;
  const int64_t ahead = header.max_timestamp_ms - rules.now_ms;
  if (ahead > rules.limits.timestamp_after_ms_max) {
    return no(fmt::format("timestamp {} lies {} ms ahead; message.timestamp.after.max.ms is {}",
                          header.max_timestamp_ms, ahead, rules.limits.timestamp_after_ms_max));
  }
  if (header.base_timestamp_ms >= 0 &&
      rules.now_ms - header.base_timestamp_ms > rules.limits.timestamp_before_ms_max) {
    return no(fmt::format("timestamp {} lies behind message.timestamp.before.max.ms",
                          header.base_timestamp_ms));
  }
  return std::nullopt;
}

// A compacted topic keeps the newest record of each key.
std::optional<BatchRejection> check_keys(const record::BatchView& batch) {
  record::Decompressor decompressor;
  BatchRejection rejection{.error = ProtocolError::kInvalidRecord,
                           .message = "a compacted topic takes no records without a key",
                           .records = {}};
  auto records = batch.records(decompressor);
  record::Record record;
  int32_t index = 0;
  while (records) {
    const auto more = records->next(record);
    if (!more) return BatchRejection{ProtocolError::kCorruptMessage, more.error().message(), {}};
    if (!*more) break;
    if (!record.key) rejection.records.push_back(index);
    ++index;
  }
  if (!records)
    return BatchRejection{ProtocolError::kCorruptMessage, records.error().message(), {}};
  if (rejection.records.empty()) return std::nullopt;
  return rejection;
}

void stamp(Buffer& bytes, record::BatchHeader header, int64_t now_ms) {
  header.attributes |= kAppendTimeBit;
  header.max_timestamp_ms = now_ms;
  record::write_batch_header({bytes.mutable_data(), bytes.bytes()}, header);
}

}  // namespace

std::expected<commit::RecordBatch, BatchRejection> check_batch(std::vector<Buffer> records,
                                                               const BatchRules& rules) {
  if (records.size() != 1 || records[0].bytes() < record::kBatchHeaderBytes) {
    return rejected(ProtocolError::kInvalidRecord, "exactly one batch a partition is taken");
  }
  Buffer bytes = std::move(records[0]);
  const auto view = record::BatchView::read(bytes);
  if (!view) {
    const bool codec = view.error().code() == ErrorCode::kUnsupportedCodec;
    return rejected(
        codec ? ProtocolError::kUnsupportedCompressionType : ProtocolError::kCorruptMessage,
        view.error().message());
  }
  const record::BatchHeader& header = view->header();
  if (auto wrong = check_fields(header, bytes.bytes(), rules)) return Rejected(*std::move(wrong));
  if (header.codec() == record::Codec::kNone && !counted_right(*view)) {
    return rejected(ProtocolError::kInvalidRecord, "the batch has not as many records as it says");
  }
  if (rules.limits.log_append_time) {
    stamp(bytes, header, rules.now_ms);
  } else if (auto wrong = check_times(header, rules)) {
    return Rejected(*std::move(wrong));
  }
  if (rules.limits.compacted) {
    if (auto wrong = check_keys(*view)) return Rejected(*std::move(wrong));
  }
  auto batch = commit::RecordBatch::of(std::move(bytes));
  if (!batch) return rejected(ProtocolError::kCorruptMessage, batch.error().message());
  return *std::move(batch);
}

}  // namespace millrace::broker
