#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/exit_code.h"

namespace millrace::cli {

// help MR-2006, help 2006: what the error means and what to do; help filesystem, help json, help
// table: options. nullopt: `word` is none of these.
std::optional<ExitCode> explain_word(const std::string& word);

// `word` is nothing that help knows, nor one of these commands; the nearest of all that it could
// be.
ExitCode unknown_word(const std::string& word, std::vector<std::string> commands);

}  // namespace millrace::cli
