#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/result.h"

namespace millrace::io {

// Of the disk that holds a folder. A plain value.
struct DiskSpace {
  uint64_t bytes = 0;
  uint64_t free_bytes = 0;  // that this process may use
};

// How whoever tells of it learns it: `disk_space`, or what a test says.
using DiskSpaceOf = std::function<Result<DiskSpace>(const std::string& folder)>;

// As the system counts it now. Threading: any thread.
// Failure: kFileNotFound, kPermissionDenied, else kIoFailed, with the folder.
Result<DiskSpace> disk_space(const std::string& folder);

}  // namespace millrace::io
