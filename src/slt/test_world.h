#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace millrace::slt {

// TestWorld: under which circumstances files are run, as a .world file says it: a line each,
// `name = value`.
struct TestWorld {
  std::string name = "default";
  uint32_t workers = 1;
  bool crash_at_barriers = false;                             // `crash = barriers`
  bool crash_at_pushes = false;                               // `crash = pushes`: at barriers, too
  std::vector<std::pair<std::string, std::string>> settings;  // everything else: SET name = value
};

// Failure: kSyntaxError, kInvalidOptionValue with file and line. Settings are checked when they are
// set.
Result<TestWorld> parse_world(std::string_view text, std::string_view file_name);

}  // namespace millrace::slt
