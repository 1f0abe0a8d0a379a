#pragma once

#include <cstdint>
#include <string>

#include "cli/exit_code.h"
#include "io/world.h"

namespace millrace::cli {

struct LogCommandOptions {
  std::string data;
  std::string part = "ring";  // what is dumped: ring, checkpoint, or the name of a segment file
  uint64_t from = 0;          // LSNs
  uint64_t to = UINT64_MAX;
  std::string output = "table";
  bool quiet = false;
};

// millrace log verify: reads a data directory that nobody uses, and prints what is damaged in it.
// kFailed: something is.
ExitCode verify_log(io::World world, const LogCommandOptions& options);
// millrace log dump: prints what stands in it.
ExitCode dump_log(io::World world, const LogCommandOptions& options);

}  // namespace millrace::cli
