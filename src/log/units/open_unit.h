#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <tuple>
#include <variant>
#include <vector>

#include "commit/ids.h"
#include "log/partitions/partition.h"
#include "log/ring/entry.h"
#include "log/ring/ring_place.h"
#include "log/settle/segment.h"

namespace millrace::log {

// One stage of a unit in the ring, or a run of its stages in a spill file.
struct StagedPiece {
  uint64_t first_sequence = 0;
  uint64_t last_sequence = 0;
  bool damaged = false;  // found by recovery

  struct InRing {
    std::optional<PartitionRow> row;  // absent: a state delta
    commit::TaskId task;
    RingRef ref;  // first_lsn 0: it is not written yet
  };
  std::variant<InRing, SegmentPtr> place;

  // Filled when the unit commits: where the records go, one per extent of a file; null: dropped.
  struct Target {
    PartitionPtr partition;
    int64_t base_offset = 0;
  };
  std::vector<Target> targets;

  bool in_ring() const { return std::holds_alternative<InRing>(place); }
};

using StagedPiecePtr = std::shared_ptr<StagedPiece>;

// OpenUnit: what the log knows of a unit that may still commit. Confined to the log's writer.
struct OpenUnit {
  UnitBlock id;
  std::vector<StagedPiecePtr> pieces;  // by sequence
  bool closed = false;                 // committed or aborted

  // The first LSN of the stages that only the ring holds.
  std::optional<commit::Lsn> first_ring_lsn() const;
  // Unless a spill file holds it already.
  void add(StagedPiecePtr stage);
  // Puts a spill file in place of the stages that it holds.
  void replace(StagedPiecePtr file);
};

using OpenUnitPtr = std::shared_ptr<OpenUnit>;

// UnitTable: all open units. Confined to the log's writer.
class UnitTable {
 public:
  OpenUnitPtr find(const UnitBlock& id) const;
  OpenUnitPtr find_or_add(const UnitBlock& id);
  // Takes it out; null if it has no stages.
  OpenUnitPtr take(const UnitBlock& id);
  // Takes out the unit and all later ones of its incarnation.
  void abort_from(const UnitBlock& id);
  // Takes out what `gone(job, incarnation)` says.
  template <class Gone>
  void remove_if(Gone gone) {
    std::erase_if(units_, [&](auto& item) {
      if (!gone(item.second->id.job, item.second->id.incarnation)) return false;
      item.second->closed = true;
      return true;
    });
  }
  std::vector<OpenUnitPtr> all() const;

 private:
  using Key = std::tuple<commit::JobId, commit::Incarnation, commit::Epoch, commit::Participant>;
  static Key key_of(const UnitBlock& id) {
    return {id.job, id.incarnation, id.epoch, id.participant};
  }
  std::map<Key, OpenUnitPtr> units_;
};

}  // namespace millrace::log
