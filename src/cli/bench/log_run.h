#pragma once

#include <cstdint>
#include <string>

#include "base/log_histogram.h"
#include "base/result.h"
#include "io/world.h"

namespace millrace::cli {

struct LogBenchOptions {
  int64_t record_bytes = 1024;  // of the value
  int64_t batch_records = 64;   // of the runs that go as fast as they can
  int64_t in_flight = 64;       // batches that wait for their sync
  int64_t partitions = 1;       // batches go to them in turn
  int64_t rate = 20'000;        // records per second of the latency, a batch each
  int64_t seconds = 5;          // of each run
  std::string data;             // below which the log is made; empty: a temporary folder
};

// What one load of a log took.
struct LogLoad {
  int64_t records = 0;
  int64_t bytes = 0;  // of batches
  double wall_s = 0;
  double cpu_s = 0;
  int64_t written_bytes = 0;
  uint64_t groups = 0;  // written and synced
  // From when an append was due (at a rate) or called (as fast as it goes) to its answer.
  LogHistogram latency_us;
};

// A new log in a folder that is removed at the end; nothing but it: no protocol, no network. Every
// append is answered when it is synced.
//
// Failure: what the log and its folder say.
struct LogRuns {
  LogLoad append;   // as fast as it goes, `in_flight` batches on their way
  LogLoad read;     // what was appended, from the start, 1 MiB at a time
  LogLoad latency;  // one record at a time, at `rate`
};
Result<LogRuns> run_log(io::World world, const LogBenchOptions& options);

}  // namespace millrace::cli
