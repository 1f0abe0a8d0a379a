#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/result.h"
#include "record/compression.h"

namespace millrace::record {

// The header of a Kafka record batch, version 2 (docs/formats/record-batch.md).
inline constexpr size_t kBatchHeaderBytes = 61;
// Base offset and length: what comes before the bytes that the length counts.
inline constexpr size_t kBatchPrefixBytes = 12;
// A batch is never larger; Kafka's own limit is 2 GiB.
inline constexpr size_t kBatchBytesMax = (size_t{1} << 30) - 1;

enum class TimestampType : uint8_t {
  kCreate,  // each record carries its own
  kAppend,  // all have the batch's max_timestamp_ms
};

// BatchHeader: the fields in host order. A plain value.
struct BatchHeader {
  int64_t base_offset = 0;
  int32_t length = 0;  // bytes behind this field
  int32_t leader_epoch = -1;
  uint32_t crc = 0;  // of all from the attributes on
  int16_t attributes = 0;
  int32_t last_offset_delta = 0;
  int64_t base_timestamp_ms = -1;
  int64_t max_timestamp_ms = -1;
  int64_t producer_id = -1;  // -1: none
  int16_t producer_epoch = -1;
  int32_t base_sequence = -1;
  int32_t record_count = 0;

  Codec codec() const { return static_cast<Codec>(attributes & 0x07); }
  TimestampType timestamp_type() const {
    return (attributes & 0x08) != 0 ? TimestampType::kAppend : TimestampType::kCreate;
  }
  bool transactional() const { return (attributes & 0x10) != 0; }
  bool control() const { return (attributes & 0x20) != 0; }
  // base_timestamp_ms then holds the time from which on compaction may drop the tombstones.
  bool has_delete_horizon() const { return (attributes & 0x40) != 0; }
  int64_t last_offset() const { return base_offset + last_offset_delta; }
  // Of the whole batch.
  size_t bytes() const { return kBatchPrefixBytes + static_cast<size_t>(length); }
};

// Bytes of the whole batch that starts here. kCorruptRecord if its length is impossible, or if
// there are less than kBatchPrefixBytes; `from` need not hold the rest.
Result<size_t> batch_bytes(std::span<const std::byte> from);

// The header at the front of `from`, which holds at least the whole batch. kCorruptRecord if the
// fields contradict each other or `from`; kUnsupportedCodec. The CRC is not checked.
Result<BatchHeader> read_batch_header(std::span<const std::byte> from);

// The CRC that the batch should have. REQUIRES: `batch` is the whole batch and nothing more.
uint32_t batch_crc(std::span<const std::byte> batch);

// Writes length, CRC and all other fields over the first kBatchHeaderBytes of `batch`, which is the
// whole batch and nothing more; `header.length` and `header.crc` are not looked at.
void write_batch_header(std::span<std::byte> batch, const BatchHeader& header);

// Where a batch stands is outside its CRC: assigned in place, at no cost per byte.
// REQUIRES: at least kBatchHeaderBytes.
void assign_offset(std::span<std::byte> batch, int64_t base_offset, int32_t leader_epoch);

}  // namespace millrace::record
