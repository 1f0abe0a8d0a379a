#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/exit_code.h"

namespace millrace::cli {

// help connectors, help formats: their names. help filesystem, help json, help table: what a
// connector or format does and the options that WITH takes, as the pages of docs/reference show
// them. Nothing: `word` is none of them.
std::optional<ExitCode> explain_options(std::string_view word);
// The words that it takes.
std::vector<std::string> explained_options();

}  // namespace millrace::cli
