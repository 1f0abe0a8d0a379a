#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace millrace::cli {

// A line of the shell that begins with a backslash.
enum class ShellCommand : unsigned char {
  kDescribe,    // \d
  kDefinition,  // \d+
  kTables,      // \dt
  kViews,       // \dv
  kFunctions,   // \df
  kExpanded,    // \x
  kFormat,      // \format
  kHelp,        // \h
  kInclude,     // \i
  kQuit,        // \q
  kReset,       // \r
  kTiming,      // \timing
  kWatch,       // \watch
  kCommands,    // \?
};

struct ShellLine {
  ShellCommand command;
  std::string argument;  // empty: none
};

// `text` begins with the backslash. Failure: kSyntaxError with the nearest command.
Result<ShellLine> parse_shell_line(std::string_view text);

// "\d", "\dt", …
std::vector<std::string> shell_command_names();

// What \? prints.
std::string shell_command_help();

}  // namespace millrace::cli
