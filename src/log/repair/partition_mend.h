#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "log/partitions/partition.h"
#include "log/settle/checkpoint.h"
#include "log/settle/segment_store.h"

namespace millrace::log {

// PartitionMend: finds which records of a partition are gone from the segment files that a
// checkpoint names, and writes a file that stands in for them: frames that are whole, and batches
// without records for the offsets between, as compaction leaves them.
//
// Threading:  confined to one thread; blocks on files.
// Order:      read, then write.
class PartitionMend {
 public:
  struct Gap {
    int64_t first = 0;
    int64_t end = 0;
  };
  using OnBytes = std::function<Result<void>(uint64_t bytes)>;

  // `pieces` are those of the checkpoint, in order.
  PartitionMend(const Checkpoint::PartitionEnds& ends, std::vector<LogPiece> pieces)
      : ends_(ends), pieces_(std::move(pieces)) {}

  // Reads all of it. Damage is no Error.
  Result<void> read(const OnBytes& on_bytes);

  commit::PartitionId id() const { return ends_.id; }
  int64_t start_offset() const { return ends_.start_offset; }
  bool quarantined() const { return ends_.quarantined; }
  bool whole() const { return gaps_.empty(); }
  // There are offsets that no file covers.
  bool misses_files() const { return misses_files_; }
  const std::vector<Gap>& gaps() const { return gaps_; }
  // Of the first damaged frame, with its place; nullopt: what is missing is in no file.
  const std::optional<Error>& damage() const { return damage_; }
  // Files with damaged frames.
  const std::vector<uint64_t>& damaged_files() const { return damaged_files_; }
  // "orders-0, offsets 12 to 40 (29 records)", for a partition of that name.
  std::string describe(const std::string& name) const;

  // A finished file, synced; nullptr: nothing is gone.
  Result<SegmentPtr> write(SegmentStore& segments) const;

 private:
  Result<void> read_piece(const LogPiece& piece, int64_t& expected, const OnBytes& on_bytes);
  void add_missing(int64_t first, int64_t end);
  void add_gap(int64_t first, int64_t end);

  const Checkpoint::PartitionEnds ends_;
  const std::vector<LogPiece> pieces_;
  std::vector<Gap> gaps_;
  bool misses_files_ = false;
  std::vector<Frame> kept_;  // whole frames of damaged extents, with their offsets
  std::optional<Error> damage_;
  std::vector<uint64_t> damaged_files_;
};

}  // namespace millrace::log
