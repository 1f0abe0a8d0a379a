#include "log/settle/merge_plan.h"

#include <algorithm>
#include <map>

namespace millrace::log {
namespace {

// Sizes grow by this factor from one class to the next.
constexpr uint64_t kClassFactor = 8;
constexpr size_t kClasses = 4;

// The smallest class takes what is below an eighth of a partition's own file.
size_t class_of(uint64_t bytes, const MergeLimits& limits) {
  uint64_t end = limits.own_file_bytes / kClassFactor;
  size_t found = 0;
  for (; found < kClasses && bytes >= end; ++found) end *= kClassFactor;
  return found;
}

bool is_own(const MergeCandidate& file, const MergeLimits& limits) {
  return file.only && file.bytes >= limits.own_file_bytes / 2;
}

bool is_mostly_dead(const MergeCandidate& file, const MergeLimits& limits) {
  const uint64_t dead = file.bytes - std::min(file.bytes, file.alive_bytes);
  // What is let go from the front of a partition frees its own files soon enough by itself.
  return is_own(file, limits)
             ? file.alive_bytes < file.bytes / 4 && dead >= limits.own_file_bytes * kClassFactor
             : file.alive_bytes < file.bytes / 2 && dead >= limits.own_file_bytes / 2;
}

// As many as fit into one merge.
std::set<uint64_t> bounded(const std::vector<const MergeCandidate*>& files,
                           const MergeLimits& limits) {
  std::set<uint64_t> chosen;
  uint64_t bytes = 0;
  for (const MergeCandidate* file : files) {
    bytes += file->alive_bytes;
    if (!chosen.empty() && bytes > limits.bytes_max) break;
    chosen.insert(file->number);
  }
  return chosen;
}

}  // namespace

std::set<uint64_t> choose_merge(const std::vector<MergeCandidate>& files,
                                const MergeLimits& limits) {
  std::vector<const MergeCandidate*> dead;
  std::map<size_t, std::vector<const MergeCandidate*>> shared;
  std::map<commit::PartitionId, std::vector<const MergeCandidate*>> small;
  for (const MergeCandidate& file : files) {
    if (is_mostly_dead(file, limits)) dead.push_back(&file);
    if (!is_own(file, limits)) {
      shared[class_of(file.alive_bytes, limits)].push_back(&file);
    } else if (file.alive_bytes < limits.own_file_bytes * kClassFactor / 2 &&
               file.alive_bytes < file.own_file_end / 2) {
      small[*file.only].push_back(&file);
    }
  }
  if (!dead.empty()) return bounded(dead, limits);
  for (const auto& [size, of_size] : shared) {
    if (size == kClasses || of_size.size() < limits.files_min) continue;
    auto chosen = bounded(of_size, limits);
    if (chosen.size() > 1) return chosen;
  }
  for (const auto& [partition, of_partition] : small) {
    if (of_partition.size() >= limits.files_min) return bounded(of_partition, limits);
  }
  return {};
}

}  // namespace millrace::log
