#include "io/posix_bulk_file.h"

#include <fcntl.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "base/assert.h"

namespace millrace::io {
namespace {

constexpr uint64_t kPageBytes = 4096;
constexpr uint64_t kBlockBytes = 256 << 10;
constexpr uint64_t kAheadBytes = 64 << 20;
constexpr uint64_t kDirectReadBytesMin = 64 << 10;

// A buffer that begins at a page.
Buffer allocate_pages(uint64_t bytes) {
  const Buffer block = Buffer::allocate(bytes + kPageBytes);
  const auto past = reinterpret_cast<uintptr_t>(block.data()) % kPageBytes;
  return block.slice((kPageBytes - past) % kPageBytes, bytes);
}

}  // namespace

Result<std::unique_ptr<File>> BulkFile::create(const std::string& path, int mode) {
  const int flags = O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC;
  const auto open = [&](int more) {
    return uninterrupted([&] { return ::open(path.c_str(), flags | more, mode); });
  };
  const int number = open(O_DIRECT);
  if (number >= 0) return std::unique_ptr<File>(new BulkFile(path, number, true));
  // The name may have been made before the file system said that it cannot.
  if (errno != EINVAL) return posix_failure("open the file", path);
  ::unlink(path.c_str());
  const int plain = open(0);
  if (plain < 0) return posix_failure("open the file", path);
  return std::unique_ptr<File>(new BulkFile(path, plain, false));
}

BulkFile::BulkFile(std::string path, int number, bool direct)
    : path_(std::move(path)), descriptor_(number), direct_(direct) {}

Result<size_t> BulkFile::read_at(uint64_t offset, std::span<std::byte> to) {
  MILLRACE_ASSERT(held_ == 0);
  return read_fully(descriptor_.number(), offset, to, path_);
}

// Room that is not there shows when it is written to; what was asked for too much goes at the end.
void BulkFile::allocate_ahead(uint64_t until) {
  if (until <= allocated_) return;
  allocated_ = std::max(until, allocated_ + kAheadBytes);
  (void)fallocate(descriptor_.number(), FALLOC_FL_KEEP_SIZE, static_cast<off_t>(written_),
                  static_cast<off_t>(allocated_ - written_));
}

// A direct write is of whole pages: behind the end of the file zeroes, which are cut off again.
Result<void> BulkFile::write_held() {
  const uint64_t end = written_ + held_;
  const uint64_t padding = direct_ ? (kPageBytes - held_ % kPageBytes) % kPageBytes : 0;
  std::memset(block_.mutable_data() + held_, 0, padding);
  // A small file should not claim more than it needs.
  if (end > kBlockBytes) allocate_ahead(end);
  const uint64_t begin = written_;
  while (written_ < end) {
    const iovec left{block_.mutable_data() + (written_ - begin),
                     end - written_ + (direct_ ? padding : 0)};
    const ssize_t put = uninterrupted(
        [&] { return pwritev(descriptor_.number(), &left, 1, static_cast<off_t>(written_)); });
    if (put < 0 && errno == EINVAL && direct_) {
      MILLRACE_TRY(write_through_cache());
      continue;
    }
    if (put < 0) return posix_failure("write the file", path_);
    written_ += static_cast<uint64_t>(put);
  }
  allocated_ = std::max(allocated_, written_);
  written_ = end;
  held_ = 0;
  return {};
}

Result<void> BulkFile::write_through_cache() {
  const int flags = fcntl(descriptor_.number(), F_GETFL);
  if (flags < 0 || fcntl(descriptor_.number(), F_SETFL, flags & ~O_DIRECT) != 0) {
    return posix_failure("write the file", path_);
  }
  direct_ = false;
  return {};
}

Result<void> BulkFile::write_at(uint64_t offset,
                                std::span<const std::span<const std::byte>> pieces) {
  MILLRACE_ASSERT(offset == written_ + held_);
  if (block_.bytes() == 0) block_ = allocate_pages(kBlockBytes);
  for (auto piece : pieces) {
    while (!piece.empty()) {
      const size_t part = std::min<uint64_t>(piece.size(), kBlockBytes - held_);
      std::memcpy(block_.mutable_data() + held_, piece.data(), part);
      piece = piece.subspan(part);
      held_ += part;
      if (held_ == kBlockBytes) MILLRACE_TRY(write_held());
    }
  }
  return {};
}

Result<void> BulkFile::sync() {
  if (held_ > 0) MILLRACE_TRY(write_held());
  // Gives back what is behind the end.
  if (allocated_ > written_ && ftruncate(descriptor_.number(), static_cast<off_t>(written_)) != 0) {
    return posix_failure("write the file", path_);
  }
  allocated_ = written_;
  if (fdatasync(descriptor_.number()) != 0) return posix_failure("sync the file", path_);
  return {};
}

Result<void> BulkFile::truncate(uint64_t bytes) {
  MILLRACE_ASSERT(bytes == written_ + held_);
  return {};
}

Result<std::unique_ptr<File>> BulkReader::open(const std::string& path) {
  const auto open = [&](int more) {
    return uninterrupted([&] { return ::open(path.c_str(), O_RDONLY | O_CLOEXEC | more); });
  };
  const int number = open(0);
  if (number < 0) return posix_failure("open the file", path);
  return std::unique_ptr<File>(new BulkReader(path, number, open(O_DIRECT)));
}

Result<size_t> BulkReader::read_at(uint64_t offset, std::span<std::byte> to) {
  return read_fully(descriptor_.number(), offset, to, path_);
}

Result<Buffer> BulkReader::read(uint64_t offset, uint64_t bytes) {
  if (!direct_.open() || bytes < kDirectReadBytesMin) return File::read(offset, bytes);
  const uint64_t begin = offset / kPageBytes * kPageBytes;
  const uint64_t end = (offset + bytes + kPageBytes - 1) / kPageBytes * kPageBytes;
  Buffer pages = allocate_pages(end - begin);
  // One call: what it gives less of than was asked for ends the file, or is read in the other way.
  const ssize_t got = uninterrupted([&] {
    return pread(direct_.number(), pages.mutable_data(), end - begin, static_cast<off_t>(begin));
  });
  const auto there = static_cast<uint64_t>(std::max<ssize_t>(got, 0));
  if (begin + there < offset + bytes) return File::read(offset, bytes);
  return pages.slice(offset - begin, bytes);
}

Result<void> BulkReader::write_at(uint64_t, std::span<const std::span<const std::byte>>) {
  return Error(ErrorCode::kPermissionDenied, "the file was opened for reading").at(path_);
}

Result<uint64_t> BulkReader::size() {
  return size_of(descriptor_.number(), path_);
}

Result<void> BulkReader::truncate(uint64_t) {
  return write_at(0, {});
}

Result<void> BulkReader::drop_cache() {
  return drop_cached_pages(descriptor_.number(), path_);
}

}  // namespace millrace::io
