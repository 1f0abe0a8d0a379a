#include "log/ring/ring_files.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <mutex>

#include "base/assert.h"
#include "base/crc32c.h"
#include "log/ring/entry.h"

namespace millrace::log {
namespace {

constexpr uint64_t kGroupBytesLimit = 1 << 20;
constexpr uint64_t kZeroBytes = 1 << 20;
constexpr uint64_t kGrowthBytesMax = 128 << 20;
constexpr size_t kIndexDigits = 6;
constexpr std::string_view kNewFile = "new";

Error damaged(std::string what, std::string place) {
  return Error(ErrorCode::kRingDamaged, std::move(what))
      .at(std::move(place))
      .remedy("Restore a backup; `millrace log repair` shows what can be given up instead.");
}

}  // namespace

Result<std::unique_ptr<RingFiles>> RingFiles::open(io::FileSystem& files,
                                                   RingFilesOptions options) {
  MILLRACE_ASSERT(options.first_bytes % kBlockBytes == 0);
  MILLRACE_TRY(files.make_folders(options.folder));
  std::unique_ptr<RingFiles> ring(new RingFiles(files, std::move(options)));
  MILLRACE_TRY(ring->open_existing(io::OpenMode::kReadWrite));
  if (ring->pieces_.empty()) MILLRACE_TRY(ring->add_file(ring->options_.first_bytes));
  ring->set_group_bytes_max();
  MILLRACE_ASSERT(ring->group_bytes_max_ >= 2 * kBlockBytes);
  return ring;
}

Result<std::unique_ptr<RingFiles>> RingFiles::open_to_read(io::FileSystem& files,
                                                           const std::string& folder) {
  std::unique_ptr<RingFiles> ring(new RingFiles(files, {.folder = folder}));
  MILLRACE_TRY(ring->open_existing(io::OpenMode::kRead));
  if (ring->pieces_.empty()) {
    return Error(ErrorCode::kFileNotFound, "there is no file of the ring").at(folder);
  }
  ring->set_group_bytes_max();
  return ring;
}

Result<std::unique_ptr<RingFiles>> RingFiles::make(io::FileSystem& files, const std::string& folder,
                                                   const std::vector<uint64_t>& file_bytes) {
  std::unique_ptr<RingFiles> ring(new RingFiles(files, {.folder = folder}));
  for (const uint64_t bytes : file_bytes) MILLRACE_TRY(ring->add_file(bytes));
  ring->set_group_bytes_max();
  return ring;
}

void RingFiles::set_group_bytes_max() {
  group_bytes_max_ = std::min(kGroupBytesLimit, pieces_[0]->bytes / 16 / kBlockBytes * kBlockBytes);
}

Result<void> RingFiles::open_existing(io::OpenMode mode) {
  const std::vector<std::string> names = MILLRACE_TRY(files_.list(options_.folder));
  uint64_t start = 0;
  for (const std::string& name : names) {
    const std::string path = io::join_path(options_.folder, name);
    if (name == kNewFile) {
      if (mode == io::OpenMode::kReadWrite) MILLRACE_TRY(files_.remove(path));
      continue;
    }
    uint64_t index = 0;
    uint64_t bytes = 0;
    const char* end = name.data() + name.size();
    const auto first = std::from_chars(name.data(), end, index);
    const bool has_size = first.ec == std::errc() && first.ptr != end && *first.ptr == '-';
    if (!has_size || std::from_chars(first.ptr + 1, end, bytes).ptr != end) continue;
    if (index != pieces_.size()) {
      return damaged(fmt::format("file {} of the ring is missing", pieces_.size()), path);
    }
    auto file = MILLRACE_TRY(files_.open(path, mode));
    const uint64_t found = MILLRACE_TRY(file->size());
    if (found != bytes || bytes == 0 || bytes % kBlockBytes != 0) {
      return damaged(fmt::format("the ring's file has {} bytes instead of {}", found, bytes), path);
    }
    pieces_.push_back(std::make_unique<Piece>(start, bytes, name, std::move(file)));
    start += bytes;
  }
  return {};
}

Result<void> RingFiles::add_file(uint64_t bytes) {
  const std::string new_path = io::join_path(options_.folder, kNewFile);
  auto file = MILLRACE_TRY(files_.open(new_path, io::OpenMode::kCreate));
  if (options_.sync) {
    const Buffer zeroes = Buffer::zeroed(std::min(bytes, kZeroBytes));
    for (uint64_t at = 0; at < bytes; at += zeroes.bytes()) {
      const uint64_t part = std::min<uint64_t>(zeroes.bytes(), bytes - at);
      MILLRACE_TRY(file->write_at(at, zeroes.span().first(part)));
    }
    MILLRACE_TRY(file->sync());
  } else {
    MILLRACE_TRY(file->truncate(bytes));
  }
  const std::string name = fmt::format("{:0{}}-{}", pieces_.size(), kIndexDigits, bytes);
  MILLRACE_TRY(files_.rename(new_path, io::join_path(options_.folder, name)));
  if (options_.sync) MILLRACE_TRY(files_.sync_folder(options_.folder));
  const uint64_t start = capacity();
  const std::unique_lock lock(mutex_);
  pieces_.push_back(std::make_unique<Piece>(start, bytes, name, std::move(file)));
  return {};
}

bool RingFiles::may_grow() const {
  return capacity() + options_.first_bytes <= options_.bytes_max;
}

Result<void> RingFiles::grow() {
  if (!may_grow()) return {};
  const uint64_t now = capacity();
  const uint64_t bytes = std::min({now, kGrowthBytesMax, options_.bytes_max - now});
  return add_file(round_up(bytes, kBlockBytes));
}

uint64_t RingFiles::capacity() const {
  const std::shared_lock lock(mutex_);
  return pieces_.empty() ? 0 : pieces_.back()->start + pieces_.back()->bytes;
}

const RingFiles::Piece& RingFiles::piece_at(uint64_t address) const {
  for (const auto& piece : pieces_) {
    if (address - piece->start < piece->bytes) return *piece;
  }
  MILLRACE_ASSERT(!"an address outside the ring");
  __builtin_unreachable();
}

uint64_t RingFiles::file_end(uint64_t address) const {
  const std::shared_lock lock(mutex_);
  const Piece& piece = piece_at(address);
  return piece.start + piece.bytes;
}

std::string RingFiles::place(uint64_t address) const {
  const std::shared_lock lock(mutex_);
  const uint64_t last = pieces_.back()->start + pieces_.back()->bytes - 1;
  const Piece& piece = piece_at(std::min(address, last));
  return fmt::format("{}@{}", io::join_path(options_.folder, piece.name), address - piece.start);
}

Result<void> RingFiles::read(uint64_t address, std::span<std::byte> to) const {
  const std::shared_lock lock(mutex_);
  const Piece& piece = piece_at(address);
  MILLRACE_ASSERT(address - piece.start + to.size() <= piece.bytes);
  const size_t got = MILLRACE_TRY(piece.file->read_at(address - piece.start, to));
  if (got != to.size()) {
    return damaged("the ring's file is shorter than it was", options_.folder + "/" + piece.name);
  }
  return {};
}

Result<void> RingFiles::write(uint64_t address,
                              std::span<const std::span<const std::byte>> pieces) {
  const std::shared_lock lock(mutex_);
  const Piece& piece = piece_at(address);
  return piece.file->write_at(address - piece.start, pieces);
}

Result<void> RingFiles::sync(uint64_t address) {
  if (!options_.sync) return {};
  const std::shared_lock lock(mutex_);
  return piece_at(address).file->sync();
}

Result<void> RingFiles::sync_all() {
  const std::shared_lock lock(mutex_);
  for (const auto& piece : pieces_) MILLRACE_TRY(piece->file->sync());
  return {};
}

Result<void> RingFiles::zero(uint64_t address, uint64_t bytes) {
  const Buffer zeroes = Buffer::zeroed(bytes);
  const std::span<const std::byte> all = zeroes.span();
  return write(address, std::span(&all, 1));
}

Result<Buffer> RingFiles::read_body(const RingRef& ref) const {
  Buffer body = Buffer::allocate(ref.bytes());
  uint64_t at = 0;
  const auto take = [&](const RingPiece& piece) -> Result<void> {
    const std::span<std::byte> to(body.mutable_data() + at, piece.bytes);
    if (piece.bytes != 0) MILLRACE_TRY(read(piece.address, to));
    if (crc32c(to) != piece.crc) {
      return Error(ErrorCode::kCorruptRecord, "a body in the ring does not match its checksum")
          .at(place(piece.address));
    }
    at += piece.bytes;
    return {};
  };
  MILLRACE_TRY(take(ref.piece));
  if (ref.more != nullptr) {
    for (const RingPiece& piece : *ref.more) MILLRACE_TRY(take(piece));
  }
  return body;
}

Result<void> RingFiles::drop_cache() {
  const std::shared_lock lock(mutex_);
  for (const auto& piece : pieces_) MILLRACE_TRY(piece->file->drop_cache());
  return {};
}

}  // namespace millrace::log
