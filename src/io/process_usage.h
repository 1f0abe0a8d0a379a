#pragma once

#include <cstdint>

namespace millrace::io {

// ProcessUsage: what this process has used since it began, as the system counts it.
struct ProcessUsage {
  int64_t user_us = 0;         // CPU time of all threads
  int64_t system_us = 0;       // CPU time of the system on their behalf
  int64_t resident_bytes = 0;  // now; 0 where the system does not say
  int64_t resident_bytes_max = 0;
  int64_t written_bytes = 0;  // handed to the file system; 0 where it does not say
};

// Threading: any thread.
ProcessUsage process_usage();

}  // namespace millrace::io
