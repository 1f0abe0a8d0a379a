#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <vector>

#include "base/result.h"
#include "cli/kafka_client/client_record.h"
#include "cli/kafka_client/cluster.h"

namespace millrace::cli {

enum class Arrival : uint8_t {
  kRecord,   // `record` holds it
  kNothing,  // in the time given
  kEnd,      // now all partitions have been read to their ends; once until there is more
};

// RecordSource: records as they arrive.
//
// Threading:  confined to one thread.
// Ownership:  the views of a record live until the next call.
// Failure:    kTopicNotFound: it was deleted meanwhile; kAccessDenied, kCorruptRecord …: reading
//             ends. A server that is away for a while is none: KafkaHandle::down_since tells.
class RecordSource {
 public:
  virtual ~RecordSource() = default;
  virtual Result<Arrival> next(int wait_ms, ClientRecord& record) = 0;
  // Whether all that shall be read has been returned.
  virtual bool ended() const = 0;
  // The reader goes on behind what was returned, also after a crash. Without `wait`, soon.
  virtual Result<void> commit(bool wait) = 0;
};

// A part of a partition: up to `end` (not included), or for ever.
struct PartitionRange {
  TopicPartition partition;
  int64_t start = 0;
  int64_t end = std::numeric_limits<int64_t>::max();
};

// Partitions, without a group. REQUIRES: a consumer's handle, which outlives it.
std::unique_ptr<RecordSource> read_partitions(KafkaHandle& client,
                                              std::vector<PartitionRange> ranges);

}  // namespace millrace::cli
