#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace millrace::commit {

inline constexpr int64_t kNoWatermark = INT64_MIN;

// How far a job has read one split of one source, and what the split's time had reached there.
struct SplitPosition {
  std::string source;    // the source's stable name in the job
  std::string split;     // a file, a partition, a share of a generator
  std::string position;  // only the engine and the source understand it
  int64_t watermark_us = kNoWatermark;
  bool idle = false;
  bool removed = false;  // the split is forgotten: it is no longer listed after recovery
  friend bool operator==(const SplitPosition&, const SplitPosition&) = default;
};

// Positions: what a commit consumes: the splits that changed since the last one. What recovery
// hands back is the fold of all of them, sorted by source and split.
struct Positions {
  std::vector<SplitPosition> splits;
  friend bool operator==(const Positions&, const Positions&) = default;
};

}  // namespace millrace::commit
