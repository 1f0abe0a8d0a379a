#include "record/batch_header.h"

#include <limits>

#include "base/assert.h"
#include "base/crc32c.h"
#include "base/endian.h"

namespace millrace::record {
namespace {

constexpr int8_t kMagic = 2;

enum Offset : size_t {
  kBaseOffset = 0,
  kLength = 8,
  kLeaderEpoch = 12,
  kMagicAt = 16,
  kCrc = 17,
  kAttributes = 21,
  kLastOffsetDelta = 23,
  kBaseTimestamp = 27,
  kMaxTimestamp = 35,
  kProducerId = 43,
  kProducerEpoch = 51,
  kBaseSequence = 53,
  kRecordCount = 57,
};

Error corrupt(std::string message) {
  return {ErrorCode::kCorruptRecord, std::move(message)};
}

Result<void> check_fields(const BatchHeader& header) {
  if ((header.attributes & 0x07) >= static_cast<int16_t>(kCodecCount)) {
    return Error(ErrorCode::kUnsupportedCodec, "the batch has compression " +
                                                   std::to_string(header.attributes & 0x07) +
                                                   ", which is none of Kafka's")
        .remedy("Use none, gzip, snappy, lz4 or zstd.");
  }
  if (header.base_offset < 0 || header.last_offset_delta < 0 ||
      header.base_offset > std::numeric_limits<int64_t>::max() - header.last_offset_delta) {
    return corrupt("the batch's offsets are out of range");
  }
  if (header.record_count < 0 || header.record_count - 1 > header.last_offset_delta) {
    return corrupt("the batch claims " + std::to_string(header.record_count) +
                   " records, but its last offset delta is " +
                   std::to_string(header.last_offset_delta));
  }
  return {};
}

}  // namespace

Result<size_t> batch_bytes(std::span<const std::byte> from) {
  if (from.size() < kBatchPrefixBytes) return corrupt("a record batch is cut short");
  const auto length = load_be<int32_t>(from.data() + kLength);
  constexpr size_t kLengthMin = kBatchHeaderBytes - kBatchPrefixBytes;
  if (length < static_cast<int32_t>(kLengthMin) ||
      static_cast<size_t>(length) > kBatchBytesMax - kBatchPrefixBytes) {
    return corrupt("a record batch has the impossible length " + std::to_string(length));
  }
  return kBatchPrefixBytes + static_cast<size_t>(length);
}

Result<BatchHeader> read_batch_header(std::span<const std::byte> from) {
  const size_t bytes = MILLRACE_TRY(batch_bytes(from));
  if (bytes > from.size()) {
    return corrupt("a record batch is cut short: " + std::to_string(bytes) +
                   " bytes expected, found " + std::to_string(from.size()));
  }
  const auto magic = load_be<int8_t>(from.data() + kMagicAt);
  if (magic != kMagic) {
    return corrupt("a record batch of version 2 was expected, found " + std::to_string(magic));
  }
  const std::byte* const at = from.data();
  BatchHeader header{.base_offset = load_be<int64_t>(at + kBaseOffset),
                     .length = load_be<int32_t>(at + kLength),
                     .leader_epoch = load_be<int32_t>(at + kLeaderEpoch),
                     .crc = load_be<uint32_t>(at + kCrc),
                     .attributes = load_be<int16_t>(at + kAttributes),
                     .last_offset_delta = load_be<int32_t>(at + kLastOffsetDelta),
                     .base_timestamp_ms = load_be<int64_t>(at + kBaseTimestamp),
                     .max_timestamp_ms = load_be<int64_t>(at + kMaxTimestamp),
                     .producer_id = load_be<int64_t>(at + kProducerId),
                     .producer_epoch = load_be<int16_t>(at + kProducerEpoch),
                     .base_sequence = load_be<int32_t>(at + kBaseSequence),
                     .record_count = load_be<int32_t>(at + kRecordCount)};
  MILLRACE_TRY(check_fields(header));
  return header;
}

uint32_t batch_crc(std::span<const std::byte> batch) {
  return crc32c(batch.subspan(kAttributes));
}

void write_batch_header(std::span<std::byte> batch, const BatchHeader& header) {
  MILLRACE_ASSERT(batch.size() >= kBatchHeaderBytes && batch.size() <= kBatchBytesMax);
  std::byte* const at = batch.data();
  store_be(at + kLength, static_cast<int32_t>(batch.size() - kBatchPrefixBytes));
  store_be(at + kMagicAt, kMagic);
  store_be(at + kAttributes, header.attributes);
  store_be(at + kLastOffsetDelta, header.last_offset_delta);
  store_be(at + kBaseTimestamp, header.base_timestamp_ms);
  store_be(at + kMaxTimestamp, header.max_timestamp_ms);
  store_be(at + kProducerId, header.producer_id);
  store_be(at + kProducerEpoch, header.producer_epoch);
  store_be(at + kBaseSequence, header.base_sequence);
  store_be(at + kRecordCount, header.record_count);
  assign_offset(batch, header.base_offset, header.leader_epoch);
  store_be(at + kCrc, batch_crc(batch));
}

void assign_offset(std::span<std::byte> batch, int64_t base_offset, int32_t leader_epoch) {
  MILLRACE_ASSERT(batch.size() >= kBatchHeaderBytes);
  store_be(batch.data() + kBaseOffset, base_offset);
  store_be(batch.data() + kLeaderEpoch, leader_epoch);
}

}  // namespace millrace::record
