#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "log/ring/ring_files.h"
#include "log/ring/ring_scan.h"
#include "log/ring/ring_space.h"
#include "log/settle/checkpoint.h"
#include "log/settle/segment_store.h"
#include "log/tables/ledger.h"

namespace millrace::log {

// Where the ring ends after recovery.
struct RecoveredRing {
  RingPoint end;
  std::deque<GroupRecord> live;
  uint32_t generation = 0;           // the highest that was found
  bool cut_in_group = false;         // the last group was torn
  commit::Lsn content_lsn;           // of the last entry that the checkpoint has nothing of
  std::vector<std::string> damages;  // bodies that were quarantined, each with its place
  // Files that the checkpoint or an entry behind it names, of use or not: until the next checkpoint
  // another recovery will want them.
  std::vector<SegmentPtr> named;
};

// Replay: puts the ledger into the state that the checkpoint and the ring behind it tell
// (docs/formats/ring.md, Recovery). Reads only.
//
// Threading:  confined to one thread, before anything else uses the ledger.
// Failure:    kRingDamaged with the place: nothing may be written. kVersionMismatch: a machine is
//             unknown.
class Replay {
 public:
  Replay(const RingFiles& files, SegmentStore& segments, Ledger& ledger)
      : files_(files), segments_(segments), ledger_(ledger) {}

  Result<RecoveredRing> run(const std::optional<Checkpoint>& checkpoint);
  // The entry at which run failed; 0: it did not come to the ring.
  commit::Lsn reached() const { return reached_; }

 private:
  // An entry whose fragments are being collected.
  struct Assembly {
    RingRef ref;
    std::vector<RingPiece> more;
    std::string body;
    bool damaged = false;
  };

  Result<SegmentPtr> load(const SegmentName& name);
  Result<void> restore(const Checkpoint& checkpoint);
  Result<void> restore_partitions(const Checkpoint& checkpoint);
  Result<void> restore_jobs(const Checkpoint& checkpoint);
  Result<void> load_open_units(const Checkpoint& checkpoint);
  void pass_checkpoint();
  void note_group(const ScannedEntry& entry);
  void cut_at(const ScannedEntry& entry);
  Result<void> settle_tail(RingScan& scan);
  // All pending entries up to `through`, which are known to have been durable.
  Result<void> take_witnessed(commit::Lsn through);
  Result<void> take(ScannedEntry entry);
  Result<void> take_whole(const EntryHeader& header, Assembly assembly);
  Result<void> take_before_checkpoint(LogEntry& entry);
  Result<void> decode_body(LogEntry& entry, const Assembly& assembly);
  static Result<LogEntry::Append> decode_append(const LogEntry& entry, std::string_view body);

  const RingFiles& files_;
  SegmentStore& segments_;
  Ledger& ledger_;
  commit::Lsn settled_;
  commit::Lsn reached_;
  std::deque<ScannedEntry> pending_;
  std::optional<Assembly> assembly_;
  // Spill files of units that were open at the checkpoint.
  std::vector<std::pair<UnitBlock, StagedPiecePtr>> spilled_;
  RecoveredRing result_;
};

}  // namespace millrace::log
