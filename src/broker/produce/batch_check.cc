#include "broker/produce/batch_check.h"

#include <fmt/core.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

#include "broker/produce/record_scan.h"
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
  if (header.has_delete_horizon()) {
    return no(ProtocolError::kInvalidRecord, "only compaction sets a delete horizon");
  }
  if (!rules.limits.log_append_time && header.timestamp_type() == record::TimestampType::kAppend) {
    return no(ProtocolError::kInvalidTimestamp,
              "the batch says LogAppendTime, the topic CreateTime");
  }
  if (header.codec() == record::Codec::kZstd && rules.produce_version < kFirstVersionWithZstd) {
    return no(ProtocolError::kUnsupportedCompressionType, "zstd needs Produce version 7");
  }
  return std::nullopt;
}

// The limits are those of the clock, which counts from 1970: nothing overflows that fits.
int64_t minus(int64_t left, int64_t right) {
  int64_t result = 0;
  return __builtin_sub_overflow(left, right, &result) ? std::numeric_limits<int64_t>::min()
                                                      : result;
}
int64_t plus(int64_t left, int64_t right) {
  int64_t result = 0;
  return __builtin_add_overflow(left, right, &result) ? std::numeric_limits<int64_t>::max()
                                                      : result;
}

ScanRules scan_rules(const record::BatchHeader& header, const BatchRules& rules) {
  ScanRules scan{.records = header.record_count,
                 .base_timestamp_ms = header.base_timestamp_ms,
                 .keys_needed = rules.limits.compacted};
  if (!rules.limits.log_append_time) {
    scan.oldest_ms = minus(rules.now_ms, rules.limits.timestamp_before_ms_max);
    scan.newest_ms = plus(rules.now_ms, rules.limits.timestamp_after_ms_max);
  }
  return scan;
}

// What is wrong with the records as such: nobody could read them.
BatchRejection unreadable(const Error& why) {
  const bool large = why.code() == ErrorCode::kRecordTooLarge;
  return {.error = large ? ProtocolError::kMessageTooLarge : ProtocolError::kInvalidRecord,
          .message = why.message(),
          .records = {}};
}

std::optional<BatchRejection> check_records(const RecordScan& scan, const BatchRules& rules) {
  if (!scan.without_key().empty()) {
    return BatchRejection{.error = ProtocolError::kInvalidRecord,
                          .message = "a compacted topic takes no records without a key",
                          .records = scan.without_key()};
  }
  if (!scan.untimely().empty()) {
    return BatchRejection{
        .error = ProtocolError::kInvalidTimestamp,
        .message =
            fmt::format("a timestamp lies more than {} ms behind the broker's clock "
                        "(message.timestamp.before.max.ms), or {} ms ahead of it "
                        "(message.timestamp.after.max.ms)",
                        rules.limits.timestamp_before_ms_max, rules.limits.timestamp_after_ms_max),
        .records = scan.untimely()};
  }
  return std::nullopt;
}

void set_times(Buffer& bytes, record::BatchHeader header, const RecordScan& scan,
               const BatchRules& rules) {
  if (rules.limits.log_append_time) {
    header.attributes |= kAppendTimeBit;
    header.max_timestamp_ms = rules.now_ms;
  } else if (header.max_timestamp_ms != scan.max_timestamp_ms()) {
    header.max_timestamp_ms = scan.max_timestamp_ms();
  } else {
    return;
  }
  record::write_batch_header({bytes.mutable_data(), bytes.bytes()}, header);
}

}  // namespace

BatchCheck::BatchCheck() = default;
BatchCheck::~BatchCheck() = default;

std::unique_ptr<record::PieceDecompressor> BatchCheck::borrow() {
  const std::lock_guard lock(mutex_);
  if (idle_.empty()) return std::make_unique<record::PieceDecompressor>();
  auto one = std::move(idle_.back());
  idle_.pop_back();
  return one;
}

void BatchCheck::give_back(std::unique_ptr<record::PieceDecompressor> decompressor) {
  const std::lock_guard lock(mutex_);
  idle_.push_back(std::move(decompressor));
}

std::expected<commit::RecordBatch, BatchRejection> BatchCheck::check(std::vector<Buffer> records,
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
  RecordScan scan(scan_rules(header, rules));
  auto decompressor = borrow();
  const auto read = decompressor->decompress(
      header.codec(), bytes.span().subspan(record::kBatchHeaderBytes),
      [&scan](std::span<const std::byte> piece) { return scan.take(piece); });
  give_back(std::move(decompressor));
  if (!read) return Rejected(unreadable(read.error()));
  if (const auto end = scan.finish(); !end) return Rejected(unreadable(end.error()));
  if (auto wrong = check_records(scan, rules)) return Rejected(*std::move(wrong));
  set_times(bytes, header, scan, rules);
  auto batch = commit::RecordBatch::of(std::move(bytes));
  if (!batch) return rejected(ProtocolError::kCorruptMessage, batch.error().message());
  return *std::move(batch);
}

}  // namespace millrace::broker
