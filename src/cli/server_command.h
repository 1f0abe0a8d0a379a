#pragma once

#include <string>
#include <vector>

#include "cli/exit_code.h"
#include "io/world.h"

namespace millrace::cli {

struct ServerCommandOptions {
  std::string data;                    // empty: a temporary folder
  std::vector<std::string> listen;     // DOOR=HOST:PORT
  std::vector<std::string> advertise;  // HOST:PORT, of each listener
  std::vector<std::string> files;      // scripts to run beside the doors
  std::vector<std::string> settings;   // of the broker, name=value
  bool insecure = false;
};

// millrace server: opens the doors, prints the ready line, runs the scripts, and serves until a
// signal comes; then the epoch is finished.
ExitCode serve(io::World world, const ServerCommandOptions& options);

}  // namespace millrace::cli
