#pragma once

namespace millrace::cli {

// The `millrace` command: reads the arguments, runs one command, returns the exit code.
int run_program(int argc, char** argv);

}  // namespace millrace::cli
