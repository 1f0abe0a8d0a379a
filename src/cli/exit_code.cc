#include "cli/exit_code.h"

#include "cli/output.h"

namespace millrace::cli {

ExitCode exit_code(const Error& error) {
  switch (error.code()) {
    case ErrorCode::kInvalidOption:
      return ExitCode::kUsage;
    case ErrorCode::kCancelled:
      return ExitCode::kInterrupted;
    case ErrorCode::kIoFailed:
    case ErrorCode::kSyncFailed:
      return ExitCode::kUnavailable;
    default:
      break;
  }
  switch (error_info(error.code()).http_status) {
    case 401:
    case 403:
      return ExitCode::kNotAuthorised;
    case 404:
      return ExitCode::kNotFound;
    case 409:
      return ExitCode::kConflict;
    case 503:
    case 504:
    case 507:
      return ExitCode::kUnavailable;
    default:
      return ExitCode::kFailed;
  }
}

ExitCode report(const Error& error) {
  write_err(error.to_string() + "\n");
  return exit_code(error);
}

}  // namespace millrace::cli
