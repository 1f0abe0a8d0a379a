#include "log/ring/entry.h"

#include "base/crc32c.h"
#include "base/endian.h"

namespace millrace::log {
namespace {

constexpr uint32_t kMagic = 0x3145524D;  // "MRE1"
constexpr size_t kCrcFrom = 8;
constexpr size_t kUnitBytes = 48;
constexpr size_t kRowBytes = 40;
// No header comes near this: a group is at most 1 MiB.
constexpr uint32_t kHeaderBytesMax = 1 << 20;

void encode_unit(const UnitBlock& unit, std::byte* to) {
  store_le<uint64_t>(to, unit.job.value());
  store_le<uint64_t>(to + 8, unit.incarnation.value());
  store_le<uint64_t>(to + 16, unit.epoch.value());
  store_le<uint64_t>(to + 24, unit.sequence);
  store_le<uint64_t>(to + 32, unit.task.value());
  store_le<uint32_t>(to + 40, unit.participant.value());
  store_le<uint32_t>(to + 44, 0);
}

UnitBlock decode_unit(const std::byte* from) {
  return {.job = commit::JobId(load_le<uint64_t>(from)),
          .incarnation = commit::Incarnation(load_le<uint64_t>(from + 8)),
          .epoch = commit::Epoch(load_le<uint64_t>(from + 16)),
          .sequence = load_le<uint64_t>(from + 24),
          .task = commit::TaskId(load_le<uint64_t>(from + 32)),
          .participant = commit::Participant(load_le<uint32_t>(from + 40))};
}

void encode_row(const PartitionRow& row, std::byte* to) {
  store_le<uint64_t>(to, row.partition.topic.value());
  store_le<int64_t>(to + 8, row.base_offset);
  store_le<int64_t>(to + 16, row.max_timestamp_ms);
  store_le<uint32_t>(to + 24, row.partition.index);
  store_le<uint32_t>(to + 28, row.records);
  store_le<uint32_t>(to + 32, row.bytes);
  store_le<uint32_t>(to + 36, 0);
}

PartitionRow decode_row(const std::byte* from) {
  return {.partition = {commit::TopicId(load_le<uint64_t>(from)), load_le<uint32_t>(from + 24)},
          .base_offset = load_le<int64_t>(from + 8),
          .max_timestamp_ms = load_le<int64_t>(from + 16),
          .records = load_le<uint32_t>(from + 28),
          .bytes = load_le<uint32_t>(from + 32)};
}

}  // namespace

size_t entry_header_bytes(EntryType type, size_t rows) {
  return kEntryHeaderBytesMin + (belongs_to_unit(type) ? kUnitBytes : 0) + rows * kRowBytes;
}

size_t EntryHeader::header_bytes() const {
  return entry_header_bytes(type, rows.size());
}

size_t EntryHeader::entry_bytes() const {
  return round_up(header_bytes() + body_bytes, kEntryAlignment);
}

uint32_t encode_header(const EntryHeader& header, std::byte* to) {
  const size_t bytes = header.header_bytes();
  store_le<uint32_t>(to, kMagic);
  store_le<uint64_t>(to + 8, header.lsn.value());
  store_le<uint64_t>(to + 16, header.durable_lsn.value());
  store_le<uint32_t>(to + 24, header.generation);
  store_le<uint32_t>(to + 28, header.lap);
  store_le<uint32_t>(to + 32, header.previous_header_crc);
  store_le<uint32_t>(to + 36, header.body_crc);
  store_le<uint32_t>(to + 40, header.body_bytes);
  store_le<uint32_t>(to + 44, static_cast<uint32_t>(bytes));
  to[48] = static_cast<std::byte>(header.type);
  to[49] = static_cast<std::byte>(header.flags);
  store_le<uint16_t>(to + 50, 0);
  store_le<uint32_t>(to + 52, static_cast<uint32_t>(header.rows.size()));
  std::byte* next = to + kEntryHeaderBytesMin;
  if (belongs_to_unit(header.type)) {
    encode_unit(header.unit, next);
    next += kUnitBytes;
  }
  for (const PartitionRow& row : header.rows) {
    encode_row(row, next);
    next += kRowBytes;
  }
  const uint32_t crc = crc32c({to + kCrcFrom, bytes - kCrcFrom});
  store_le<uint32_t>(to + 4, crc);
  return crc;
}

std::optional<uint32_t> peek_header_bytes(std::span<const std::byte> from) {
  if (load_le<uint32_t>(from.data()) != kMagic) return std::nullopt;
  const auto bytes = load_le<uint32_t>(from.data() + 44);
  if (bytes < kEntryHeaderBytesMin || bytes > kHeaderBytesMax) return std::nullopt;
  return bytes;
}

std::optional<DecodedHeader> decode_header(std::span<const std::byte> from) {
  const auto bytes = peek_header_bytes(from);
  if (!bytes || *bytes > from.size()) return std::nullopt;
  const std::byte* at = from.data();
  const uint32_t crc = crc32c({at + kCrcFrom, *bytes - kCrcFrom});
  if (crc != load_le<uint32_t>(at + 4)) return std::nullopt;
  const auto type = static_cast<EntryType>(at[48]);
  const auto rows = load_le<uint32_t>(at + 52);
  if (type < EntryType::kAppend || type > EntryType::kSettled || rows > *bytes / kRowBytes ||
      entry_header_bytes(type, rows) != *bytes) {
    return std::nullopt;
  }
  DecodedHeader decoded;
  decoded.header_crc = crc;
  EntryHeader& header = decoded.header;
  header.lsn = commit::Lsn(load_le<uint64_t>(at + 8));
  header.durable_lsn = commit::Lsn(load_le<uint64_t>(at + 16));
  header.generation = load_le<uint32_t>(at + 24);
  header.lap = load_le<uint32_t>(at + 28);
  header.previous_header_crc = load_le<uint32_t>(at + 32);
  header.body_crc = load_le<uint32_t>(at + 36);
  header.body_bytes = load_le<uint32_t>(at + 40);
  header.type = type;
  header.flags = static_cast<uint8_t>(at[49]);
  const std::byte* next = at + kEntryHeaderBytesMin;
  if (belongs_to_unit(type)) {
    header.unit = decode_unit(next);
    next += kUnitBytes;
  }
  header.rows.reserve(rows);
  for (uint32_t i = 0; i < rows; ++i, next += kRowBytes) header.rows.push_back(decode_row(next));
  return decoded;
}

}  // namespace millrace::log
