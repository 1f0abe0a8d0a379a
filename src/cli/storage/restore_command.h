#pragma once

#include <cstdint>
#include <string>

#include "cli/exit_code.h"
#include "io/world.h"

namespace millrace::cli {

struct RestoreCommandOptions {
  std::string from;
  std::string data;
  bool verify_only = false;  // no data directory is made
  int64_t rate_mib = 0;      // a second, at most; 0: as fast as it goes
  std::string output = "table";
  bool quiet = false;  // no progress, no last words
};

// millrace restore: makes a data directory from a backup, or checks the backup, and prints what is
// in it.
ExitCode restore(io::World world, const RestoreCommandOptions& options);

}  // namespace millrace::cli
