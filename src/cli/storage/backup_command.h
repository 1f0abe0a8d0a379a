#pragma once

#include <cstdint>
#include <string>

#include "cli/exit_code.h"
#include "io/world.h"

namespace millrace::cli {

struct BackupCommandOptions {
  std::string data;
  std::string to;
  int64_t rate_mib = 0;  // a second, at most; 0: as fast as it goes
  std::string output = "table";
  bool quiet = false;  // no progress, no last words
};

// millrace backup: copies a data directory, in use or not, into a folder, and prints what is there.
ExitCode back_up(io::World world, const BackupCommandOptions& options);

}  // namespace millrace::cli
