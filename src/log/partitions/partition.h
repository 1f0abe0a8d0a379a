#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

#include "base/error.h"
#include "commit/ids.h"
#include "commit/leader_epochs.h"
#include "commit/reader.h"
#include "io/executor.h"
#include "log/partitions/producer_table.h"
#include "log/ring/ring_place.h"
#include "log/settle/segment.h"

namespace millrace::log {

// A batch that is still in the ring.
struct RingBatch {
  RingRef ref;
  uint32_t offset = 0;  // in the entry's body
  uint32_t bytes = 0;
};

struct SegmentBatches {
  SegmentPtr segment;
  SegmentExtent extent;
};

// One run of consecutive records of a partition, and where it stands.
struct LogPiece {
  int64_t base_offset = 0;
  int64_t end_offset = 0;
  int64_t max_timestamp_ms = -1;
  commit::Lsn lsn;  // at which it took effect
  std::variant<RingBatch, SegmentBatches> place;

  bool in_ring() const { return std::holds_alternative<RingBatch>(place); }
  uint64_t bytes() const;
  // It is what a pass of compaction wrote.
  bool compacted() const;
};

// The piece that an extent of records is, from `base_offset` on.
LogPiece settled_piece(const SegmentPtr& segment, const SegmentExtent& extent, int64_t base_offset,
                       commit::Lsn lsn);

struct PartitionBounds {
  int64_t start_offset = 0;
  int64_t high_watermark = 0;
  int64_t stable_offset = 0;
};

// A transaction that was aborted, with the offset of its marker.
struct AbortedRange {
  int64_t producer_id = -1;
  int64_t first_offset = -1;
  int64_t last_offset = -1;
};

// Partition: the index of one partition: which offsets stand where, and what is visible of them.
//
// Threading:  assign, publish, settle from the log's writer; the rest from anywhere.
// Order:      assign (offsets), publish (after the sync), show (the moment of visibility).
class Partition {
 public:
  Partition(commit::PartitionId id, int64_t start_offset, int64_t end_offset)
      : id_(id),
        next_offset_(end_offset),
        start_offset_(start_offset),
        published_end_(end_offset),
        published_stable_(end_offset),
        shown_{end_offset, end_offset, end_offset, end_offset, {}, {}} {}

  commit::PartitionId id() const { return id_; }

  // The base offset of the next `records` records.
  int64_t assign(uint32_t records);
  int64_t next_offset() const { return next_offset_; }
  // The earliest that is kept.
  int64_t start_offset() const;

  // Records before `offset` are gone; REQUIRES: the log's writer, `show` follows.
  void raise_start(int64_t offset);
  // Where the partition would start if what retention lets go were gone: whole settled pieces, all
  // of whose records are older than `oldest_ms`, or without which `bytes_min` are left.
  int64_t retained_start(std::optional<int64_t> oldest_ms, std::optional<uint64_t> bytes_min) const;
  // The newest timestamp of the first piece, if that is settled and has one.
  std::optional<int64_t> first_timestamp_ms() const;

  // The writer's, but for what is described.
  ProducerTable& producers() { return producers_; }
  const ProducerTable& producers() const { return producers_; }

  // REQUIRES: piece.base_offset is where the last one ended.
  void publish(LogPiece piece, int32_t leader_epoch);
  // Follows publish for a piece that a producer wrote: its transaction is open, or ends.
  void note_transaction(const ProducerBatch& batch, int64_t base_offset);
  // What was published is visible from `lsn` on; REQUIRES: the log's visible LSN is about to become
  // it. Returns the watches that this ends.
  std::vector<std::pair<io::Executor*, io::Wake>> show(commit::Lsn lsn, commit::Lsn visible_before);

  // Bounds as of `visible`; nullopt: that moment is over, take the visible LSN again.
  std::optional<PartitionBounds> bounds(commit::Lsn visible) const;
  // The pieces from the one that holds `offset` on, up to `end`, about `bytes_max` bytes, at least
  // one.
  std::vector<LogPiece> find(int64_t offset, int64_t end, uint64_t bytes_max) const;
  // The first piece whose newest timestamp is at or after `timestamp_ms`.
  std::optional<LogPiece> find_time(int64_t timestamp_ms, int64_t from_offset) const;

  commit::PartitionSize size() const;

  // Never null; another one when records of another epoch come, or the start rises.
  std::shared_ptr<const commit::LeaderEpochs> leader_epochs() const;

  // Aborted transactions with records in [from, to), in order of their first offsets.
  std::vector<commit::AbortedTransaction> aborted(int64_t from, int64_t to) const;

  // Pieces in the ring with lsn <= `through`.
  std::vector<LogPiece> unsettled(commit::Lsn through) const;
  // Puts `settled` in place of all pieces in the ring with lsn <= `through`, whose offsets they
  // cover.
  void settle(commit::Lsn through, std::vector<LogPiece> settled);
  // From the start on, the pieces that stand in files and hold no records of open transactions.
  std::vector<LogPiece> settled_prefix() const;
  int64_t settled_end() const;  // where these end
  std::vector<AbortedRange> aborted_ranges() const;
  // Puts `by` in place of `old`, consecutive settled pieces that it covers, and forgets aborted
  // transactions whose markers are `gone`. False: they are not there any more, nothing was done.
  bool replace(const std::vector<LogPiece>& old, std::vector<LogPiece> by,
               const std::set<int64_t>& gone);
  // How many bytes of it stand in which file, by number, are added.
  void add_settled_bytes(std::unordered_map<uint64_t, uint64_t>& by_file) const;
  // Those that stand in these files, in order.
  std::vector<LogPiece> settled_pieces(const std::set<uint64_t>& files) const;
  // Whether what settled_pieces gave is all there, but for what has fallen behind the start.
  bool holds(const std::vector<LogPiece>& pieces) const;
  // Puts `by` in place of `old`, with the same offsets in ascending order; REQUIRES: holds(old).
  void rehome(const std::vector<LogPiece>& old, std::vector<LogPiece> by);
  // The state that a checkpoint names. REQUIRES: nothing was published; pieces ascend.
  void restore(int64_t start_offset, int64_t end_offset, std::vector<LogPiece> pieces);
  void restore_epochs(commit::LeaderEpochs epochs);
  // Producers and aborted transactions as the checkpoint keeps them; the writer's.
  std::string snapshot_transactions() const;
  Result<void> restore_transactions(std::string_view snapshot);
  // Whether the pieces cover start to end, each offset once.
  bool complete() const;

  void quarantine(Error why);
  std::optional<Error> quarantined() const;

  // Registers under `key`; false: `offset` is already below the visible end, nothing was
  // registered.
  bool add_watch(uint64_t key, int64_t offset, commit::Isolation isolation, io::Executor& executor,
                 io::Wake& wake);
  void remove_watch(uint64_t key);
  // The partition is gone: all watches end.
  std::vector<std::pair<io::Executor*, io::Wake>> take_watches();

 private:
  struct Waiting {
    uint64_t key;
    int64_t offset;
    bool committed;  // up to the stable offset only
    io::Executor* executor;
    io::Wake wake;
  };
  struct Shown {
    int64_t before_end;  // visible end as of LSNs in [before_lsn, lsn)
    int64_t end;         // as of lsn and later
    int64_t before_stable;
    int64_t stable;
    commit::Lsn before_lsn;
    commit::Lsn lsn;
  };

  // With mutex_ held: what lies wholly before the start is forgotten.
  void drop_before_start();
  // With mutex_ held: behind the pieces that settled_prefix gives.
  std::deque<LogPiece>::const_iterator prefix_end() const;
  // With mutex_ held: the first piece that took effect after the last that was settled.
  std::deque<LogPiece>::const_iterator first_unsettled() const;
  // With mutex_ held: one behind the last record that is below every open transaction.
  void find_stable();

  const commit::PartitionId id_;
  int64_t next_offset_;      // the writer's
  ProducerTable producers_;  // the writer's
  mutable std::mutex mutex_;
  int64_t start_offset_;
  int64_t published_end_;
  int64_t published_stable_;
  std::map<int64_t, int64_t> open_;  // producers' open transactions, published: where they begin
  std::vector<AbortedRange> aborted_;
  Shown shown_;
  std::deque<LogPiece> pieces_;
  commit::Lsn settled_lsn_;  // nothing up to it stands in the ring
  std::shared_ptr<const commit::LeaderEpochs> epochs_ =
      std::make_shared<const commit::LeaderEpochs>();
  std::vector<Waiting> watches_;
  std::optional<Error> quarantined_;
};

using PartitionPtr = std::shared_ptr<Partition>;

}  // namespace millrace::log
