#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/error.h"

namespace CLI {
class App;
class ParseError;
}  // namespace CLI

namespace millrace::cli {

// What `--help` prints: what a command does, examples, arguments, options, commands below it. The
// examples are the footer of the App.
std::string help_text(const CLI::App& command);

// The command that was meant, as far as it was understood.
const CLI::App& chosen_command(const CLI::App& program);

// The command that these words name, one below the other; null: there is none.
const CLI::App* find_command(const CLI::App& program, const std::vector<std::string>& words);

std::vector<std::string> command_names(const CLI::App& above);

// The first word that should name a command below `program` and does not, with the nearest one;
// nullopt: each does.
std::optional<Error> unknown_command(const CLI::App& program,
                                     const std::vector<std::string>& words);

// Why the arguments cannot be used, with the nearest option.
Error usage_error(const CLI::App& program, const CLI::ParseError& error);

}  // namespace millrace::cli
