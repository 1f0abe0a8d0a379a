#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cli/bench/log_run.h"
#include "cli/exit_code.h"
#include "io/world.h"

namespace millrace::cli {

struct BenchOptions {
  std::vector<std::string> queries;  // empty: all
  int64_t events = 100'000'000;
  int64_t rate = 10'000'000;  // events per second of event time
  uint32_t parallelism = 0;   // 0: as many as cores
  int64_t epoch_interval_ms = 200;
  uint32_t runs = 1;
  bool latency = false;          // then as events happen, at half of the speed
  int64_t wall_rate = 0;         // > 0: only as events happen, so many a second
  int64_t latency_seconds = 25;  // of such a run; the first fifth is not counted
  std::string data;              // where log and state are written; empty: a temporary folder
  bool pushdown = false;         // the generator leaves out what the query does not use
  bool print_sql = false;
};

// millrace bench nexmark: each query, exactly-once and durable, into a sink that reads every byte.
// Prints one JSON object a line and run.
ExitCode bench_nexmark(io::World world, const BenchOptions& options);

// millrace bench log: the log alone on this disk. Prints one JSON object a line and load.
ExitCode bench_log(io::World world, const LogBenchOptions& options);

}  // namespace millrace::cli
