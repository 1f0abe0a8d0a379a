#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/exit_code.h"
#include "io/world.h"

namespace millrace::cli {

struct RepairCommandOptions {
  std::string data;
  std::optional<uint64_t> give_up_from;  // LSN
  std::vector<std::string> give_up;      // partitions, segment files
  std::string output = "table";
  bool quiet = false;
};

// millrace log repair: prints what is damaged in a data directory that nobody uses, and what could
// be given up so that the rest is whole; with a choice, does so. kFailed: something is damaged
// still.
ExitCode repair_log(io::World world, const RepairCommandOptions& options);

}  // namespace millrace::cli
