#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>

#include "io/clock.h"
#include "io/executor.h"
#include "log/compact/compaction_pass.h"
#include "log/compact/compaction_stats.h"
#include "log/settle/settler.h"
#include "log/tables/ledger.h"

namespace millrace::log {

// What compaction works with; all of it outlives the Compaction.
struct CompactionContext {
  io::Clock& clock;
  Ledger& ledger;
  SegmentStore& segments;
  Settler& settler;
  io::Executor& writer;
  io::Executor& executor;  // settling's
  int64_t interval_ns = 0;
  CompactionLimits limits;
};

// Compaction: keeps the newest record of each key, in the background, where a topic's settings, or
// the defaults, ask for that: looks for the dirtiest partition, goes over it step by step, with
// room for settling between the steps, and puts the new files in place of the old ones. The next
// checkpoint names them; a crash before it leaves the old ones.
//
// Threading:  written, stop: the log's writer; stats from anywhere; the rest alternates between the
//             writer and the settling executor, one pass at a time.
// Failure:    a pass that fails is given up; its partition is left alone for a while. One whose
//             pieces were moved or deleted meanwhile is tried again at the next look; one that the
//             settings no longer ask for ends with its next step.
class Compaction {
 public:
  explicit Compaction(CompactionContext context) : context_(context) {}

  // Something was written, or other settings hold: the first look comes an interval later, if any
  // topic wants it.
  void written();
  // Nothing is posted to other executors any more.
  void stop() { stopped_.store(true, std::memory_order_relaxed); }
  CompactionStats stats() const;

 private:
  bool stopped() const { return stopped_.load(std::memory_order_relaxed); }
  // On the settling executor.
  void look();
  void consider(const PartitionPtr& partition, const CompactionRules& rules, int64_t now_ms);
  void begin();
  void step();
  enum class Outcome : uint8_t {
    kDone,
    kOvertaken,  // what it read was moved or deleted meanwhile
    kUnwanted,   // the settings do not ask for it any more
    kFailed,
  };
  void finish(Outcome outcome);
  void rest();
  // On the writer.
  void replace(std::shared_ptr<Replacement> replacement);

  const CompactionContext context_;
  std::atomic<bool> stopped_{false};
  bool armed_ = false;  // the writer's

  // The settling executor's.
  struct Known {
    std::optional<int64_t> horizon_ms;
    int64_t not_before_ms = 0;
    // There was nothing to do when the settled pieces ended here, by these rules.
    int64_t idle_end = -1;
    CompactionRules idle_rules;
  };
  std::map<commit::PartitionId, Known> known_;
  struct Candidate {
    PartitionPtr partition;
    CompactionPlan plan;
    CompactionRules rules;
  };
  std::optional<Candidate> best_;
  std::unique_ptr<CompactionPass> pass_;

  std::atomic<uint64_t> passes_{0};
  std::atomic<uint64_t> passes_failed_{0};
  std::atomic<uint64_t> bytes_read_{0};
  std::atomic<uint64_t> bytes_written_{0};
};

}  // namespace millrace::log
