#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/exit_code.h"
#include "cli/target.h"
#include "io/world.h"

namespace millrace::cli {

struct ConsumeOptions {
  TargetOptions target;
  std::vector<std::string> topics;
  bool patterns = false;             // the topics are regular expressions
  std::vector<std::string> offsets;  // -o: where to begin, or "json"
  std::optional<int64_t> count;      // none: no bound
  std::optional<int32_t> partition;  // none: all of them
  std::string group;                 // empty: none
  std::optional<std::string> format;
  std::optional<std::string> delimiter;  // none: a line break, unless the format has one
  bool json = false;
  bool exit = false;  // at the end; a data directory is always read to its end only
  std::string isolation = "committed";
  bool quiet = false;
};

// Prints records as they come, until `count` of them, the end, or a signal: then what a group has
// printed is committed.
ExitCode consume(io::World world, const ConsumeOptions& options);

}  // namespace millrace::cli
