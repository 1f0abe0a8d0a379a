#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "io/executor.h"
#include "io/file_system.h"
#include "log/ring/ring_writer.h"
#include "log/settle/merger.h"
#include "log/settle/pace.h"
#include "log/settle/settle_pass.h"

namespace millrace::log {

// What settling works on; all of it outlives the Settler.
struct SettlerContext {
  io::FileSystem& file_system;
  RingFiles& files;
  SegmentStore& segments;
  Ledger& ledger;
  RingWriter& writer;
  io::Executor& executor;
  io::Clock& clock;
  std::string checkpoint_folder;
  uint32_t node_generation = 0;
  uint64_t unsettled_bytes_max = 0;
  int64_t producer_expiration_ms = 0;
  int64_t idle_ns = 0;  // without writes, before all is settled; 0: never
  MergeLimits merge;
};

// Settler: empties the ring in the background: what is committed goes to segment files, then a
// checkpoint names them, then a `settled` entry frees the ring before it. That happens when much
// waits, and when nothing has been written for a while; where nothing waits, nothing wakes up.
// After a pass, files are merged.
//
// Threading:  written, generation: see there; the rest alternates between the log's writer and the
//             settling executor, one pass at a time.
// Failure:    a pass that fails is given up and tried again a second later; meanwhile what finds no
//             room in the ring is refused with the reason.
class Settler {
 public:
  Settler(SettlerContext context, uint64_t checkpoint_generation,
          const std::vector<Checkpoint::SegmentUse>& segments, std::vector<SegmentPtr> replayed);

  // Something was written, or stalls: starts a pass if it is time. On the writer.
  void written();
  // Begins at once, if anything waits to be settled. On the writer.
  void settle_now();
  // A file with settled records that partitions name from now on: so do checkpoints. On the writer.
  void add_file(const SegmentPtr& segment);
  // Nothing is posted to other executors any more. On the writer.
  void stop();
  // Of the last checkpoint; from anywhere.
  uint64_t generation() const { return generation_.load(std::memory_order_relaxed); }
  const Merger& merger() const { return merger_; }

 private:
  using PassPtr = std::shared_ptr<SettlePass>;

  // On the writer.
  void begin();
  // Nothing is known to be settled of what changed last, or files are named by no checkpoint.
  bool anything_waits() const;
  // When the log has been idle for long enough, if nothing else is written.
  io::MonotonicTime quiet_at() const;
  void arm_idle();
  void look_idle();
  void merge();
  void capture_units(SettlePass& pass) const;
  void capture_segments(SettlePass& pass);
  void spill_units(PassPtr pass);
  void swap(PassPtr pass);
  commit::Lsn first_kept(const SettlePass& pass) const;
  void release(PassPtr pass);
  void failed(Error error);
  // On the settling executor.
  void write_files(PassPtr pass);
  void checkpoint(PassPtr pass);
  void clean_up(PassPtr pass);

  SettlerContext context_;
  const Pace pace_;
  std::atomic<uint64_t> generation_;
  bool stopped_ = false;
  bool running_ = false;
  bool pressed_ = false;  // the ring was nearly full since the last pass
  bool idle_armed_ = false;
  bool files_changed_ = false;                      // since the last checkpoint was begun
  commit::Lsn settled_;                             // by this process
  std::vector<std::weak_ptr<const Segment>> runs_;  // files with settled records
  Merger merger_;
  std::vector<SegmentPtr> replayed_;  // what the ring named at the start, until it is reused
};

}  // namespace millrace::log
