#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/histogram.h"
#include "base/result.h"
#include "commit/commit_log.h"
#include "io/world.h"
#include "log/calls/read_stats.h"
#include "log/compact/compaction_stats.h"
#include "log/log_options.h"

namespace millrace::log {

// What an operator of the system may want to see.
struct LogStatus {
  commit::Lsn visible;
  uint64_t ring_bytes = 0;
  uint64_t unsettled_bytes = 0;
  uint64_t groups_written = 0;
  uint64_t checkpoint_generation = 0;
  uint32_t node_generation = 0;
  // Places of bodies that recovery found damaged; what they belong to is quarantined.
  std::vector<std::string> damages;
  CompactionStats compaction;
  HistogramCounts group_bytes;         // of groups in the ring
  HistogramCounts sync_ns;             // how long each of their syncs took
  uint64_t segment_bytes_written = 0;  // by settling, merging and compaction together
  uint64_t merged_bytes_written = 0;   // by merging
  ReadStats reads;
};

// Log: the commit contract over one write-ahead ring in a data directory (docs/formats/ring.md).
//
// Threading:  synchronised inside. open blocks; so does the destructor, and neither runs on an
//             executor.
// Ownership:  the world and the registered machines outlive it. Executors named in calls outlive
//             the answers. Units, readers, watches and snapshot writers do not outlive it.
// Failure:    open: kInUse, kVersionMismatch, kRingDamaged with the place, or what the files say.
//             Later: commit_log.h.
class Log final : public commit::CommitLog {
 public:
  static Result<std::unique_ptr<Log>> open(io::World world, LogOptions options);
  ~Log() override;

  commit::Jobs& jobs() override;
  commit::Appender& appender() override;
  commit::Reader& reader() override;
  commit::Topics& topics() override;
  commit::Proposals& proposals() override;
  commit::Capabilities capabilities() const override;

  LogStatus status();

 private:
  struct Parts;
  explicit Log(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace millrace::log
