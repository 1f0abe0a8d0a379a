#include "io/process_usage.h"

#include <sys/resource.h>
#include <unistd.h>

#include <fstream>
#include <string>

namespace millrace::io {
namespace {

int64_t micros(const timeval& time) {
  return static_cast<int64_t>(time.tv_sec) * 1'000'000 + time.tv_usec;
}

int64_t resident_bytes() {
  std::ifstream counters("/proc/self/statm");
  int64_t total_pages = 0;
  int64_t resident_pages = 0;
  if (!(counters >> total_pages >> resident_pages)) return 0;
  return resident_pages * sysconf(_SC_PAGESIZE);
}

int64_t written_bytes() {
  std::ifstream counters("/proc/self/io");
  std::string name;
  int64_t value = 0;
  while (counters >> name >> value) {
    if (name == "wchar:") return value;
  }
  return 0;
}

}  // namespace

ProcessUsage process_usage() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  return {.user_us = micros(used.ru_utime),
          .system_us = micros(used.ru_stime),
          .resident_bytes = resident_bytes(),
          .resident_bytes_max = used.ru_maxrss * 1024,
          .written_bytes = written_bytes()};
}

}  // namespace millrace::io
