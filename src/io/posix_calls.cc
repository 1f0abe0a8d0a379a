#include "io/posix_calls.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <system_error>

namespace millrace::io {
namespace {

// Linux moves at most 2 GiB - 4 KiB a call; a round number below it keeps later pieces aligned.
constexpr size_t kBytesPerCallMax = size_t{1} << 30;

ErrorCode code_of(int number) {
  switch (number) {
    case ENOENT:
    case ENOTDIR:
      return ErrorCode::kFileNotFound;
    case EACCES:
    case EPERM:
    case EROFS:
      return ErrorCode::kPermissionDenied;
    case EISDIR:
      return ErrorCode::kIsFolder;
    case EEXIST:
      return ErrorCode::kAlreadyExists;
    case ENOSPC:
    case EDQUOT:
      return ErrorCode::kDiskFull;
    default:
      return ErrorCode::kIoFailed;
  }
}

const char* remedy_of(int number) {
  switch (number) {
    case ENOENT:
    case ENOTDIR:
      return "Check the path; a relative one starts at the current folder.";
    case EACCES:
    case EPERM:
      return "Give this user the right to do so, or name another path.";
    case EROFS:
      return "The file system is mounted read-only; name a path on another one.";
    case EISDIR:
      return "Name a file.";
    case EEXIST:
      return "Name another path, or move away what is there.";
    case ENOSPC:
    case EDQUOT:
      return "Free space on this disk or move the data to a larger one, then try again.";
    case EIO:
      return "Check the disk; the system's log (dmesg) says more.";
    case EMFILE:
    case ENFILE:
      return "Raise the limit of open files (ulimit -n).";
    default:
      return "";
  }
}

}  // namespace

Error posix_failure(const char* action, const std::string& path, int number) {
  std::string message = std::string("cannot ") + action + ": ";
  message += std::generic_category().message(number);
  return Error(code_of(number), std::move(message)).at(path).remedy(remedy_of(number));
}

Result<size_t> read_fully(int number, uint64_t offset, std::span<std::byte> to,
                          const std::string& path) {
  size_t done = 0;
  while (done < to.size()) {
    const size_t bytes = std::min(to.size() - done, kBytesPerCallMax);
    const ssize_t got = uninterrupted(
        [&] { return pread(number, to.data() + done, bytes, static_cast<off_t>(offset + done)); });
    if (got < 0) return posix_failure("read the file", path);
    if (got == 0) break;
    done += static_cast<size_t>(got);
  }
  return done;
}

Result<uint64_t> size_of(int number, const std::string& path) {
  struct stat found{};
  if (fstat(number, &found) != 0) return posix_failure("read the file's size", path);
  return static_cast<uint64_t>(found.st_size);
}

Result<void> drop_cached_pages(int number, const std::string& path) {
  const int failure = posix_fadvise(number, 0, 0, POSIX_FADV_DONTNEED);
  if (failure != 0) return posix_failure("drop the file's cached pages", path, failure);
  return {};
}

Descriptor::~Descriptor() {
  if (number_ >= 0) close(number_);
}

}  // namespace millrace::io
