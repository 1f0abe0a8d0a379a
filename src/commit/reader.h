#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "base/buffer.h"
#include "base/result.h"
#include "commit/ids.h"
#include "commit/leader_epochs.h"
#include "io/executor.h"

namespace millrace::commit {

enum class Isolation : uint8_t {
  kReadUncommitted,  // up to the high watermark
  kReadCommitted,    // up to the last stable offset: no open transaction of a Kafka client below it
};

struct PartitionRead {
  PartitionId partition;
  int64_t offset = 0;
  uint64_t bytes_max = 1 << 20;
};

struct ReadRequest {
  std::vector<PartitionRead> partitions;
  uint64_t bytes_max = 16 << 20;  // over all partitions
  Isolation isolation = Isolation::kReadCommitted;
};

// Records of a transaction that was aborted: those of the producer from the offset on, up to its
// next marker.
struct AbortedTransaction {
  int64_t producer_id = -1;
  int64_t first_offset = -1;
  friend bool operator==(const AbortedTransaction&, const AbortedTransaction&) = default;
};

// What one partition gave. Bounds are those of the moment of the read, one moment for all
// partitions.
struct PartitionData {
  PartitionId partition;
  int64_t start_offset = 0;    // the earliest that is kept
  int64_t high_watermark = 0;  // one behind the last visible record
  int64_t stable_offset = 0;
  // Whole record batches v2 with their final base offsets, in order; the first may begin before the
  // offset asked for. Empty at the end of the partition: watch it.
  std::vector<Buffer> batches;
  // With kReadCommitted: those with records among the batches, in order of their first offsets. Who
  // reads leaves them out, and control batches too.
  std::vector<AbortedTransaction> aborted;
  // kOffsetOutOfRange, kTopicNotFound, kPartitionQuarantined, kCorruptRecord; the others are
  // unharmed.
  std::optional<Error> error;
};

// What a partition knows of one producer. A plain value.
struct PartitionProducer {
  int64_t id = -1;
  int16_t epoch = -1;
  int32_t last_sequence = -1;      // -1: none in this epoch
  int64_t timestamp_ms = -1;       // the newest of its records
  int32_t coordinator_epoch = -1;  // of the last marker
  int64_t open_offset = -1;        // where its open transaction begins; -1: it has none
};

// What a partition takes, as it is stored. A plain value.
struct PartitionSize {
  uint64_t ring_bytes = 0;  // has not been settled yet
  uint64_t file_bytes = 0;
};

enum class OffsetKind : uint8_t {
  kEarliest,
  kVisible,  // the high watermark
  kStable,   // what kReadCommitted may read up to
  kAtTime,   // the first batch whose newest record is at or after the time; else the high watermark
};

struct OffsetQuery {
  PartitionId partition;
  OffsetKind kind = OffsetKind::kVisible;
  int64_t timestamp_ms = 0;  // for kAtTime
};

// Watch: a wait that is under way; destroying it cancels it (the wake may already be posted).
class Watch {
 public:
  virtual ~Watch() = default;
};

// Reader: what is committed, from partitions.
//
// Threading:  synchronised inside.
// Failure:    per partition, in the answer; an Error of the whole call: kUnavailable.
class Reader {
 public:
  virtual ~Reader() = default;
  // Never waits: at the end of a partition its batches are empty. Gives at least one batch where
  // there is one, however large.
  virtual void read(ReadRequest request, io::Executor& executor,
                    io::Completion<Result<std::vector<PartitionData>>> done) = 0;
  // One answer per query, all as of one moment.
  virtual void offsets(std::vector<OffsetQuery> queries, io::Executor& executor,
                       io::Completion<Result<std::vector<Result<int64_t>>>> done) = 0;
  // `wake` runs once, on `executor`, when a read at `offset` would return something (perhaps at
  // once), or an error because the partition is gone.
  virtual std::unique_ptr<Watch> watch(PartitionId partition, int64_t offset, Isolation isolation,
                                       io::Executor& executor, io::Wake wake) = 0;
  // In order of their ids; at once. kTopicNotFound.
  virtual Result<std::vector<PartitionProducer>> producers(PartitionId partition) const = 0;
  // Which epochs its records are of; at once. kTopicNotFound.
  virtual Result<LeaderEpochs> leader_epochs(PartitionId partition) const = 0;
  // Of what is kept; at once. kTopicNotFound.
  virtual Result<PartitionSize> size(PartitionId partition) const = 0;
  // The epoch of what is written now: it rises with each start of the log; the first is 0.
  virtual int32_t leader_epoch() const = 0;
};

}  // namespace millrace::commit
