#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/buffer.h"
#include "base/result.h"
#include "commit/byte_codec.h"
#include "commit/ids.h"
#include "commit/positions.h"
#include "commit/proposals.h"

namespace millrace::log {

// Bodies of the entries that the log itself writes (docs/formats/ring.md). Plain values and their
// codec. Failure of every decode: kRingDamaged, the body is not of this layout.

// A finished segment file, as whoever adopts it names it.
struct SegmentName {
  uint64_t number = 0;
  uint64_t bytes = 0;
  uint32_t footer_crc = 0;
  friend bool operator==(const SegmentName&, const SegmentName&) = default;
};

struct StageRefBody {
  SegmentName segment;
  uint64_t first_sequence = 0;
  uint64_t last_sequence = 0;
};

struct AdoptedSnapshot {
  SegmentName segment;
  commit::TaskId task;
  commit::Epoch begun;
  std::vector<commit::TaskId> replaces;
};

struct Assignment {
  commit::PartitionId partition;
  uint32_t records = 0;
  int64_t base_offset = 0;
  friend bool operator==(const Assignment&, const Assignment&) = default;
};

struct CommitBody {
  commit::Tick tick;
  commit::Positions positions;
  std::vector<AdoptedSnapshot> snapshots;
  std::vector<Assignment> assignments;
};

struct SettledBody {
  commit::Lsn settled;
  uint64_t checkpoint_generation = 0;
  uint32_t checkpoint_crc = 0;
};

void encode_position(const commit::SplitPosition& position, commit::ByteWriter& to);
commit::SplitPosition decode_position(commit::ByteReader& from);

Buffer encode(const StageRefBody& body);
Buffer encode(const CommitBody& body);
Buffer encode(const SettledBody& body);
Buffer encode(const std::vector<commit::Command>& commands);

Result<StageRefBody> decode_stage_ref(std::string_view from);
Result<CommitBody> decode_commit(std::string_view from);
Result<SettledBody> decode_settled(std::string_view from);
Result<std::vector<commit::Command>> decode_meta(std::string_view from);

}  // namespace millrace::log
