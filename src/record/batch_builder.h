#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string_view>

#include "base/buffer.h"
#include "base/result.h"
#include "record/batch_header.h"
#include "record/batch_view.h"
#include "record/compression.h"
#include "record/growing_buffer.h"

namespace millrace::record {

struct BatchOptions {
  Codec codec = Codec::kNone;
  int64_t producer_id = -1;
  int16_t producer_epoch = -1;
  int32_t base_sequence = -1;
  bool transactional = false;
  bool control = false;
  // What the records' timestamps are counted from; by default the first one's.
  std::optional<int64_t> base_timestamp_ms = std::nullopt;
  size_t capacity_bytes = 16 * 1024;  // of the first allocation
  MemoryAccount* account = nullptr;
};

// What a record is made from; the bytes are copied.
struct NewRecord {
  int64_t timestamp_ms = -1;
  std::optional<std::string_view> key;
  std::optional<std::string_view> value;
  std::span<const RecordHeader> headers;
};

// BatchBuilder: makes record batches, one after another.
//
// Threading:  confined to one task.
// Order:      append*, then build; then the next batch begins.
// Failure:    kRecordTooLarge: the record would make the batch larger than kBatchBytesMax (before
//             compression); it was not appended.
class BatchBuilder {
 public:
  explicit BatchBuilder(BatchOptions options = {});

  // The record gets the next offset.
  Result<void> append(const NewRecord& record);
  // The record gets base offset + `offset_delta`: for a batch with holes.
  // REQUIRES: larger than the last one's.
  Result<void> append_at(int32_t offset_delta, const NewRecord& record);

  int32_t record_count() const { return header_.record_count; }
  bool empty() const { return header_.record_count == 0; }
  // Of the batch before compression.
  size_t bytes() const { return buffer_.bytes(); }

  // The finished batch: its buffer is the caller's alone, so assign_offset may still move it. What
  // was appended is forgotten. REQUIRES: !empty().
  Buffer build(int64_t base_offset = 0);

 private:
  void begin();
  BatchOptions options_;
  BatchHeader header_;
  GrowingBuffer buffer_;  // room for the header, then the records
  Compressor compressor_;
};

}  // namespace millrace::record
