#pragma once

#include "cli/exit_code.h"
#include "cli/run_command.h"

namespace millrace::cli {

// millrace sql: statements and backslash commands from a terminal, which go on after an error; or
// from -c, -f or a pipe, which end with the first one. An INSERT runs each time it is sent.
ExitCode shell(io::World world, const RunOptions& options);

}  // namespace millrace::cli
