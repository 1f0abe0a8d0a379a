#pragma once

#include "cli/run_command.h"

namespace millrace::cli {

// millrace sql: reads statements, over as many lines as they need, and runs each as it ends.
// History and line editing on a terminal; \d, \d TABLE, \q, \?, \timing.
ExitCode shell(io::World world, const RunOptions& options);

}  // namespace millrace::cli
