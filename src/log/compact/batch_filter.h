#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "base/buffer.h"
#include "base/result.h"
#include "log/compact/key_offsets.h"
#include "log/partitions/partition.h"
#include "record/batch_builder.h"
#include "record/batch_view.h"

namespace millrace::log {

// What compaction knows of a partition besides its batches. A plain value.
struct CompactionSubject {
  std::vector<AbortedRange> aborted;
  std::map<int64_t, LastBatch> producers;  // that the partition knows, by id
  int64_t now_ms = 0;
  int64_t delete_retention_ms = 0;
};

// AbortedRecords: which batches are of transactions that were aborted. Immutable.
class AbortedRecords {
 public:
  explicit AbortedRecords(const std::vector<AbortedRange>& ranges);
  // `header` is of a batch with its base offset.
  bool contain(const record::BatchHeader& header) const;

 private:
  std::map<int64_t, std::map<int64_t, int64_t>> by_producer_;  // first offset → the marker's
};

// KeyMapper: notes the newest offset of each key. Markers, aborted records, and what has no key
// leave no trace.
//
// Threading:  confined to one task. Failure: kCorruptRecord.
class KeyMapper {
 public:
  explicit KeyMapper(const CompactionSubject& subject) : aborted_(subject.aborted) {}
  // False: not all of the batch's keys found room in `keys`; with `beyond` they always do.
  Result<bool> map(const Buffer& batch, KeyOffsets& keys, bool beyond);

 private:
  const AbortedRecords aborted_;
  record::Decompressor decompressor_;
};

// BatchFilter: what stays of the batches of a partition, as Kafka has it.
//
// - Of each key in `keys`, records older than the offset there go. So do records without a key, and
//   those of aborted transactions.
// - A deletion (no value) stays for delete_retention_ms after the first pass that finds it the
//   newest; that time, the delete horizon, then stands in its batch. So does a marker from the
//   first pass on that finds no record of its transaction left.
// - A batch that loses records keeps its offsets, sequences, producer and codec. One that loses all
//   of them stays as a header while it is the last one of a producer that is known.
//
// Threading:  confined to one task.
// Ownership:  `keys` outlives it.
// Order:      the batches of a partition from its start on, in order, each with its base offset.
// Failure:    kCorruptRecord: a batch is damaged; the partition must be left as it is.
class BatchFilter {
 public:
  BatchFilter(const KeyOffsets& keys, CompactionSubject subject)
      : keys_(keys), subject_(std::move(subject)), aborted_(subject_.aborted) {}

  // What stays of the batch; an empty buffer: nothing. At least its header if `keep_header`.
  Result<Buffer> filter(const Buffer& batch, bool keep_header);

  // Offsets of the markers that went.
  const std::set<int64_t>& markers_gone() const { return markers_gone_; }
  // The earliest delete horizon among what stays.
  std::optional<int64_t> horizon_ms() const { return horizon_ms_; }

 private:
  struct Kept {
    std::vector<int64_t> offsets;
    bool all = true;
    bool deletions = false;
  };
  // Whether all data of the marker's transaction is gone.
  bool is_empty_transaction(const record::BatchHeader& marker);
  bool is_last_of_producer(const record::BatchHeader& header) const;
  bool horizon_passed(const record::BatchHeader& header) const;
  bool stays(const record::BatchHeader& header, const record::Record& record) const;
  Result<Kept> choose(const record::BatchView& view);
  Result<Buffer> rebuild(const record::BatchView& view, const Kept& kept, bool set_horizon);
  static Buffer header_only(const record::BatchHeader& header);
  void note_horizon(const record::BatchHeader& header);

  const KeyOffsets& keys_;
  const CompactionSubject subject_;
  const AbortedRecords aborted_;
  std::set<int64_t> with_data_;  // producers with batches since their last marker
  std::set<int64_t> markers_gone_;
  std::optional<int64_t> horizon_ms_;
  record::Decompressor decompressor_;
};

}  // namespace millrace::log
