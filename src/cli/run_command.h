#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "cli/exit_code.h"
#include "cli/row_printer.h"
#include "io/world.h"
#include "session/session.h"

namespace millrace::cli {

struct RunOptions {
  std::vector<std::string> files;     // "-": stdin
  std::vector<std::string> commands;  // -c, before the files
  std::string data;                   // empty: a temporary folder
  std::vector<std::string> settings;  // "k=v"
  uint32_t parallelism = 0;           // 0: as many as cores
  std::string output = "table";
  bool quiet = false;
};

// --set and --parallelism.
Result<void> apply_settings(session::Session& session, const RunOptions& options);

// millrace run: the statements of the texts in one embedded process, until all inputs have ended or
// somebody interrupts, which finishes the epoch.
ExitCode run(io::World world, const RunOptions& options);

}  // namespace millrace::cli
