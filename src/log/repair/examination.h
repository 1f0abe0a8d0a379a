#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/result.h"
#include "log/inspect/closed_log.h"
#include "log/inspect/names.h"
#include "log/repair/partition_mend.h"
#include "log/repair/ring_loss.h"

namespace millrace::log {

// Examination: what is wrong with a data directory, seen by what would mend it. Changes nothing,
// and keeps others out while it lives.
//
// Threading:  confined to one thread; blocks.
class Examination {
 public:
  // A segment file that the checkpoint names, and that is missing or not the one it was.
  struct LostFile {
    SegmentName name;
    Error why;
    std::vector<commit::JobId> jobs;  // whose state stood in it
  };
  // The order of entries is broken: no start goes beyond.
  struct RingFailure {
    Error why;
    commit::Lsn at;  // from this entry on all has to be given up, or from an earlier one
    // The chain ends before what the checkpoint covers: nothing behind that can be kept, and the
    // ring has to begin anew.
    bool begins_anew = false;
  };
  // An entry whose body is damaged, and what it belongs to: that alone is quarantined.
  struct BadBody {
    EntryHeader header;
    std::string place;
  };

  static Result<std::unique_ptr<Examination>> run(io::FileSystem& files, const std::string& data,
                                                  const PartitionMend::OnBytes& on_bytes);

  ClosedLog& log() { return *log_; }
  Names names() { return Names(log_->ledger()); }
  // Nothing that could be given up would help.
  const std::optional<Error>& hopeless() const { return hopeless_; }
  const std::optional<RingFailure>& ring_failure() const { return ring_failure_; }
  const std::vector<BadBody>& bad_bodies() const { return bad_bodies_; }
  const std::vector<LostFile>& lost_files() const { return lost_files_; }
  // Partitions of which records are gone, or that are quarantined.
  const std::vector<PartitionMend>& mends() const { return mends_; }
  // Whose state was found damaged.
  std::vector<commit::JobId> damaged_jobs() const;
  // Files that the checkpoint does not name; only the ring may.
  std::vector<uint64_t> unsettled_files() const;
  commit::Lsn settled() const;
  // What giving up all from this entry on would lose. REQUIRES: log().ring(); `from` is behind what
  // is settled and not behind where the ring fails.
  Result<RingLoss> loss(commit::Lsn from) const;

 private:
  explicit Examination(std::unique_ptr<ClosedLog> log) : log_(std::move(log)) {}
  Result<void> drop_lost_files();
  Result<void> look_at_ring();
  Result<void> find_bad_bodies();
  Result<void> replay();
  Result<void> read_partitions(const PartitionMend::OnBytes& on_bytes);

  std::unique_ptr<ClosedLog> log_;
  std::optional<Error> hopeless_;
  std::optional<RingFailure> ring_failure_;
  commit::Lsn chain_end_;  // the first LSN that is not in the chain
  std::vector<BadBody> bad_bodies_;
  std::vector<LostFile> lost_files_;
  std::vector<PartitionMend> mends_;
};

}  // namespace millrace::log
