#pragma once

#include <cstdint>
#include <optional>

#include "commit/topics.h"

namespace millrace::log {

// What a topic keeps at least. A plain value.
struct RetentionLimits {
  std::optional<int64_t> ms;      // records that are younger
  std::optional<uint64_t> bytes;  // of each partition
};

// By the topic's settings `retention.ms`, `retention.bytes` and `cleanup.policy`, and by the
// defaults where it has none; nullopt: all of it. Topics of the system, whose names begin with
// "__", keep everything.
std::optional<RetentionLimits> retention_of(const commit::Topic& topic,
                                            const commit::TopicDefaults& defaults);

// How much of a partition is kept or let go as one, at most. A plain value.
struct SegmentLimits {
  uint64_t bytes = 1ULL << 30;
  int64_t ms = 604'800'000;  // between the first record and the last
};

// By the topic's settings `segment.bytes` and `segment.ms`.
SegmentLimits segment_limits_of(const commit::Topic& topic);

}  // namespace millrace::log
