#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "base/result.h"
#include "log/compact/batch_filter.h"
#include "log/compact/compaction_plan.h"
#include "log/settle/segment_store.h"

namespace millrace::log {

struct CompactionLimits {
  size_t key_bytes_max = 64 << 20;     // memory for keys; what does not fit waits for another pass
  uint64_t step_bytes = 1 << 20;       // read in one step
  uint64_t file_bytes = 256ULL << 20;  // after which what was written replaces what was read
};

// What stands in place of pieces that were read. A plain value.
struct Replacement {
  std::vector<LogPiece> old;
  std::vector<LogPiece> by;
  std::set<int64_t> markers_gone;
  SegmentPtr file;
};

// CompactionPass: goes over one partition: first over what is dirty, to learn the newest offset of
// each key, then over all up to there, to write what stays into files of its own. Nothing changes
// until the owner puts a Replacement into the partition; each stands for itself, in any crash.
//
// Threading:  confined to one executor; blocks on files.
// Order:      step until it says that it is done, or fails.
// Failure:    an Error gives up the pass: what was replaced stays, the rest is as it was.
class CompactionPass {
 public:
  CompactionPass(PartitionPtr partition, CompactionPlan plan, CompactionSubject subject,
                 CompactionLimits limits, SegmentStore& segments);

  const PartitionPtr& partition() const { return partition_; }
  // Goes over about limits.step_bytes. A Replacement that is due is in take_replacement.
  Result<void> step();
  std::optional<Replacement> take_replacement() {
    return std::exchange(replacement_, std::nullopt);
  }
  bool done() const { return done_; }

  uint64_t bytes_read() const { return bytes_read_; }
  uint64_t bytes_written() const { return bytes_written_; }
  std::optional<int64_t> horizon_ms() const { return filter_.horizon_ms(); }

 private:
  Result<void> map_piece();
  Result<void> rewrite_piece();
  Result<void> keep(Buffer batch);
  // Writes the batch that waits; it covers the offsets up to `end`.
  Result<void> write_waiting(int64_t end);
  Result<void> finish_file();

  const PartitionPtr partition_;
  const CompactionPlan plan_;
  const CompactionSubject subject_;
  const CompactionLimits limits_;
  SegmentStore& segments_;
  const std::shared_ptr<const commit::LeaderEpochs> epochs_;
  KeyOffsets keys_;
  KeyMapper mapper_;
  BatchFilter filter_;

  bool mapping_ = true;
  size_t at_;         // the next piece
  size_t end_ = 0;    // pieces up to here are rewritten
  size_t group_ = 0;  // the first piece that goes into the open file
  std::unique_ptr<SegmentWriter> file_;
  struct Waiting {
    Buffer batch;
    int64_t cover = 0;  // offsets from here on are its
    int64_t max_timestamp_ms = -1;
  };
  std::optional<Waiting> waiting_;  // until it is known where the next one begins
  std::set<int64_t> markers_told_;
  std::optional<Replacement> replacement_;
  bool done_ = false;
  uint64_t bytes_read_ = 0;
  uint64_t bytes_written_ = 0;
};

}  // namespace millrace::log
