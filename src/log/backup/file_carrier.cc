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
    progress_.bytes += piece.bytes();
    if (watch_) watch_(progress_);
  }
  return crc;
}

Result<uint32_t> FileCarrier::copy(io::File& from, uint64_t bytes, const std::string& to) {
  const auto removed = files_.remove(to);
  if (!removed && removed.error().code() != ErrorCode::kFileNotFound) return removed.error();
  const auto file = MILLRACE_TRY(files_.open(to, io::OpenMode::kCreateBulk));
  const uint32_t crc = MILLRACE_TRY(
      read(from, bytes, [&](uint64_t at, std::span<const std::byte> piece) -> Result<void> {
        return file->write_at(at, piece);
      }));
  MILLRACE_TRY(file->sync());
  return crc;
}

}  // namespace millrace::log
