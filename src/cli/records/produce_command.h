#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/exit_code.h"
#include "cli/target.h"
#include "io/world.h"

namespace millrace::cli {

struct ProduceOptions {
  TargetOptions target;
  std::string topic;
  std::vector<std::string> files;  // none: stdin
  std::string key_separator;
  std::optional<std::string> key;
  std::vector<std::string> headers;  // "name=value"
  std::optional<int32_t> partition;
  std::string delimiter = "\\n";  // empty: all of a file is one record
  bool tombstones = false;        // empty keys and values are NULL
  bool json = false;              // objects as consume prints them
  std::string acks = "all";
  std::string codec;
  bool quiet = false;
};

// Appends a record per piece of the input. Ends with 0 when each was acknowledged; otherwise the
// message names the line of the first that was not.
ExitCode produce(io::World world, const ProduceOptions& options);

}  // namespace millrace::cli
