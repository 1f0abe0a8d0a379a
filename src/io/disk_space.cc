#include "io/disk_space.h"

#include <sys/statvfs.h>

#include "io/posix_calls.h"

namespace millrace::io {

Result<DiskSpace> disk_space(const std::string& folder) {
  struct statvfs disk{};
  if (uninterrupted([&] { return statvfs(folder.c_str(), &disk); }) != 0) {
    return posix_failure("ask how full the disk is", folder);
  }
  return DiskSpace{.bytes = uint64_t{disk.f_blocks} * disk.f_frsize,
                   .free_bytes = uint64_t{disk.f_bavail} * disk.f_frsize};
}

}  // namespace millrace::io
