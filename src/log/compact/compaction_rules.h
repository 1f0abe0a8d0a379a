#pragma once

#include <cstdint>
#include <optional>

#include "commit/topics.h"

namespace millrace::log {

// How a topic that keeps the newest record of each key is compacted. A plain value.
struct CompactionRules {
  int64_t delete_retention_ms = 86'400'000;  // delete.retention.ms
  int64_t min_lag_ms = 0;                    // min.compaction.lag.ms
  int64_t max_lag_ms = INT64_MAX;            // max.compaction.lag.ms
  double dirty_ratio_min = 0.5;              // min.cleanable.dirty.ratio
  friend bool operator==(const CompactionRules&, const CompactionRules&) = default;
};

// By the topic's settings, and by the defaults where it has none; nullopt: its `cleanup.policy`
// does not ask for it, or there is no compaction at all. Topics of the system, whose names begin
// with "__", are compacted only if they ask for it themselves.
std::optional<CompactionRules> compaction_of(const commit::Topic& topic,
                                             const commit::TopicDefaults& defaults);

}  // namespace millrace::log
