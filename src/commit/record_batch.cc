#include "commit/record_batch.h"

#include <fmt/core.h>

#include "base/endian.h"

namespace millrace::commit {
namespace {

// The places in a record batch v2 that stand outside its records (docs/formats/record_batch.md).
constexpr size_t kLengthAt = 8;
constexpr size_t kLengthFrom = 12;
constexpr size_t kMagicAt = 16;
constexpr size_t kLastOffsetDeltaAt = 23;
constexpr size_t kMaxTimestampAt = 35;
constexpr size_t kRecordCountAt = 57;
constexpr size_t kHeaderBytes = 61;

}  // namespace

Result<RecordBatch> RecordBatch::of(Buffer bytes) {
  const std::byte* from = bytes.data();
  if (bytes.bytes() < kHeaderBytes) {
    return Error(ErrorCode::kCorruptRecord,
                 fmt::format("a record batch of {} bytes is shorter than its header", bytes.bytes()));
  }
  const auto length = load_be<int32_t>(from + kLengthAt);
  const auto magic = static_cast<uint8_t>(from[kMagicAt]);
  if (magic != 2 || length < 0 || kLengthFrom + static_cast<size_t>(length) != bytes.bytes()) {
    return Error(ErrorCode::kCorruptRecord,
                 fmt::format("expected one record batch of magic 2 and {} bytes, found magic {} "
                             "and length {}",
                             bytes.bytes(), magic, length));
  }
  const auto last_offset_delta = load_be<int32_t>(from + kLastOffsetDeltaAt);
  const auto count = load_be<int32_t>(from + kRecordCountAt);
  if (last_offset_delta < 0 || last_offset_delta == INT32_MAX || count < 0 ||
      count > last_offset_delta + 1) {
    return Error(ErrorCode::kCorruptRecord,
                 fmt::format("a record batch counts {} records up to offset delta {}", count,
                             last_offset_delta));
  }
  RecordBatch batch;
  batch.records = static_cast<uint32_t>(last_offset_delta) + 1;
  batch.max_timestamp_ms = load_be<int64_t>(from + kMaxTimestampAt);
  batch.bytes = std::move(bytes);
  return batch;
}

}  // namespace millrace::commit
