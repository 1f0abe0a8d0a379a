#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cli/exit_code.h"
#include "io/world.h"

namespace millrace::cli {

struct TestOptions {
  std::vector<std::string> paths;   // .slt files, or folders of them
  std::vector<std::string> worlds;  // .world files; none: the default world
  uint64_t seed = 1;
};

// `millrace test`: runs every file in every world, prints what failed and how many did.
ExitCode test(io::World world, const TestOptions& options);

}  // namespace millrace::cli
