#pragma once

#include <optional>
#include <string_view>

#include "cli/exit_code.h"

namespace millrace::cli {

// help filesystem, help json, help table: what a connector or format does and the options that WITH
// takes, as the pages of docs/reference show them. Nothing: `word` is none of them.
std::optional<ExitCode> explain_options(std::string_view word);

}  // namespace millrace::cli
