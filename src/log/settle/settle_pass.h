#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "base/result.h"
#include "log/partitions/partition.h"
#include "log/ring/ring_files.h"
#include "log/settle/checkpoint.h"
#include "log/settle/record_files.h"
#include "log/settle/segment_store.h"
#include "log/tables/job_table.h"
#include "log/tables/ledger.h"
#include "log/units/spill.h"

namespace millrace::log {

// SettlePass: one round of settling: what stood in the ring at one moment, and the files that it
// goes to.
//
// Threading:  capture on the log's writer; write_some on the settling executor; then the writer
//             again.
// Ownership:  keeps alive whatever it names.
struct SettlePass {
  struct PartitionPart {
    PartitionPtr partition;
    std::vector<LogPiece> ring;     // what leaves the ring
    std::vector<LogPiece> settled;  // where it went
  };
  struct JobPart {
    commit::JobId job;
    bool quarantined = false;
    std::vector<StatePiece> pieces;  // all, as of the moment
    std::vector<StatePiece> settled;
  };
  struct UnitPart {
    OpenUnitPtr unit;
    std::vector<StagedPiece> pieces;  // as of the moment
    commit::Lsn first_ring_lsn;       // 0: nothing is in the ring
    bool spill = false;               // it pins too much of the ring
    std::vector<SpilledFile> spilled;
  };

  Checkpoint checkpoint;  // what the moment gave; files are added as they are written
  std::vector<PartitionPart> partitions;
  std::vector<JobPart> jobs;
  std::vector<UnitPart> units;
  std::vector<SegmentPtr> named;    // files with records that the checkpoint names
  std::vector<SegmentPtr> written;  // of them, those that this pass wrote
  std::vector<uint64_t> unnamed;    // files that nobody named at the moment
  std::optional<commit::Lsn> unfinished_lsn;
  uint64_t own_file_bytes = 0;  // of a partition with so much to settle
  bool pressed = false;         // the ring was nearly full meanwhile
  uint32_t crc = 0;             // of the checkpoint

  // Writes some of what leaves the ring into segment files: records by Pace::kStepBytes, then a job
  // or a unit at a time. Blocks. True: all of it is written; then not to be called again.
  Result<bool> write_some(const RingFiles& files, SegmentStore& segments, Ledger& ledger);

 private:
  // What comes next.
  struct Progress {
    size_t part = 0;
    size_t piece = 0;
    size_t job = 0;
    size_t unit = 0;
  };
  Result<void> write_records(const RingFiles& files, Ledger& ledger);
  Result<void> begin_partition(const PartitionPart& part, Ledger& ledger);
  Result<void> write_piece(PartitionPart& part, const LogPiece& piece, const RingFiles& files);
  Result<void> place_records();
  Result<void> write_job(JobPart& job, const RingFiles& files, SegmentStore& segments,
                         Ledger& ledger);
  Result<void> write_unit(UnitPart& unit, const RingFiles& files, SegmentStore& segments);
  void finish_checkpoint();

  std::unique_ptr<RecordFiles> records_;
  Progress next_;
};

}  // namespace millrace::log
