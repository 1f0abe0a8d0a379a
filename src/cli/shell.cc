#include "cli/shell.h"

#include <fmt/core.h>
#include <histedit.h>
#include <unistd.h>

#include <cstdlib>
#include <optional>

#include "cli/data_folder.h"
#include "cli/interrupt.h"
#include "cli/terminal_client.h"
#include "cli/version.h"
#include "node/node.h"

namespace millrace::cli {
namespace {

constexpr std::string_view kHelp =
    "\\d            tables and views\n"
    "\\d NAME       columns of one\n"
    "\\timing       how long each statement takes, on or off\n"
    "\\q            leave (or Ctrl-D)\n"
    "A statement ends with a semicolon.\n";

// LineReader: lines from a terminal with editing and history, or from a pipe as they are.
class LineReader {
 public:
  LineReader() : terminal_(isatty(STDIN_FILENO) != 0) {
    if (!terminal_) return;
    edit_ = el_init("millrace", stdin, stdout, stderr);
    history_ = history_init();
    HistEvent event;
    history(history_, &event, H_SETSIZE, 10'000);
    const char* home = std::getenv("HOME");
    if (home != nullptr) file_ = std::string(home) + "/.millrace_history";
    if (!file_.empty()) history(history_, &event, H_LOAD, file_.c_str());
    el_set(edit_, EL_HIST, history, history_);
    el_set(edit_, EL_EDITOR, "emacs");
    el_set(edit_, EL_SIGNAL, 1);
    el_set(edit_, EL_CLIENTDATA, this);
    el_set(
        edit_, EL_PROMPT, +[](EditLine* edit) -> char* {
          LineReader* self = nullptr;
          el_get(edit, EL_CLIENTDATA, &self);
          return self->prompt_.data();
        });
  }
  ~LineReader() {
    if (!terminal_) return;
    HistEvent event;
    if (!file_.empty()) history(history_, &event, H_SAVE, file_.c_str());
    history_end(history_);
    el_end(edit_);
  }
  LineReader(const LineReader&) = delete;
  LineReader& operator=(const LineReader&) = delete;

  bool terminal() const { return terminal_; }

  std::optional<std::string> next(std::string prompt) {
    prompt_ = std::move(prompt);
    if (!terminal_) return next_piped();
    int length = 0;
    const char* line = el_gets(edit_, &length);
    if (line == nullptr || length <= 0) return std::nullopt;
    HistEvent event;
    history(history_, &event, H_ENTER, line);
    return std::string(line, static_cast<size_t>(length));
  }

 private:
  static std::optional<std::string> next_piped() {
    std::string line;
    for (int byte = std::getchar(); byte != EOF; byte = std::getchar()) {
      line.push_back(static_cast<char>(byte));
      if (byte == '\n') return line;
    }
    return line.empty() ? std::nullopt : std::optional(line);
  }

  const bool terminal_;
  std::string prompt_;
  std::string file_;
  EditLine* edit_ = nullptr;
  History* history_ = nullptr;
};

class Shell {
 public:
  Shell(io::World world, node::Node& node, TerminalOptions options)
      : world_(world), session_(node.new_session(true)), client_(options, node.formats()) {}

  session::Session& session() { return *session_; }

  void run() {
    LineReader reader;
    if (reader.terminal()) {
      write_err(fmt::format("Millrace {}. \\? for help, \\q to leave.\n", version().number));
    }
    std::string text;
    while (auto line = reader.next(text.empty() ? "millrace> " : "      ... ")) {
      if (text.empty() && line->starts_with('\\')) {
        if (!command(line->substr(1, line->find_last_not_of(" \n;")))) return;
        continue;
      }
      text += *line;
      while (const auto end = session::find_statement_end(text)) {
        execute(text.substr(0, *end));
        text.erase(0, *end);
      }
      if (text.find_first_not_of(" \t\r\n") == std::string::npos) text.clear();
    }
    if (!text.empty()) execute(text);
  }

 private:
  // False: leave.
  bool command(std::string_view word) {
    while (!word.empty() && (word.back() == '\n' || word.back() == ' ')) word.remove_suffix(1);
    if (word == "q") return false;
    if (word == "d") {
      execute("SHOW TABLES; SHOW VIEWS;");
    } else if (word.starts_with("d ")) {
      execute(fmt::format("DESCRIBE {};", word.substr(2)));
    } else if (word == "timing") {
      timing_ = !timing_;
      write_err(fmt::format("timing is {}\n", timing_ ? "on" : "off"));
    } else {
      write_err(kHelp);
    }
    return true;
  }

  void execute(const std::string& text) {
    const io::MonotonicTime before = world_.clock.now();
    const Interrupt interrupt([this] { session_->request_stop(); });
    const auto result = session_->execute(text, "", client_);
    if (!result) report(result.error());
    if (!timing_) return;
    write_err(fmt::format("{:.1f} ms\n",
                          static_cast<double>(world_.clock.now() - before) / io::kNsPerMs));
  }

  io::World world_;
  const std::unique_ptr<session::Session> session_;
  TerminalClient client_;
  bool timing_ = false;
};

Result<void> run_shell(io::World world, const RunOptions& options) {
  const OutputFormat format = MILLRACE_TRY(parse_output_format(options.output));
  const DataFolder folder = MILLRACE_TRY(DataFolder::open(world, options.data));
  auto node = MILLRACE_TRY(node::Node::open(world, {.data_folder = folder.path(),
                                                    .durable = !folder.temporary(),
                                                    .print = write_out,
                                                    .on_fatal = stop_process}));
  Shell shell(world, *node, {.format = format, .progress = isatty(STDERR_FILENO) != 0});
  MILLRACE_TRY(apply_settings(shell.session(), options));
  shell.run();
  return {};
}

}  // namespace

ExitCode shell(io::World world, const RunOptions& options) {
  const auto result = run_shell(world, options);
  return result ? ExitCode::kOk : report(result.error());
}

}  // namespace millrace::cli
