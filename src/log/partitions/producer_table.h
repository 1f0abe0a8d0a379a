#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "commit/reader.h"

namespace millrace::log {

// The end of a transaction, as a control batch says it.
enum class Marker : uint8_t { kNone, kAbort, kCommit };

// What a batch says of the producer that wrote it. A plain value.
struct ProducerBatch {
  int64_t producer_id = -1;
  int16_t epoch = -1;
  int32_t first_sequence = -1;
  int32_t records = 0;
  bool transactional = false;
  Marker marker = Marker::kNone;
  int32_t coordinator_epoch = -1;  // of a marker
  int64_t timestamp_ms = -1;       // the newest
  bool counts_from_zero = false;   // as RecordBatch says

  // What a coordinator writes in a producer's name has no sequence, and is taken as it comes.
  bool sequenced() const { return first_sequence >= 0; }
  // Sequences count up to 2^31 - 1, and go on with 0.
  int32_t last_sequence() const {
    return static_cast<int32_t>((int64_t{first_sequence} + records - 1) & INT32_MAX);
  }
};

// nullopt: the batch has no producer.
// Failure: kCorruptRecord: not a batch, or a control batch that is no marker.
Result<std::optional<ProducerBatch>> read_producer(std::span<const std::byte> batch);

// What is known of one producer in one partition. A plain value.
struct ProducerState {
  struct Batch {
    int32_t first_sequence;
    int32_t last_sequence;
    int64_t base_offset;
  };
  int16_t epoch = -1;
  int32_t coordinator_epoch = -1;
  int64_t timestamp_ms = -1;
  int64_t open_offset = -1;      // where its open transaction begins; -1: it has none
  int64_t silent_since_ms = -1;  // as of the last call of expire; -1: it wrote since; not kept
  std::deque<Batch> batches;     // the newest last, at most kBatchesKept

  static constexpr size_t kBatchesKept = 5;
};

// The newest batch of records of a producer in a partition. A plain value.
struct LastBatch {
  int16_t epoch = -1;
  int64_t base_offset = -1;  // -1: it has none in this epoch
  friend bool operator==(const LastBatch&, const LastBatch&) = default;
};

// ProducerTable: the producers of one partition: which batch comes next, which came before.
//
// A batch is checked and admitted, then written, then applied; batches that are admitted and not
// yet applied count for the check of the next one.
//
// The check, in this order: an epoch below the producer's is stale; one of its last batches again
// is told its offset, where it is not of a transaction that has ended; a higher epoch, or one
// without batches yet, begins with sequence 0, another batch follows the last one; while a
// transaction is open only batches of it are taken. Of a producer that is not known any sequence is
// taken, unless the batch says that it counts from 0.
//
// Threading:  the log's writer only; describe and last_batches from anywhere.
class ProducerTable {
 public:
  // nullopt: it comes next. An offset: it was written there before. Otherwise kOutOfOrderSequence,
  // kStaleProducerEpoch, kInvalidTransactionState.
  Result<std::optional<int64_t>> check(const ProducerBatch& batch) const;
  // REQUIRES: check has let it through.
  void admit(const ProducerBatch& batch, int64_t base_offset);
  // In the order of admit.
  void apply(const ProducerBatch& batch, int64_t base_offset);

  // Forgets producers without an open transaction that wrote nothing for `after_ms`, as far as the
  // calls of this can tell: timestamps of records say nothing about when they were written.
  void expire(int64_t now_ms, int64_t after_ms);

  const std::unordered_map<int64_t, ProducerState>& producers() const { return applied_; }
  // What is applied, in order of ids.
  std::vector<commit::PartitionProducer> describe() const;
  // Their last batches, by id.
  std::map<int64_t, LastBatch> last_batches() const;
  // Of what is applied; docs/formats/segment.md.
  std::string snapshot() const;
  // REQUIRES: empty. kRingDamaged.
  Result<void> restore(std::string_view snapshot);

 private:
  struct Ahead {
    ProducerState state;
    uint32_t pending = 0;  // batches that are not applied yet
  };
  const ProducerState* find(int64_t producer_id) const;

  mutable std::mutex mutex_;  // held by the writer where it changes applied_
  std::unordered_map<int64_t, ProducerState> applied_;
  std::unordered_map<int64_t, Ahead> ahead_;
};

}  // namespace millrace::log
