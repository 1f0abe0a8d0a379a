#include "cli/shell/shell.h"

#include <fmt/core.h>
#include <unistd.h>

#include <cstdio>

#include "cli/output.h"
#include "cli/shell/line_reader.h"
#include "cli/shell/shell_names.h"
#include "cli/shell/shell_session.h"
#include "cli/signal_pipe.h"
#include "cli/version.h"

namespace millrace::cli {
namespace {

constexpr const char* kPrompt = "millrace> ";
constexpr const char* kPromptInside = "      ..> ";

std::string greeting(const DataFolder& folder) {
  return fmt::format("Millrace {}. \\? for help, \\q to leave. {}\n", version().number,
                     folder.temporary() ? "Nothing is kept; --data DIR keeps it."
                                        : "Data in " + folder.path() + ".");
}

Completion complete_file(std::string_view begun, io::FileSystem& files) {
  const std::string folder(begun.substr(0, begun.rfind('/') + 1));
  const std::string_view name = begun.substr(folder.size());
  const auto found = files.list(folder.empty() ? "." : folder);
  if (!found) return {};
  std::vector<std::string> names;
  for (const std::string& file : *found) {
    if (file.starts_with('.') && name.empty()) continue;
    const auto stat = files.stat(io::join_path(folder.empty() ? "." : folder, file));
    names.push_back(file + (stat && stat->is_folder ? "/" : ""));
  }
  Completion completion = matching(name, names);
  std::erase_if(completion.words, [&](const auto& word) { return !word.starts_with(name); });
  return completion;
}

// Behind a backslash.
Completion complete_command(std::string_view text, NameSource& names, io::FileSystem& files) {
  const size_t end = text.find(' ');
  if (end == text.npos) {
    Completion found = matching(text, shell_command_names());
    if (found.words.size() == 1) found.words.front() += ' ';
    return found;
  }
  const std::string_view begun = text.substr(text.rfind(' ') + 1);
  const auto line = parse_shell_line(text.substr(0, end));
  if (!line) return {};
  switch (line->command) {
    case ShellCommand::kDescribe:
    case ShellCommand::kDefinition:
      return matching(begun, names.tables());
    case ShellCommand::kFunctions:
      return matching(begun, names.functions());
    case ShellCommand::kInclude:
      return complete_file(begun, files);
    case ShellCommand::kFormat:
      return matching(begun, {"table", "json", "jsonl", "csv", "markdown"});
    case ShellCommand::kExpanded:
      return matching(begun, {"on", "off", "auto"});
    case ShellCommand::kTiming:
      return matching(begun, {"on", "off"});
    default:
      return {};
  }
}

// All statements of a line: what is typed behind one that fails is wanted, too.
void feed(ShellSession& session, std::string line) {
  while (true) {
    const auto done = session.feed(std::exchange(line, {}), "", 1);
    if (done) return;
    if (done.error().code() == ErrorCode::kCancelled) {
      write_err("interrupted\n");
    } else {
      report(done.error());
    }
  }
}

// Until the user leaves: an error ends nothing.
void talk(Embedded& embedded, ShellSession& session) {
  // Between the moments when somebody waits for them.
  const SignalPipe signals{SIGINT, SIGTERM, SIGHUP};
  ShellNames names(embedded.session());
  io::FileSystem& files = embedded.world().files;
  LineReader reader(HistoryFile(files, history_path()),
                    [&](std::string_view before, std::string_view after) {
                      if (session.pending().empty() && before.starts_with('\\')) {
                        return complete_command(before, names, files);
                      }
                      const std::string begun = session.pending() + std::string(before);
                      return complete_statement(begun, after, names);
                    });
  std::string line;
  while (!session.left() && !out_failed() && !embedded.told_to_end()) {
    embedded.client().look().columns = screen_columns();
    const auto outcome = reader.next(session.pending().empty() ? kPrompt : kPromptInside, line);
    if (outcome == LineReader::Outcome::kEnd) return;
    if (outcome == LineReader::Outcome::kCancelled) {
      session.forget();
      continue;
    }
    feed(session, line);
    reader.remember(session.take_typed());
  }
}

std::string next_piped_line() {
  std::string line;
  for (int byte = std::getchar(); byte != EOF; byte = std::getchar()) {
    line.push_back(static_cast<char>(byte));
    if (byte == '\n') break;
  }
  return line;
}

Result<void> read_pipe(ShellSession& session) {
  size_t number = 1;
  for (std::string line = next_piped_line(); !line.empty(); line = next_piped_line()) {
    MILLRACE_TRY(session.feed(line, "stdin", number++));
    if (session.left() || out_failed()) return {};
  }
  return session.finish("stdin");
}

Result<void> run_given(ShellSession& session, const RunOptions& options, io::World world) {
  for (const std::string& command : options.commands) {
    MILLRACE_TRY(session.run_script(command, "-c"));
    if (session.left() || out_failed()) return {};
  }
  for (const std::string& file : options.files) {
    const std::string text = MILLRACE_TRY(read_script(world, file));
    MILLRACE_TRY(session.run_script(text, file == "-" ? "stdin" : file));
    if (session.left() || out_failed()) return {};
  }
  return {};
}

Result<void> run_shell(io::World world, const RunOptions& options) {
  const bool given = !options.commands.empty() || !options.files.empty();
  const bool terminal = !given && isatty(STDIN_FILENO) != 0 && isatty(STDOUT_FILENO) != 0;
  TerminalOptions look = terminal_options(options);
  if (terminal) look.look.expanded = Expanded::kAuto;
  look.document = !terminal;
  const auto embedded = MILLRACE_TRY(Embedded::open(world, options, look, true));
  ShellSession session(*embedded, terminal);
  if (given) return run_given(session, options, world);
  if (!terminal) return read_pipe(session);
  if (!options.quiet) write_err(greeting(embedded->folder()));
  talk(*embedded, session);
  return {};
}

}  // namespace

ExitCode shell(io::World world, const RunOptions& options) {
  return conclude(run_shell(world, options));
}

}  // namespace millrace::cli
