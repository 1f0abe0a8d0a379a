#pragma once

#include <cstdint>
#include <vector>

#include "base/result.h"
#include "commit/ids.h"
#include "commit/record_batch.h"
#include "io/executor.h"

namespace millrace::commit {

// When the answer is sent. Readers see the batch when it is durable, whatever this says.
enum class Acks : uint8_t {
  kAssigned,  // it has its offset
  kDurable,   // and is synced
  // The same, but it is not worth a sync of its own: it is written with what is appended next, or
  // some milliseconds later. For what only has to be durable when something behind it is.
  kCarried,
};

struct Appended {
  Lsn lsn;  // 0 with Acks::kAssigned: it has none yet
  int64_t base_offset = -1;
  int64_t start_offset = 0;  // of the partition: the earliest that is kept
};

struct PartitionBatch {
  PartitionId partition;
  RecordBatch batch;
};

// Appender: batches straight into partitions, outside any unit.
//
// Threading:  synchronised inside.
// Order:      what is appended after a call has returned stands behind what that call appends, in
//             all partitions: when it is durable, so is what stands before it, unless that was
//             refused.
// Ownership:  buffers are shared until the answer, not copied.
// Producers:  a batch with a producer's id follows the producer's last one in the partition, by
//             epoch and sequence; one that was written before is not written again, its answer is
//             that of the first time, and comes when that is durable. A control batch ends the
//             producer's open transaction.
// Failure:    kOutOfOrderSequence, kStaleProducerEpoch, kInvalidTransactionState; kTopicNotFound,
//             kRecordTooLarge, kPartitionQuarantined, kDiskFull; kSyncFailed and kUnavailable:
//             whether it is durable is unknown, the process is about to stop.
class Appender {
 public:
  virtual ~Appender() = default;
  virtual void append(PartitionId partition, RecordBatch batch, Acks acks, io::Executor& executor,
                      io::Completion<Result<Appended>> done) = 0;
  // One entry, one LSN: visible in all partitions or in none. Answers in the order given.
  virtual void append_all(std::vector<PartitionBatch> batches, io::Executor& executor,
                          io::Completion<Result<std::vector<Appended>>> done) = 0;
};

}  // namespace millrace::commit
