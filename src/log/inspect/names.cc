#include "log/inspect/names.h"

#include <fmt/core.h>

namespace millrace::log {

std::string Names::of(commit::PartitionId id) const {
  const auto topic = ledger_.topics().find(id.topic);
  if (!topic) return fmt::format("partition {} of topic id {}", id.index, id.topic.value());
  return fmt::format("{}-{}", topic->name, id.index);
}

std::string Names::of(commit::JobId id) const {
  for (const commit::RecoveredJob& job : ledger_.jobs().list()) {
    const auto known = ledger_.jobs().find(job.name);
    if (known && known->job == id) return fmt::format("job {}", job.name);
  }
  return fmt::format("job id {}", id.value());
}

std::string Names::of(const SegmentExtent& extent) const {
  if (extent.kind == FrameKind::kDelta) {
    return fmt::format("state of {}, task {}", of(commit::JobId(extent.owner)), extent.part);
  }
  return fmt::format("{} from offset {} on, {} records", of(extent.partition()), extent.first,
                     extent.records);
}

std::string Names::of(const EntryHeader& header) const {
  std::string names = belongs_to_unit(header.type) ? of(header.unit.job) : std::string();
  for (const PartitionRow& row : header.rows) {
    if (!names.empty()) names += "; ";
    names += of(row.partition);
    if (row.base_offset < 0 || row.records == 0) continue;
    const int64_t last = row.base_offset + row.records - 1;
    names += row.records == 1 ? fmt::format(", offset {}", last)
                              : fmt::format(", offsets {} to {}", row.base_offset, last);
  }
  return names;
}

}  // namespace millrace::log
