#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "commit/ids.h"
#include "commit/leader_epochs.h"
#include "io/file_system.h"
#include "log/ring/entry.h"
#include "log/ring/entry_body.h"
#include "log/ring/ring_place.h"

namespace millrace::log {

// Checkpoint: everything with its effect up to one LSN, but for what segment files hold themselves
// (docs/formats/segment.md). A plain value.
struct Checkpoint {
  struct Machine {
    std::string tag;
    uint64_t version = 0;
    std::string snapshot;
  };
  struct PartitionEnds {
    commit::PartitionId id;
    int64_t start_offset = 0;
    int64_t end_offset = 0;
    bool quarantined = false;
    std::vector<commit::LeaderEpochs::Start> epochs;
    std::string transactions;  // of its producers (Partition::snapshot_transactions); empty: none
  };
  struct Base {
    commit::PartitionId partition;
    int64_t base_offset = 0;
  };
  struct SegmentUse {
    SegmentName name;
    std::vector<Base> bases;
  };
  struct StateUse {
    commit::TaskId task;
    commit::Epoch first_epoch;
    commit::Epoch last_epoch;
    bool snapshot = false;
    uint64_t segment = 0;
  };
  struct JobState {
    commit::JobId job;
    bool quarantined = false;
    std::vector<StateUse> pieces;
  };
  struct OpenUnitRefs {
    UnitBlock unit;
    std::vector<StageRefBody> refs;
  };

  uint64_t generation = 0;
  uint32_t node_generation = 0;
  commit::Lsn settled;
  RingPoint point;
  uint64_t next_segment = 1;
  std::vector<Machine> machines;
  std::vector<PartitionEnds> partitions;
  std::vector<SegmentUse> segments;
  std::vector<JobState> jobs;
  std::vector<OpenUnitRefs> open_units;
};

// Writes it so that it is there whole or not at all; returns its CRC.
Result<uint32_t> write_checkpoint(io::FileSystem& files, const std::string& folder,
                                  const Checkpoint& checkpoint);
// The newest valid one; nullopt: the folder holds none. kRingDamaged: none of them is valid.
Result<std::optional<Checkpoint>> load_checkpoint(io::FileSystem& files, const std::string& folder);
// Those in the folder, valid or not, ascending.
Result<std::vector<uint64_t>> checkpoint_generations(io::FileSystem& files,
                                                     const std::string& folder);
// kRingDamaged with the place: it is not valid.
Result<Checkpoint> read_checkpoint(io::FileSystem& files, const std::string& folder,
                                   uint64_t generation);
std::string checkpoint_path(const std::string& folder, uint64_t generation);
Result<void> remove_older_checkpoints(io::FileSystem& files, const std::string& folder,
                                      uint64_t generation);

}  // namespace millrace::log
