#include "io/posix_calls.h"

#include <fcntl.h>
#include <unistd.h>

#include <system_error>

namespace millrace::io {
namespace {

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

Descriptor::~Descriptor() {
  if (number_ >= 0) close(number_);
}

}  // namespace millrace::io
