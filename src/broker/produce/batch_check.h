#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <vector>

#include "base/buffer.h"
#include "broker/topics/topic_settings.h"
#include "commit/record_batch.h"
#include "kafka/protocol_error.h"

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

// One batch as a client sent it, to what is appended. With LogAppendTime its timestamps become
// `now_ms`, in place. Records that are not compressed are counted; they are not parsed unless the
// topic is compacted, where each needs a key.
//
// REQUIRES: nobody else looks at the bytes yet.
std::expected<commit::RecordBatch, BatchRejection> check_batch(std::vector<Buffer> records,
                                                               const BatchRules& rules);

}  // namespace millrace::broker
