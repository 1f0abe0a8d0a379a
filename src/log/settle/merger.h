#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <vector>

#include "base/result.h"
#include "io/executor.h"
#include "log/settle/merge_plan.h"
#include "log/settle/pace.h"
#include "log/settle/record_files.h"
#include "log/tables/ledger.h"

namespace millrace::log {

// What merging works with; all of it outlives the Merger.
struct MergerContext {
  Ledger& ledger;
  SegmentStore& segments;
  io::Executor& writer;
  io::Executor& executor;  // settling's
  const Pace& pace;
  MergeLimits limits;
};

// Merger: writes records of many small files, or of files in which little is alive, into fewer and
// larger ones, partition by partition, step by step, with room for settling between the steps.
// Then the new files stand in place of the old ones, for all partitions or none; the next
// checkpoint names them, a crash before it leaves the old ones.
//
// Threading:  look, stop: the log's writer; the rest alternates between it and the settling
//             executor, one merge at a time.
// Failure:    a merge that fails is given up and nothing has changed; files that turn out to be
//             damaged are left alone.
class Merger {
 public:
  explicit Merger(MergerContext context) : context_(context) {}

  // Merges what is due of `files`. `adopt` runs on the writer with the new files, when partitions
  // name them, unless there are none.
  using Adopt = std::move_only_function<void(const std::vector<SegmentPtr>&)>;
  void look(std::vector<SegmentPtr> files, Adopt adopt);
  // Nothing is posted to other executors any more.
  void stop() { stopped_.store(true, std::memory_order_relaxed); }
  bool busy() const { return busy_; }
  // That merges have written; from anywhere.
  uint64_t bytes_written() const { return bytes_written_.load(std::memory_order_relaxed); }

 private:
  struct Part {
    PartitionPtr partition;
    std::vector<LogPiece> old;
    std::vector<LogPiece> by;
  };
  struct Merge {
    std::vector<Part> parts;
    std::unique_ptr<RecordFiles> files;
    std::vector<SegmentPtr> written;
    Adopt adopt;
    size_t part = 0;
    size_t piece = 0;
  };
  using MergePtr = std::shared_ptr<Merge>;

  bool stopped() const { return stopped_.load(std::memory_order_relaxed); }
  // On the settling executor.
  void plan(const std::vector<SegmentPtr>& files, MergePtr merge);
  std::set<uint64_t> choose(const std::vector<SegmentPtr>& files) const;
  void step(MergePtr merge);
  Result<bool> copy_some(Merge& merge);
  Result<void> copy_piece(const LogPiece& piece, Merge& merge);
  static void place(Merge& merge);
  void give_up();
  // On the writer.
  void replace(MergePtr merge);

  const MergerContext context_;
  std::atomic<bool> stopped_{false};
  std::atomic<uint64_t> bytes_written_{0};
  bool busy_ = false;           // the writer's
  std::set<uint64_t> damaged_;  // files, the settling executor's
};

}  // namespace millrace::log
