#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "commit/ids.h"

namespace millrace::log {

// The entry of the ring, docs/formats/ring.md.

inline constexpr uint64_t kBlockBytes = 4096;
inline constexpr size_t kEntryAlignment = 8;

enum class EntryType : uint8_t {
  kAppend = 1,
  kStage = 2,
  kStageRef = 3,
  kCommit = 4,
  kAbort = 5,
  kMeta = 6,
  kSeal = 7,
  kSettled = 8,
};

// Whether entries of the type carry a UnitBlock.
constexpr bool belongs_to_unit(EntryType type) {
  return type >= EntryType::kStage && type <= EntryType::kAbort;
}

// Whether entries of the type leave anything behind but themselves.
constexpr bool changes_anything(EntryType type) {
  return type != EntryType::kSeal && type != EntryType::kSettled;
}

enum EntryFlag : uint8_t {
  kFirstOfGroup = 1,
  kLastOfGroup = 2,
  kMoreFragments = 4,
  kContinued = 8,
};

// Names a unit, and a stage in it.
struct UnitBlock {
  commit::JobId job;
  commit::Incarnation incarnation;
  commit::Epoch epoch;
  uint64_t sequence = 0;  // place of a stage in its unit, from 1
  commit::TaskId task;    // of a state delta
  commit::Participant participant;
};

// The part of an entry's body that goes to one partition.
struct PartitionRow {
  commit::PartitionId partition;
  int64_t base_offset = -1;
  int64_t max_timestamp_ms = -1;
  uint32_t records = 0;
  uint32_t bytes = 0;
};

// EntryHeader: what stands before a body. A plain value.
struct EntryHeader {
  commit::Lsn lsn;
  commit::Lsn durable_lsn;
  uint32_t generation = 0;
  uint32_t lap = 0;
  uint32_t previous_header_crc = 0;
  uint32_t body_crc = 0;
  uint32_t body_bytes = 0;
  EntryType type = EntryType::kSeal;
  uint8_t flags = 0;
  UnitBlock unit;
  std::vector<PartitionRow> rows;

  size_t header_bytes() const;
  // Header, body and the zeroes behind them.
  size_t entry_bytes() const;
};

inline constexpr size_t kEntryHeaderBytesMin = 56;

// What partitions are told of the node generation in which their records were written; the first
// generation is 1.
constexpr int32_t leader_epoch_of(uint32_t generation) {
  return static_cast<int32_t>(generation - 1);
}

constexpr uint64_t round_up(uint64_t value, uint64_t unit) {
  return (value + unit - 1) / unit * unit;
}

size_t entry_header_bytes(EntryType type, size_t rows);

// Writes header_bytes() bytes; returns the header CRC.
uint32_t encode_header(const EntryHeader& header, std::byte* to);

struct DecodedHeader {
  EntryHeader header;
  uint32_t header_crc = 0;
};

// How many bytes the header that begins at `from` says it has; nullopt: no header begins here.
// REQUIRES: from.size() >= kEntryHeaderBytesMin.
std::optional<uint32_t> peek_header_bytes(std::span<const std::byte> from);
// nullopt: magic, CRC or layout do not match. `from` holds at least what peek_header_bytes said.
std::optional<DecodedHeader> decode_header(std::span<const std::byte> from);

}  // namespace millrace::log
