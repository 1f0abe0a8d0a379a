#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/exit_code.h"
#include "cli/target.h"
#include "io/world.h"

namespace millrace::cli {

struct GroupOptions {
  TargetOptions target;
  std::vector<std::string> names;
  std::string output = "table";
  std::string only;                 // describe: group, members or offsets; empty: all three
  std::string to;                   // seek: as consume -o
  std::vector<std::string> topics;  // seek: none: all that the group has offsets of
  std::optional<int32_t> partition;
  bool make = false;     // seek: the group need not be there yet
  bool dry_run = false;  // seek: only print what would be
  bool yes = false;      // delete without asking
};

ExitCode list_groups(io::World world, const GroupOptions& options);
ExitCode describe_group(io::World world, const GroupOptions& options);
// Moves the offsets of a group without members, and prints them.
ExitCode seek_group(io::World world, const GroupOptions& options);
ExitCode delete_groups(io::World world, const GroupOptions& options);

}  // namespace millrace::cli
