#include "cli/usage.h"

#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <utility>

#include "base/nearest.h"
#include "cli/rows/text_width.h"

namespace millrace::cli {
namespace {

using Row = std::pair<std::string, std::string>;

std::string path_of(const CLI::App& command) {
  const CLI::App* parent = command.get_parent();
  return parent == nullptr ? command.get_name() : path_of(*parent) + " " + command.get_name();
}

std::vector<const CLI::App*> commands_of(const CLI::App& command) {
  return command.get_subcommands([](const CLI::App*) { return true; });
}

bool repeats(const CLI::Option& option) {
  return option.get_items_expected_max() > 1;
}

std::string argument_text(const CLI::Option& option) {
  const std::string name = option.get_name(true, false) + (repeats(option) ? "…" : "");
  return option.get_required() ? name : "[" + name + "]";
}

// "-o, --output FORMAT".
std::string option_text(const CLI::Option& option) {
  std::string text;
  for (const std::string& letter : option.get_snames()) text += "-" + letter + ", ";
  if (text.empty()) text = "    ";
  bool first = true;
  for (const std::string& name : option.get_lnames()) {
    text += (std::exchange(first, false) ? "--" : ", --") + name;
  }
  const bool flag = option.get_items_expected_max() == 0;
  return flag ? text : text + " " + option.get_type_name();
}

constexpr size_t kColumns = 100;

// The words in lines that begin in this column.
std::string in_column(std::string_view words, size_t column) {
  std::string text;
  size_t left = kColumns - column;
  while (!words.empty()) {
    const size_t end = std::min(words.find(' '), words.size());
    const std::string_view word = words.substr(0, end);
    if (!text.empty() && width_of(word) + 1 > left) {
      text += "\n" + std::string(column, ' ');
      left = kColumns - column;
    } else if (!text.empty()) {
      text += ' ';
      --left;
    }
    text += word;
    left -= std::min(left, width_of(word));
    words.remove_prefix(std::min(words.size(), end + 1));
  }
  return text;
}

std::string section(std::string_view title, const std::vector<Row>& rows) {
  if (rows.empty()) return {};
  size_t width = 0;
  for (const Row& row : rows) width = std::max(width, width_of(row.first));
  std::string text = fmt::format("\n{}:\n", title);
  for (const auto& [name, meaning] : rows) {
    const std::string blanks(width - width_of(name) + 2, ' ');
    text += fmt::format("  {}{}{}\n", name, blanks, in_column(meaning, width + 4));
  }
  return text;
}

std::vector<std::string> option_names(const CLI::App& command) {
  std::vector<std::string> names;
  for (const CLI::Option* option : command.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  return names;
}

std::string nearest_of(std::string_view word, const std::vector<std::string>& names) {
  return nearest_remedy(word, std::vector<std::string_view>(names.begin(), names.end()));
}

std::string see(const CLI::App& command) {
  return fmt::format("'{} --help' shows all.", path_of(command));
}

// The library's message ends with the words that it could not use, the first of them last.
std::string last_word(std::string_view message) {
  return std::string(message.substr(message.rfind(' ') + 1));
}

Error unexpected(const CLI::App& command, const std::string& word) {
  const std::string path = path_of(command);
  if (!word.starts_with('-')) {
    return Error(ErrorCode::kInvalidOption, fmt::format("'{}' is one word too many", word))
        .at(path)
        .remedy(see(command));
  }
  const std::string name = word.substr(0, word.find('='));
  const auto names = option_names(command);
  const std::string near(
      nearest_name(name, std::vector<std::string_view>(names.begin(), names.end())));
  return Error(ErrorCode::kInvalidOption, fmt::format("there is no option '{}'", name))
      .at(path)
      .remedy(near.empty() ? see(command) : fmt::format("Did you mean '{}'?", near));
}

}  // namespace

std::string help_text(const CLI::App& command) {
  std::vector<Row> arguments, options, commands;
  std::string usage = path_of(command);
  for (const CLI::Option* option : command.get_options()) {
    if (!option->get_positional()) {
      options.emplace_back(option_text(*option), option->get_description());
    }
  }
  if (!options.empty()) usage += " [OPTION…]";
  for (const CLI::Option* option : command.get_options()) {
    if (!option->get_positional()) continue;
    usage += " " + argument_text(*option);
    arguments.emplace_back(option->get_name(true, false), option->get_description());
  }
  for (const CLI::App* below : commands_of(command)) {
    commands.emplace_back(below->get_name(), below->get_description());
  }
  if (!commands.empty()) usage += " COMMAND";
  return fmt::format("{}\n{}\nUsage: {}\n{}{}{}", command.get_description(), command.get_footer(),
                     usage, section("Arguments", arguments), section("Commands", commands),
                     section("Options", options));
}

const CLI::App& chosen_command(const CLI::App& program) {
  const std::vector<CLI::App*> chosen = program.get_subcommands();
  return chosen.empty() ? program : chosen_command(*chosen.front());
}

const CLI::App* find_command(const CLI::App& program, const std::vector<std::string>& words) {
  const CLI::App* command = &program;
  for (const std::string& word : words) {
    const auto below = commands_of(*command);
    const auto found = std::ranges::find(below, word, &CLI::App::get_name);
    if (found == below.end()) return nullptr;
    command = *found;
  }
  return command;
}

std::vector<std::string> command_names(const CLI::App& above) {
  std::vector<std::string> names;
  for (const CLI::App* known : commands_of(above)) names.push_back(known->get_name());
  return names;
}

std::optional<Error> unknown_command(const CLI::App& program,
                                     const std::vector<std::string>& words) {
  const CLI::App* command = &program;
  for (const std::string& word : words) {
    const auto below = commands_of(*command);
    if (below.empty() || word.starts_with('-')) return std::nullopt;
    const auto found = std::ranges::find(below, word, &CLI::App::get_name);
    if (found == below.end()) {
      return Error(ErrorCode::kInvalidOption,
                   fmt::format("'{}' is no command of {}", word, path_of(*command)))
          .remedy(nearest_of(word, command_names(*command)) + " " + see(*command));
    }
    command = *found;
  }
  return std::nullopt;
}

Error usage_error(const CLI::App& program, const CLI::ParseError& error) {
  const CLI::App& command = chosen_command(program);
  if (dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr) {
    return unexpected(command, last_word(error.what()));
  }
  if (dynamic_cast<const CLI::RequiredError*>(&error) != nullptr && !commands_of(command).empty()) {
    return Error(ErrorCode::kInvalidOption, path_of(command) + " needs a command behind it")
        .remedy(nearest_of("", command_names(command)) + " " + see(command));
  }
  return Error(ErrorCode::kInvalidOption, error.what()).at(path_of(command)).remedy(see(command));
}

}  // namespace millrace::cli
