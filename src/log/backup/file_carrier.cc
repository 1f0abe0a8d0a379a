#include "log/backup/file_carrier.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/crc32c.h"

namespace millrace::log {
namespace {

constexpr uint64_t kPieceBytes = 1 << 20;

}  // namespace

Result<void> FileCarrier::check_stop() const {
  if (!stop_.stop_requested()) return {};
  return Error(ErrorCode::kCancelled, "interrupted");
}

void FileCarrier::note(uint64_t bytes) {
  progress_.bytes += bytes;
  if (watch_) watch_(progress_);
}

Result<std::unique_ptr<io::File>> FileCarrier::create(const std::string& path) {
  const auto removed = files_.remove(path);
  if (!removed && removed.error().code() != ErrorCode::kFileNotFound) return removed.error();
  return files_.open(path, io::OpenMode::kCreateBulk);
}

Result<uint32_t> FileCarrier::read(io::File& from, uint64_t bytes, const Visit& visit) {
  uint32_t crc = 0;
  for (uint64_t at = 0; at < bytes;) {
    MILLRACE_TRY(check_stop());
    const Buffer piece = MILLRACE_TRY(from.read(at, std::min(kPieceBytes, bytes - at)));
    if (piece.empty()) {
      return Error(ErrorCode::kMalformedFile,
                   fmt::format("the file has {} bytes instead of {}", at, bytes));
    }
    crc = crc32c(piece.span(), crc);
    MILLRACE_TRY(visit(at, piece.span()));
    at += piece.bytes();
    note(piece.bytes());
  }
  return crc;
}

Result<uint32_t> FileCarrier::copy(io::File& from, uint64_t bytes, const std::string& to) {
  const auto file = MILLRACE_TRY(create(to));
  const uint32_t crc = MILLRACE_TRY(
      read(from, bytes, [&](uint64_t at, std::span<const std::byte> piece) -> Result<void> {
        return file->write_at(at, piece);
      }));
  MILLRACE_TRY(file->sync());
  return crc;
}

Result<uint32_t> FileCarrier::put(const std::vector<Buffer>& content, const std::string& to) {
  const auto file = MILLRACE_TRY(create(to));
  uint32_t crc = 0;
  uint64_t at = 0;
  for (const Buffer& piece : content) {
    MILLRACE_TRY(check_stop());
    MILLRACE_TRY(file->write_at(at, piece.span()));
    crc = crc32c(piece.span(), crc);
    at += piece.bytes();
    note(piece.bytes());
  }
  MILLRACE_TRY(file->sync());
  return crc;
}

}  // namespace millrace::log
