#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/buffer.h"
#include "broker/topics/topic_settings.h"
#include "commit/record_batch.h"
#include "kafka/protocol_error.h"
#include "record/piece_decompressor.h"

namespace millrace::broker {

// What a produced batch is held against.
struct BatchRules {
  const TopicLimits& limits;
  int16_t produce_version = 0;
  int64_t now_ms = 0;  // the broker's clock, since 1970
};

struct BatchRejection {
  kafka::ProtocolError error;
  std::string message;
  std::vector<int32_t> records;  // which of the batch, if only some are wrong
};

// BatchCheck: one batch as a client sent it, to what is appended. Its records are decompressed, in
// pieces, and each is looked at (RecordScan): what readers could not read is not stored. With
// LogAppendTime the batch's timestamps become `now_ms`, in place; else its largest timestamp
// becomes that of its records, for lookups by time go by it.
//
// Threading:  synchronised inside; several at once.
class BatchCheck {
 public:
  BatchCheck();
  ~BatchCheck();

  // REQUIRES: nobody else looks at the bytes yet.
  std::expected<commit::RecordBatch, BatchRejection> check(std::vector<Buffer> records,
                                                           const BatchRules& rules);

 private:
  std::unique_ptr<record::PieceDecompressor> borrow();
  void give_back(std::unique_ptr<record::PieceDecompressor> decompressor);

  std::mutex mutex_;
  std::vector<std::unique_ptr<record::PieceDecompressor>> idle_;  // one for each that ran at once
};

}  // namespace millrace::broker
