#pragma once

#include <memory>
#include <optional>
#include <variant>
#include <vector>

#include "base/buffer.h"
#include "commit/proposals.h"
#include "log/partitions/partition.h"
#include "log/ring/entry.h"
#include "log/ring/entry_body.h"
#include "log/ring/ring_place.h"
#include "log/units/open_unit.h"

namespace millrace::log {

// LogEntry: one entry of the log on its way: admitted (offsets assigned, rules checked), written,
// applied. The same on the way in and at recovery. Confined to the log's writer.
struct LogEntry {
  EntryType type = EntryType::kSeal;
  UnitBlock unit;
  std::vector<PartitionRow> rows;
  commit::Lsn lsn;           // of the last fragment: where it takes effect
  RingRef ref;               // set when it has its place
  bool damaged = false;      // its body; found by recovery
  int32_t leader_epoch = 0;  // of whoever wrote it

  // By type.
  struct Append {
    std::vector<PartitionPtr> partitions;                 // one per row
    std::vector<std::optional<ProducerBatch>> producers;  // one per row
    // The only row was written before, at this offset: there is nothing to write.
    std::optional<int64_t> duplicate_of;
  };
  struct Stage {
    StagedPiecePtr piece;
  };
  struct StageRef {
    StageRefBody body;
    SegmentPtr segment;
    OpenUnitPtr only_of;  // of no use unless this unit is still open
  };
  struct Commit {
    CommitBody body;
    std::vector<SegmentPtr> snapshots;  // one per body.snapshots
    OpenUnitPtr open;                   // null: nothing was staged
    std::vector<commit::TopicId> dropped;
  };
  struct Meta {
    std::vector<commit::Command> commands;
  };
  std::variant<std::monostate, Append, Stage, StageRef, Commit, Meta> detail;
};

}  // namespace millrace::log
