#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "log/compact/compaction_rules.h"
#include "log/partitions/partition.h"

namespace millrace::log {

// What a pass of compaction would go over: pieces of one partition from its start on. A plain
// value.
struct CompactionPlan {
  std::vector<LogPiece> pieces;
  size_t first_dirty = 0;    // pieces before it were compacted; of each key they have one record
  uint64_t dirty_bytes = 0;  // behind it
  double dirty_ratio = 0;    // of all
};

// nullopt: there is nothing to do yet. `settled` are the pieces that may be compacted;
// `horizon_ms` is when the next deletion of the partition may go, if that is known.
std::optional<CompactionPlan> plan_compaction(std::vector<LogPiece> settled,
                                              const CompactionRules& rules, int64_t now_ms,
                                              std::optional<int64_t> horizon_ms);

}  // namespace millrace::log
