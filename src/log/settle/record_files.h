#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/result.h"
#include "log/settle/segment_store.h"
#include "log/tables/retention_limits.h"

namespace millrace::log {

// RecordFiles: lays records of partitions out as segment files: a partition with much gets files of
// its own, the others share one.
//
// Threading:  confined to one executor; blocks on files.
// Order:      for each partition once: begin, add*, its records in order; finish at the end, once.
// Failure:    an Error gives up all of it: the files are left to be removed.
class RecordFiles {
 public:
  RecordFiles(SegmentStore& segments, uint64_t own_file_bytes)
      : segments_(segments), own_file_bytes_(own_file_bytes) {}

  // Of the next partition, `bytes` follow.
  Result<void> begin(uint64_t bytes, const SegmentLimits& limits);
  Result<void> add(const Frame& frame);
  // Syncs. In no particular order.
  Result<std::vector<SegmentPtr>> finish();

  // After how many bytes a partition's own file ends.
  static uint64_t own_file_end(const SegmentLimits& limits, uint64_t own_file_bytes);

 private:
  Result<void> close_own();

  SegmentStore& segments_;
  const uint64_t own_file_bytes_;
  std::unique_ptr<SegmentWriter> shared_;
  std::unique_ptr<SegmentWriter> own_;
  bool is_own_ = false;
  SegmentLimits limits_;
  std::vector<SegmentPtr> finished_;
};

}  // namespace millrace::log
