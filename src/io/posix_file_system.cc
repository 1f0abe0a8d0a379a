#include "io/posix_file_system.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <system_error>

#include "io/clock.h"
#include "io/posix_bulk_file.h"
#include "io/posix_calls.h"

namespace millrace::io {
namespace {

constexpr mode_t kFileMode = 0644;
constexpr mode_t kFolderMode = 0755;
// Linux moves at most 2 GiB - 4 KiB a call; a round number below it keeps later pieces aligned.
constexpr size_t kBytesPerCallMax = size_t{1} << 30;
constexpr size_t kPiecesPerCallMax = 64;

int open_retrying(const std::string& path, int flags) {
  return uninterrupted([&] { return ::open(path.c_str(), flags | O_CLOEXEC, kFileMode); });
}

// The pieces still to be written, as the kernel wants them.
class Remaining {
 public:
  explicit Remaining(std::span<const std::span<const std::byte>> pieces) : pieces_(pieces) {
    skip(0);
  }
  bool done() const { return pieces_.empty(); }
  std::span<const iovec> vectors() {
    size_t count = 0;
    size_t bytes = 0;
    for (const auto piece : pieces_.first(std::min(pieces_.size(), kPiecesPerCallMax))) {
      const auto part = count == 0 ? piece.subspan(first_skip_) : piece;
      const size_t taken = std::min(part.size(), kBytesPerCallMax - bytes);
      // The kernel's struct serves reads too and so has no const; writing does not touch the bytes.
      vectors_[count++] = {const_cast<std::byte*>(part.data()), taken};
      bytes += taken;
      if (bytes == kBytesPerCallMax) break;
    }
    return std::span(vectors_).first(count);
  }
  void skip(size_t bytes) {
    first_skip_ += bytes;
    while (!pieces_.empty() && first_skip_ >= pieces_.front().size()) {
      first_skip_ -= pieces_.front().size();
      pieces_ = pieces_.subspan(1);
    }
  }

 private:
  std::span<const std::span<const std::byte>> pieces_;
  size_t first_skip_ = 0;
  std::array<iovec, kPiecesPerCallMax> vectors_;
};

class PosixFile final : public File {
 public:
  PosixFile(std::string path, int number) : path_(std::move(path)), descriptor_(number) {}

  Result<size_t> read_at(uint64_t offset, std::span<std::byte> to) override {
    return read_fully(descriptor_.number(), offset, to, path_);
  }

  Result<void> write_at(uint64_t offset,
                        std::span<const std::span<const std::byte>> pieces) override {
    Remaining remaining(pieces);
    while (!remaining.done()) {
      const auto vectors = remaining.vectors();
      const ssize_t put = uninterrupted([&] {
        return pwritev(descriptor_.number(), vectors.data(), static_cast<int>(vectors.size()),
                       static_cast<off_t>(offset));
      });
      if (put < 0) return posix_failure("write the file", path_);
      offset += static_cast<uint64_t>(put);
      remaining.skip(static_cast<size_t>(put));
    }
    return {};
  }

  // Not repeated after EINTR or any other failure: a second sync may succeed without having
  // written.
  Result<void> sync() override {
    if (fdatasync(descriptor_.number()) != 0) return posix_failure("sync the file", path_);
    return {};
  }

  Result<uint64_t> size() override { return size_of(descriptor_.number(), path_); }

  Result<void> truncate(uint64_t bytes) override {
    const int failure =
        uninterrupted([&] { return ftruncate(descriptor_.number(), static_cast<off_t>(bytes)); });
    if (failure != 0) return posix_failure("change the file's size", path_);
    return {};
  }

  Result<void> drop_cache() override { return drop_cached_pages(descriptor_.number(), path_); }

 private:
  const std::string path_;
  const Descriptor descriptor_;
};

class PosixFileLock final : public FileLock {
 public:
  explicit PosixFileLock(int number) : descriptor_(number) {}

 private:
  const Descriptor descriptor_;
};

int flags_of(OpenMode mode) {
  switch (mode) {
    case OpenMode::kRead:
    case OpenMode::kReadBulk:
      return O_RDONLY;
    case OpenMode::kReadWrite:
      return O_RDWR;
    case OpenMode::kCreate:
      return O_RDWR | O_CREAT;
    case OpenMode::kCreateNew:
    case OpenMode::kCreateBulk:
      return O_RDWR | O_CREAT | O_EXCL;
  }
  return O_RDONLY;
}

}  // namespace

Result<std::unique_ptr<File>> PosixFileSystem::open(const std::string& path, OpenMode mode) {
  if (mode == OpenMode::kCreateBulk) return BulkFile::create(path, kFileMode);
  if (mode == OpenMode::kReadBulk) return BulkReader::open(path);
  const int number = open_retrying(path, flags_of(mode));
  if (number < 0) return posix_failure("open the file", path);
  auto file = std::make_unique<PosixFile>(path, number);
  struct stat found{};
  if (fstat(number, &found) != 0) return posix_failure("open the file", path);
  // open(2) takes a folder for reading, only the read would fail.
  if (S_ISDIR(found.st_mode)) return posix_failure("open the file", path, EISDIR);
  return file;
}

Result<FileStat> PosixFileSystem::stat(const std::string& path) {
  struct stat found{};
  if (::stat(path.c_str(), &found) != 0) return posix_failure("find it", path);
  const int64_t modified_ns = found.st_mtim.tv_sec * kNsPerSecond + found.st_mtim.tv_nsec;
  struct stat itself{};
  const bool is_known = lstat(path.c_str(), &itself) == 0 && !S_ISLNK(itself.st_mode);
  return FileStat{.is_folder = S_ISDIR(found.st_mode),
                  .bytes = static_cast<uint64_t>(found.st_size),
                  .modified_us = modified_ns / kNsPerUs,
                  .is_own = is_known && itself.st_uid == geteuid()};
}

Result<std::vector<std::string>> PosixFileSystem::list(const std::string& folder) {
  DIR* const opened = opendir(folder.c_str());
  if (opened == nullptr) return posix_failure("list the folder", folder);
  const std::unique_ptr<DIR, decltype([](DIR* entries) { closedir(entries); })> entries(opened);
  std::vector<std::string> names;
  while (true) {
    errno = 0;
    const dirent* const entry = readdir(entries.get());
    if (entry == nullptr) break;
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  if (errno != 0) return posix_failure("list the folder", folder);
  std::ranges::sort(names);
  return names;
}

Result<void> PosixFileSystem::make_folders(const std::string& path) {
  if (mkdir(path.c_str(), kFolderMode) == 0) return sync_folder(std::string(parent_path(path)));
  const int number = errno;
  if (number == EEXIST) {
    if (MILLRACE_TRY(stat(path)).is_folder) return {};
    return posix_failure("make the folder: a file has its name", path, EEXIST);
  }
  const std::string parent(parent_path(path));
  if (number != ENOENT || parent == path) return posix_failure("make the folder", path, number);
  MILLRACE_TRY(make_folders(parent));
  if (mkdir(path.c_str(), kFolderMode) != 0 && errno != EEXIST) {
    return posix_failure("make the folder", path);
  }
  return sync_folder(parent);
}

Result<void> PosixFileSystem::rename(const std::string& from, const std::string& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) return posix_failure("rename it", from);
  return {};
}

Result<void> PosixFileSystem::remove(const std::string& path) {
  if (::remove(path.c_str()) != 0) {
    const int number = errno == EEXIST ? ENOTEMPTY : errno;
    return posix_failure("remove it", path, number);
  }
  return {};
}

Result<void> PosixFileSystem::sync_folder(const std::string& path) {
  const Descriptor folder(open_retrying(path, O_RDONLY | O_DIRECTORY));
  if (!folder.open()) return posix_failure("open the folder", path);
  if (fsync(folder.number()) != 0) return posix_failure("sync the folder", path);
  return {};
}

Result<std::unique_ptr<FileLock>> PosixFileSystem::lock(const std::string& path) {
  const int number = open_retrying(path, O_RDWR | O_CREAT);
  if (number < 0) return posix_failure("open the lock file", path);
  auto lock = std::make_unique<PosixFileLock>(number);
  if (uninterrupted([&] { return flock(number, LOCK_EX | LOCK_NB); }) != 0) {
    if (errno != EWOULDBLOCK) return posix_failure("lock the file", path);
    return Error(ErrorCode::kInUse, "another process holds the lock")
        .at(path)
        .remedy("Stop that process, or name another folder.");
  }
  return lock;
}

}  // namespace millrace::io
