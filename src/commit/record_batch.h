#pragma once

#include <cstdint>

#include "base/buffer.h"
#include "base/result.h"

namespace millrace::commit {

// RecordBatch: one Kafka record batch v2 and what the log must know of it. The log never alters the
// bytes: base offset and leader epoch, which lie outside the batch's CRC, are patched in copies.
struct RecordBatch {
  Buffer bytes;
  uint32_t records = 0;  // offsets that it takes: last offset delta + 1
  int64_t max_timestamp_ms = -1;
  // Its producer counts from 0 in each transaction: where the partition does not know the producer
  // (any more), another first sequence is out of order.
  bool counts_from_zero = false;

  // Reads both from the batch's header. kCorruptRecord: not exactly one batch v2 (lengths, magic,
  // counts); the CRC over the records is not computed here.
  static Result<RecordBatch> of(Buffer bytes);
};

}  // namespace millrace::commit
