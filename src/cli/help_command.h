#pragma once

#include <string_view>

#include "cli/exit_code.h"

namespace millrace::cli {

// help MR-1234: what the error table knows of a code.
ExitCode explain_error(std::string_view code);

}  // namespace millrace::cli
