#include "cli/shell/shell_session.h"

#include <fmt/core.h>
#include <poll.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "cli/help_command.h"
#include "cli/output.h"
#include "cli/shell/shell_names.h"
#include "cli/signal_pipe.h"
#include "data/builder.h"
#include "data/datetime_text.h"

namespace millrace::cli {
namespace {

constexpr int kIncludeDepthMax = 16;
constexpr double kWatchSeconds = 2;
constexpr double kWatchSecondsMax = 86'400;

// How many bytes at the beginning are blanks and comments that have ended.
size_t blank_bytes(std::string_view text) {
  size_t at = 0;
  while (at < text.size()) {
    const std::string_view rest = text.substr(at);
    const bool line = rest.starts_with("--");
    if (line || rest.starts_with("/*")) {
      const size_t end = rest.find(line ? "\n" : "*/", 2);
      if (end == rest.npos) return at;
      at += end + (line ? 1 : 2);
    } else if (rest.front() > ' ') {
      return at;
    } else {
      ++at;
    }
  }
  return at;
}

size_t lines_in(std::string_view text) {
  return static_cast<size_t>(std::ranges::count(text, '\n'));
}

std::string_view without_blanks(std::string_view text) {
  while (!text.empty() && text.back() <= ' ') text.remove_suffix(1);
  while (!text.empty() && text.front() <= ' ') text.remove_prefix(1);
  return text;
}

// Where \watch stands behind a statement: SELECT 1 \watch 5.
std::optional<size_t> trailing_watch(std::string_view text) {
  const size_t at = text.rfind("\\watch");
  if (at == text.npos || text.find('\'', at) != text.npos) return std::nullopt;
  const bool quoted = std::ranges::count(text.substr(0, at), '\'') % 2 != 0;
  return quoted ? std::nullopt : std::optional(at);
}

// "on", "off", or the other one.
Result<bool> read_switch(const std::string& value, bool now) {
  if (value.empty()) return !now;
  if (value == "on" || value == "off") return value == "on";
  return Error(ErrorCode::kInvalidOptionValue, fmt::format("'{}' is neither on nor off", value));
}

Error argument_missing(std::string_view command, std::string_view what) {
  return Error(ErrorCode::kSyntaxError, fmt::format("{} needs {}", command, what));
}

}  // namespace

Result<void> ShellSession::feed(std::string_view text, std::string_view name, size_t line) {
  const std::string_view word = without_blanks(text);
  if (pending_.empty() &&
      (word == "exit" || word == "quit" || word == "exit;" || word == "quit;")) {
    left_ = true;
    return {};
  }
  if (word.starts_with('\\') && (pending_.empty() || parse_shell_line(word))) return run_line(word);
  if (pending_.empty()) pending_line_ = line;
  if (const auto at = trailing_watch(text)) {
    pending_ += text.substr(0, *at);
    return run_line(text.substr(*at));
  }
  pending_ += text;
  while (true) {
    const size_t blank = blank_bytes(pending_);
    pending_line_ += lines_in(std::string_view(pending_).substr(0, blank));
    pending_.erase(0, blank);
    const auto end = session::find_statement_end(pending_);
    if (!end) return {};
    const std::string statement = pending_.substr(0, *end);
    pending_.erase(0, *end);
    const size_t at = std::exchange(pending_line_, pending_line_ + lines_in(statement));
    typed_ += statement;
    MILLRACE_TRY(execute(statement, name, at));
  }
}

Result<void> ShellSession::finish(std::string_view name) {
  const std::string rest = std::exchange(pending_, {});
  if (blank_bytes(rest + "\n") == rest.size() + 1) return {};
  return execute(rest, name, pending_line_);
}

Result<void> ShellSession::execute(std::string text, std::string_view name, size_t line) {
  newest_ = text;
  // In a script the places of errors are those of the script.
  if (!name.empty()) text.insert(0, line - 1, '\n');
  const io::MonotonicTime before = embedded_.world().clock.now();
  const auto done = embedded_.execute(text, name);
  if (by_hand_) embedded_.client().finish();
  if (timing_) {
    const auto took = static_cast<double>(embedded_.world().clock.now() - before);
    write_err(fmt::format("time: {:.1f} ms\n", took / io::kNsPerMs));
  }
  return done;
}

Result<void> ShellSession::run_script(std::string_view text, std::string_view name) {
  size_t begun = 0;
  const auto flush = [&](size_t end) {
    const std::string_view part = text.substr(begun, end - begun);
    const size_t line = lines_in(text.substr(0, begun)) + 1;
    return without_blanks(part).empty() ? Result<void>() : execute(std::string(part), name, line);
  };
  for (size_t at = 0; at < text.size() && !left_;) {
    at += blank_bytes(text.substr(at));
    if (at < text.size() && text[at] == '\\') {
      MILLRACE_TRY(flush(at));
      const size_t end = std::min(text.find('\n', at), text.size());
      MILLRACE_TRY(run_line(text.substr(at, end - at)));
      begun = at = end;
      continue;
    }
    const auto end = session::find_statement_end(text.substr(at));
    at = end ? at + *end : text.size();
  }
  return left_ ? Result<void>() : flush(text.size());
}

Result<void> ShellSession::run_line(std::string_view text) {
  typed_ = pending_.empty() ? std::string(text) : pending_ + std::string(text);
  return carry_out(MILLRACE_TRY(parse_shell_line(text)));
}

Result<void> ShellSession::carry_out(const ShellLine& line) {
  const std::string& argument = line.argument;
  switch (line.command) {
    case ShellCommand::kDescribe:
      return argument.empty() ? show_relations() : execute("DESCRIBE " + argument + ";", "", 1);
    case ShellCommand::kDefinition:
      return argument.empty() ? show_relations() : show_definition(argument);
    case ShellCommand::kTables:
      return execute("SHOW TABLES;", "", 1);
    case ShellCommand::kViews:
      return execute("SHOW VIEWS;", "", 1);
    case ShellCommand::kFunctions:
      return show_functions(argument);
    case ShellCommand::kHelp:
      return explain(argument);
    case ShellCommand::kInclude:
      return include(argument);
    case ShellCommand::kReset:
      forget();
      return {};
    case ShellCommand::kWatch:
      return watch(argument);
    case ShellCommand::kTiming:
      return set_timing(argument);
    case ShellCommand::kExpanded:
      return set_expanded(argument);
    case ShellCommand::kFormat:
      return set_format(argument);
    case ShellCommand::kQuit:
      left_ = true;
      return {};
    case ShellCommand::kCommands:
      write_out(shell_command_help());
      flush_out();
      return {};
  }
  return {};
}

Result<void> ShellSession::show_relations() {
  const auto relations =
      MILLRACE_TRY(collect_rows(embedded_.session(), "SHOW TABLES; SHOW VIEWS;"));
  std::vector<data::Field> fields;
  for (const char* name : {"name", "kind", "comment"}) {
    fields.push_back({.name = name, .type = data::TypeKind::kVarchar, .nullable = false});
  }
  const auto schema = data::make_schema(std::move(fields));
  TerminalClient& client = embedded_.client();
  client.begin_rows(schema, false);
  data::BatchBuilder rows(schema);
  for (const std::vector<std::string>& relation : relations) {
    rows.append_row(std::vector<data::Value>(relation.begin(), relation.end()));
    if (rows.full()) client.rows(rows.finish());
  }
  if (!rows.empty()) client.rows(rows.finish());
  client.end_rows();
  if (by_hand_) client.finish();
  return {};
}

Result<void> ShellSession::show_definition(const std::string& name) {
  const auto lines =
      MILLRACE_TRY(collect_rows(embedded_.session(), fmt::format("SHOW CREATE TABLE {};", name)));
  for (const std::vector<std::string>& line : lines) write_out(line.front() + "\n");
  flush_out();
  return {};
}

Result<void> ShellSession::show_functions(std::string pattern) {
  if (pattern.empty()) return execute("SHOW FUNCTIONS;", "", 1);
  std::ranges::replace(pattern, '*', '%');
  std::ranges::transform(pattern, pattern.begin(),
                         [](char c) { return c >= 'a' && c <= 'z' ? c - 32 : c; });
  std::erase(pattern, '\'');
  return execute(fmt::format("SHOW FUNCTIONS LIKE '{}';", pattern), "", 1);
}

Result<void> ShellSession::include(const std::string& path) {
  if (path.empty()) return argument_missing("\\i", "the name of a file");
  if (depth_ == kIncludeDepthMax) {
    return Error(ErrorCode::kTooDeep, "scripts include each other too deeply").at(path);
  }
  const std::string text = MILLRACE_TRY(read_script(embedded_.world(), path));
  ++depth_;
  const std::string typed = std::move(typed_);
  const auto done = run_script(text, path);
  typed_ = typed;
  --depth_;
  return done;
}

Result<void> ShellSession::watch(const std::string& argument) {
  double seconds = kWatchSeconds;
  const auto [end, error] =
      std::from_chars(argument.data(), argument.data() + argument.size(), seconds);
  const bool whole =
      end == argument.data() + argument.size() && (argument.empty() || error == std::errc());
  if (!whole || seconds < 0.1 || seconds > kWatchSecondsMax) {
    return Error(ErrorCode::kInvalidOptionValue,
                 fmt::format("'{}' is no number of seconds from 0.1 to 86400", argument));
  }
  const std::string rest = std::exchange(pending_, {});
  const std::string statement = without_blanks(rest).empty() ? newest_ : rest;
  if (statement.empty()) return argument_missing("\\watch", "a statement before it");
  const SignalPipe signals{SIGINT, SIGTERM, SIGHUP};
  while (!out_failed()) {
    const int64_t now_us = embedded_.world().clock.wall_us();
    const auto now = data::to_string(data::Value(now_us), data::Type::timestamp(0));
    write_err(fmt::format("{}, every {} s\n", now, seconds));
    MILLRACE_TRY(execute(statement, "", 1));
    pollfd ready = {signals.descriptor(), POLLIN, 0};
    if (poll(&ready, 1, static_cast<int>(seconds * 1000)) > 0) {
      return Error(ErrorCode::kCancelled, "interrupted");
    }
  }
  return {};
}

Result<void> ShellSession::set_timing(const std::string& value) {
  timing_ = MILLRACE_TRY(read_switch(value, timing_));
  write_err(fmt::format("timing is {}\n", timing_ ? "on" : "off"));
  return {};
}

Result<void> ShellSession::set_expanded(const std::string& value) {
  Look& look = embedded_.client().look();
  if (value == "auto") {
    look.expanded = Expanded::kAuto;
  } else {
    const bool on = MILLRACE_TRY(read_switch(value, look.expanded == Expanded::kOn));
    look.expanded = on ? Expanded::kOn : Expanded::kOff;
  }
  const char* const names[] = {"off", "on", "auto"};
  write_err(fmt::format("a line per value: {}\n", names[static_cast<int>(look.expanded)]));
  return {};
}

Result<void> ShellSession::set_format(const std::string& value) {
  if (value.empty()) return argument_missing("\\format", "table, json, jsonl, csv or markdown");
  embedded_.client().look().format = MILLRACE_TRY(parse_output_format(value));
  return {};
}

Result<void> ShellSession::explain(const std::string& word) {
  if (word.empty()) {
    write_out(shell_command_help());
  } else if (!explain_word(word)) {
    unknown_word(word, {});
  }
  flush_out();
  return {};
}

}  // namespace millrace::cli
