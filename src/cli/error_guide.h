#pragma once

#include <string_view>

#include "base/error.h"

namespace millrace::cli {

// What `help MR-1234` says besides the error table: what leads to the error, and what to do.
std::string_view error_guide(ErrorCode code);

}  // namespace millrace::cli
