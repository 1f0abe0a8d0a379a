#include "log/ring/ring_scan.h"

#include <algorithm>

#include "base/crc32c.h"

namespace millrace::log {
namespace {

constexpr uint64_t kWindowBytes = 1 << 20;

// Of appends the producers are read; stages are only looked at when their unit has committed.
constexpr bool keeps_body(EntryType type) {
  return type != EntryType::kStage;
}

}  // namespace

Result<std::span<const std::byte>> RingScan::window(uint64_t address, uint64_t bytes) {
  const uint64_t left = files_.file_end(address) - address;
  bytes = std::min(bytes, left);
  const bool inside =
      address >= window_at_ && address + bytes <= window_at_ + window_bytes_ && window_bytes_ != 0;
  if (!inside) {
    const uint64_t take = std::min(std::max(bytes, kWindowBytes), left);
    if (window_.bytes() < take) window_ = Buffer::allocate(take);
    window_bytes_ = 0;
    MILLRACE_TRY(files_.read(address, {window_.mutable_data(), take}));
    window_at_ = address;
    window_bytes_ = take;
  }
  return std::span(window_.data() + (address - window_at_), bytes);
}

Result<std::optional<ScannedEntry>> RingScan::try_at(Candidate candidate) {
  const auto [address, lap] = candidate;
  if (address >= files_.capacity()) return std::nullopt;
  std::span<const std::byte> bytes = MILLRACE_TRY(window(address, kEntryHeaderBytesMin));
  if (bytes.size() < kEntryHeaderBytesMin) return std::nullopt;
  const auto header_bytes = peek_header_bytes(bytes);
  if (!header_bytes) return std::nullopt;
  bytes = MILLRACE_TRY(window(address, *header_bytes));
  auto decoded = decode_header(bytes);
  if (!decoded) return std::nullopt;
  EntryHeader& header = decoded->header;
  if (header.lsn != point_.next_lsn || header.lap != lap || header.generation < generation_ ||
      header.previous_header_crc != point_.previous_header_crc) {
    return std::nullopt;
  }
  const uint64_t entry_bytes = header.entry_bytes();
  bytes = MILLRACE_TRY(window(address, entry_bytes));
  if (bytes.size() < entry_bytes) return std::nullopt;
  ScannedEntry entry;
  entry.before = point_;
  entry.address = address;
  entry.body_address = address + header.header_bytes();
  const auto body = bytes.subspan(header.header_bytes(), header.body_bytes);
  entry.body_good = crc32c(body) == header.body_crc;
  entry.whole = bytes;
  if (keeps_body(header.type)) entry.body = Buffer::copy_of(body);
  generation_ = header.generation;
  group_ended_ = (header.flags & kLastOfGroup) != 0;
  point_ = {address + entry_bytes, lap, decoded->header_crc, header.lsn.next()};
  entry.header = std::move(header);
  return entry;
}

Result<std::optional<ScannedEntry>> RingScan::next() {
  const uint64_t behind = point_.address;
  const uint64_t block = round_up(behind, kBlockBytes);
  if (!group_ended_ && behind < files_.capacity() && behind != block) {
    if (auto entry = MILLRACE_TRY(try_at({behind, point_.lap}))) return entry;
  }
  if (auto entry = MILLRACE_TRY(try_at({block, point_.lap}))) return entry;
  if (block < files_.capacity()) {
    const uint64_t next_file = files_.file_end(block);
    if (auto entry = MILLRACE_TRY(try_at({next_file, point_.lap}))) return entry;
  }
  return try_at({0, point_.lap + 1});
}

Result<std::vector<LaterGroup>> RingScan::later() {
  std::vector<LaterGroup> found;
  const uint64_t capacity = files_.capacity();
  for (uint64_t address = 0; address < capacity; address += kBlockBytes) {
    std::span<const std::byte> bytes = MILLRACE_TRY(window(address, kEntryHeaderBytesMin));
    const auto header_bytes = peek_header_bytes(bytes);
    if (!header_bytes) continue;
    bytes = MILLRACE_TRY(window(address, *header_bytes));
    auto decoded = decode_header(bytes);
    if (!decoded) continue;
    EntryHeader& header = decoded->header;
    // What an earlier lap left behind has lower LSNs.
    if (header.lsn >= point_.next_lsn && header.generation >= generation_) {
      found.push_back({address, std::move(header)});
    }
  }
  std::ranges::sort(found, {}, [](const LaterGroup& group) { return group.header.lsn; });
  return found;
}

Result<commit::Lsn> RingScan::witnessed() {
  commit::Lsn highest;
  for (const LaterGroup& group : MILLRACE_TRY(later())) {
    highest = std::max(highest, group.header.durable_lsn);
  }
  return highest;
}

}  // namespace millrace::log
