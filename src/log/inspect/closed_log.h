#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/result.h"
#include "io/file_system.h"
#include "log/inspect/opaque_machine.h"
#include "log/recovery/replay.h"
#include "log/ring/ring_files.h"
#include "log/settle/checkpoint.h"
#include "log/settle/segment_store.h"
#include "log/tables/ledger.h"

namespace millrace::log {

// That what was read is not what was written, as against an error of reading it.
bool is_damage(const Error& error);

// ClosedLog: the parts of a data directory that nobody uses, to be looked at one by one, also when
// some of them are damaged. Changes nothing, and keeps others out while it lives.
//
// Threading:  confined to one thread.
// Ownership:  the file system outlives it.
// Order:      open, load_checkpoints, open_ring; then replay, with the tags of all machines.
class ClosedLog {
 public:
  // kFileNotFound, kVersionMismatch: it is no data directory of this version; kInUse.
  static Result<std::unique_ptr<ClosedLog>> open(io::FileSystem& files, std::string folder);

  const std::string& folder() const { return folder_; }
  std::string checkpoint_folder() const { return io::join_path(folder_, "checkpoint"); }
  // The newest one that is valid; `on_each` hears of all of them, with their bytes.
  using OnCheckpoint = std::function<Result<void>(const Result<Checkpoint>& found, uint64_t bytes)>;
  Result<void> load_checkpoints(const OnCheckpoint& on_each);
  // What RingFiles::open_to_read says.
  Result<void> open_ring();
  // Goes on as if this were the newest checkpoint.
  void amend(Checkpoint checkpoint) { checkpoint_ = std::move(checkpoint); }
  // Machines that the checkpoint and the ring speak of. REQUIRES: open_ring.
  Result<std::set<std::string>> tags() const;
  // What a start would do. Whatever fails, the ledger holds what came before.
  Result<RecoveredRing> replay(const std::set<std::string>& tags);
  // The entry at which the last replay failed; 0: it did not come to the ring.
  commit::Lsn reached() const { return reached_; }

  const std::optional<Checkpoint>& checkpoint() const { return checkpoint_; }
  // There are checkpoints, and none is valid: nobody knows where the ring begins.
  bool lost() const { return lost_; }
  // Where the ring begins to count.
  RingPoint begin() const { return checkpoint_ ? checkpoint_->point : RingPoint(); }
  // nullptr: it could not be opened.
  const RingFiles* ring() const { return ring_.get(); }
  SegmentStore& segments() { return *segments_; }
  // Empty before replay.
  Ledger& ledger() { return *ledger_; }

 private:
  ClosedLog(io::FileSystem& files, std::string folder)
      : files_(files), folder_(std::move(folder)), ledger_(std::make_unique<Ledger>(none_)) {}

  io::FileSystem& files_;
  const std::string folder_;
  std::unique_ptr<io::FileLock> lock_;
  std::optional<Checkpoint> checkpoint_;
  commit::Lsn reached_;
  bool lost_ = false;
  std::unique_ptr<RingFiles> ring_;
  std::unique_ptr<SegmentStore> segments_;
  std::vector<commit::StateMachine*> none_;
  std::vector<std::unique_ptr<OpaqueMachine>> machines_;
  std::unique_ptr<Ledger> ledger_;
};

}  // namespace millrace::log
