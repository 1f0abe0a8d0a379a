#pragma once

#include <cstdint>
#include <string>

#include "base/log_histogram.h"
#include "base/result.h"
#include "cli/bench/bench_command.h"
#include "cli/bench/nexmark_queries.h"

namespace millrace::cli {

// What one run of a query took.
struct Measured {
  int64_t events = 0;
  double wall_s = 0;
  double user_s = 0;
  double system_s = 0;
  int64_t written_bytes = 0;
  int64_t resident_bytes_max = 0;  // since the process began
  int64_t state_bytes = 0;         // at the most
  uint64_t epochs = 0;
  // Of a run at a rate of the wall clock, behind its warm-up: from the scheduled creation of an
  // event to the commit of the epoch with its effects.
  int64_t wall_rate = 0;
  LogHistogram latency_us;

  double cpu_s() const { return user_s + system_s; }
  double events_per_s() const { return static_cast<double>(events) / wall_s; }
  double events_per_cpu_s() const { return static_cast<double>(events) / cpu_s(); }
};

// The whole stream, as fast as it is taken.
Result<Measured> run_freely(io::World world, const BenchOptions& options,
                            const NexmarkQuery& query);

// The stream as it happens: event time is the wall clock, `wall_rate` events a second, until those
// of the first options.latency_seconds have been read. No event comes before its time, and one that
// comes late because the job has fallen behind is late by its own time, not by when it was taken.
// The stream does not end, so no window closes before its time either.
Result<Measured> run_as_it_happens(io::World world, const BenchOptions& options,
                                   const NexmarkQuery& query, int64_t wall_rate);

}  // namespace millrace::cli
