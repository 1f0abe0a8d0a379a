#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <vector>

#include "commit/ids.h"

namespace millrace::log {

struct MergeLimits {
  uint64_t own_file_bytes = 8 << 20;  // of a partition with so much
  size_t files_min = 8;               // of one size, before they are merged
  uint64_t bytes_max = 1ULL << 30;    // of one merge
};

// A segment file that could be merged with others. A plain value.
struct MergeCandidate {
  uint64_t number = 0;
  uint64_t bytes = 0;
  uint64_t alive_bytes = 0;                 // of what partitions still name
  std::optional<commit::PartitionId> only;  // that has records in it
  uint64_t own_file_end = UINT64_MAX;       // of that partition
};

// Which files are to be merged now; empty: none. In this order:
//
// - those of which little is alive;
// - files_min shared ones, or more, of about the same size: the small before the large ones, and
//   never those that are too large to become much fewer;
// - files_min small ones of one partition.
//
// What is merged makes fewer files than it was, or frees most of the space; so it ends.
std::set<uint64_t> choose_merge(const std::vector<MergeCandidate>& files,
                                const MergeLimits& limits);

}  // namespace millrace::log
