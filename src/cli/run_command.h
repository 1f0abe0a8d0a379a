#pragma once

#include <string>
#include <vector>

#include "cli/exit_code.h"
#include "cli/terminal_client.h"
#include "io/world.h"

namespace millrace::cli {

struct RunOptions {
  std::vector<std::string> files;     // "-": stdin
  std::vector<std::string> commands;  // -c, before the files
  std::string data;                   // empty: a temporary folder
  std::vector<std::string> settings;  // "k=v"
  std::string parallelism;            // empty: as many as cores
  std::string output = "table";
  bool quiet = false;
};

// How rows and messages look by these options, and on what stdout and stderr are.
TerminalOptions terminal_options(const RunOptions& options);

// A script: what a file holds; "-": stdin.
Result<std::string> read_script(io::World world, const std::string& path);

// millrace run: the statements of the texts in one embedded process, until all inputs have ended or
// somebody interrupts, which finishes the epoch.
ExitCode run(io::World world, const RunOptions& options);

}  // namespace millrace::cli
