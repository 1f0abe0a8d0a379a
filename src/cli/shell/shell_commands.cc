#include "cli/shell/shell_commands.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>

#include "base/nearest.h"

namespace millrace::cli {
namespace {

using enum ShellCommand;

struct Row {
  std::string_view name;
  ShellCommand command;
  std::string_view argument;
  std::string_view does;
};

constexpr auto kTable = std::to_array<Row>({
    {"\\d", kDescribe, "[NAME]", "tables and views, or the columns of one"},
    {"\\d+", kDefinition, "NAME", "the statement that makes it"},
    {"\\dt", kTables, "", "tables"},
    {"\\dv", kViews, "", "views"},
    {"\\df", kFunctions, "[PATTERN]", "functions; \\df sub* those that begin so"},
    {"\\h", kHelp, "[WORD]", "options of a connector or format, or MR-2006"},
    {"\\i", kInclude, "FILE", "run a script"},
    {"\\r", kReset, "", "forget the statement that was begun (or Ctrl-C)"},
    {"\\watch", kWatch, "[SECONDS]", "the statement again and again (2 s), until Ctrl-C"},
    {"\\timing", kTiming, "[on|off]", "how long each statement takes"},
    {"\\x", kExpanded, "[on|off|auto]", "a line per value; auto: where a row is too wide"},
    {"\\format", kFormat, "[FORMAT]", "table, json, jsonl, csv or markdown"},
    {"\\q", kQuit, "", "leave (or Ctrl-D)"},
    {"\\?", kCommands, "", "this text"},
});

std::string_view trimmed(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t\r\n");
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n;") + 1 - first);
}

}  // namespace

Result<ShellLine> parse_shell_line(std::string_view text) {
  text = trimmed(text);
  const size_t end = std::min(text.find_first_of(" \t"), text.size());
  const std::string_view name = text.substr(0, end);
  const auto found = std::ranges::find(kTable, name, &Row::name);
  if (found != kTable.end()) {
    return ShellLine{found->command, std::string(trimmed(text.substr(end)))};
  }
  std::vector<std::string_view> names;
  for (const Row& row : kTable) names.push_back(row.name);
  const std::string_view near = nearest_name(name, names);
  return Error(ErrorCode::kSyntaxError, fmt::format("there is no command '{}'", name))
      .remedy(near.empty() ? "\\? lists the commands."
                           : fmt::format("Did you mean {}? \\? lists the commands.", near));
}

std::vector<std::string> shell_command_names() {
  std::vector<std::string> names;
  for (const Row& row : kTable) names.emplace_back(row.name);
  return names;
}

std::string shell_command_help() {
  std::string text;
  for (const Row& row : kTable) {
    text += fmt::format("{:<21}{}\n", fmt::format("{} {}", row.name, row.argument), row.does);
  }
  return text +
         "\nA statement ends with a semicolon and may have several lines. TAB completes, arrow up\n"
         "brings earlier statements back, Ctrl-R searches them, Ctrl-C cancels what is typed or\n"
         "runs.\n";
}

}  // namespace millrace::cli
