#pragma once

#include "base/error.h"

namespace millrace::cli {

// What the process ends with (docs/reference/cli.md).
enum class ExitCode : int {
  kOk = 0,
  kFailed = 1,
  kUsage = 2,
  kNotFound = 3,
  kConflict = 4,
  kNotAuthorised = 5,
  kUnavailable = 6,
  kTestFailed = 7,
  kInterrupted = 130,
  kReaderGone = 141,  // of stdout
};

// From the error's HTTP status: one table for all doors.
ExitCode exit_code(const Error& error);

// Prints the error to stderr and says what the process ends with.
ExitCode report(const Error& error);

}  // namespace millrace::cli
