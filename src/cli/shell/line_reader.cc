#include "cli/shell/line_reader.h"

#include <histedit.h>
#include <langinfo.h>
#include <poll.h>
#include <unistd.h>
#include <utf8proc.h>

#include <algorithm>
#include <cerrno>
#include <clocale>
#include <cstdio>

#include "cli/output.h"
#include "cli/rows/text_width.h"
#include "cli/signal_pipe.h"

namespace millrace::cli {
namespace {

constexpr std::string_view kPasteMarksOn = "\x1b[?2004h";
constexpr std::string_view kPasteMarksOff = "\x1b[?2004l";
constexpr size_t kListedMax = 200;

// The editor counts letters, not bytes, only where the locale says that texts are UTF-8.
void take_utf8() {
  std::setlocale(LC_CTYPE, "");
  if (std::string_view(nl_langinfo(CODESET)) != "UTF-8") std::setlocale(LC_CTYPE, "C.UTF-8");
}

std::string_view common_beginning(const std::vector<std::string>& words) {
  std::string_view common = words.front();
  for (const std::string& word : words) {
    const auto differs = std::ranges::mismatch(common, word).in1;
    common = common.substr(0, static_cast<size_t>(differs - common.begin()));
  }
  while (!common.empty() && (words[0][common.size()] & 0xC0) == 0x80) common.remove_suffix(1);
  return common;
}

// Words side by side, as many as fit.
std::string in_columns(const std::vector<std::string>& words) {
  size_t width = 0;
  const size_t shown = std::min(words.size(), kListedMax);
  for (size_t n = 0; n < shown; ++n) width = std::max(width, width_of(words[n]) + 2);
  const size_t columns = std::max<size_t>(1, std::max<size_t>(screen_columns(), 40) / width);
  const size_t lines = (shown + columns - 1) / columns;
  std::string text;
  for (size_t line = 0; line < lines; ++line) {
    for (size_t n = line; n < shown; n += lines) {
      text += words[n];
      if (n + lines < shown) text += std::string(width - width_of(words[n]), ' ');
    }
    text += '\n';
  }
  if (shown < words.size()) text += "… " + std::to_string(words.size() - shown) + " more\n";
  return text;
}

// A text as one line; empty where that would change what it means: a comment ends with its line.
std::string joined(std::string_view text) {
  std::string line;
  bool quoted = false;
  for (size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '\'') quoted = !quoted;
    if (!quoted && text.substr(at).starts_with("--")) return {};
    if (text[at] == '\n' && quoted) return {};
    line += text[at] == '\n' ? ' ' : text[at];
  }
  return line;
}

std::string_view trimmed(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t\r\n");
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

}  // namespace

struct LineReader::Editor {
  HistoryFile file;
  Complete complete;
  EditLine* edit = nullptr;  // null: the terminal understands nothing but lines
  History* history = nullptr;
  const SignalPipe* signals = nullptr;  // while a line is read
  std::string prompt;
  std::string newest;
  bool pasting = false;
  Outcome outcome = Outcome::kLine;

  static Editor& of(EditLine* edit) {
    Editor* self = nullptr;
    el_get(edit, EL_CLIENTDATA, &self);
    return *self;
  }

  void take(const std::string& line) {
    if (line.empty() || line == newest) return;
    newest = line;
    HistEvent event;
    ::history(history, &event, H_ENTER, line.c_str());
  }

  // Whether a letter can be read; false: the line ends here.
  bool wait_for_letter() {
    while (true) {
      pollfd ready[] = {{STDIN_FILENO, POLLIN, 0}, {signals->descriptor(), POLLIN, 0}};
      if (poll(ready, 2, -1) < 0 && errno != EINTR) return false;
      if (ready[1].revents == 0) {
        if (ready[0].revents != 0) return true;
        continue;
      }
      char signal = 0;
      if (read(signals->descriptor(), &signal, 1) != 1) return false;
      if (signal == SIGINT) outcome = Outcome::kCancelled;
      if (signal == SIGTERM || signal == SIGHUP || signal == SIGPIPE) outcome = Outcome::kEnd;
      if (outcome != Outcome::kLine) return false;
      if (edit == nullptr) continue;
      el_resize(edit);
      el_set(edit, EL_REFRESH);
    }
  }

  bool read_edited(std::string& line) {
    // Before the prompt, so that what is typed at its sight is taken letter by letter.
    el_set(edit, EL_PREP_TERM, 1);
    write_out(kPasteMarksOn);
    flush_out();
    int bytes = 0;
    const char* text = el_gets(edit, &bytes);
    write_out(kPasteMarksOff);
    if (text == nullptr || bytes <= 0) return false;
    line.assign(text, static_cast<size_t>(bytes));
    return true;
  }

  bool read_plain(std::string& line) {
    write_out(prompt);
    flush_out();
    line.clear();
    while (!line.ends_with('\n')) {
      char byte = 0;
      if (!wait_for_letter() || read(STDIN_FILENO, &byte, 1) != 1) return false;
      line += byte;
    }
    return true;
  }

  int read_letter(wchar_t* letter) {
    if (!wait_for_letter()) {
      errno = EINTR;
      return -1;
    }
    utf8proc_uint8_t bytes[4];
    utf8proc_ssize_t count = 0;
    utf8proc_int32_t code = -1;
    while (count < 4 && code < 0) {
      const auto got = read(STDIN_FILENO, &bytes[count], 1);
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) return 0;
      ++count;
      if (utf8proc_iterate(bytes, count, &code) <= 0) code = -1;
    }
    *letter = code < 0 ? L'?' : static_cast<wchar_t>(code);
    return 1;
  }

  // Whether more has come than a person types at once.
  static bool more_waits() {
    pollfd ready = {STDIN_FILENO, POLLIN, 0};
    return poll(&ready, 1, 0) > 0;
  }

  unsigned char on_tab() {
    if (pasting || more_waits()) {
      el_insertstr(edit, "  ");
      return CC_REFRESH;
    }
    const LineInfo* info = el_line(edit);
    const std::string before(info->buffer, info->cursor);
    const std::string after(info->cursor, info->lastchar);
    const Completion found = complete(before, after);
    if (found.words.empty()) return CC_REFRESH_BEEP;
    const std::string_view common = common_beginning(found.words);
    const std::string begun = before.substr(before.size() - found.begun);
    if (found.words.size() > 1 && common.size() <= begun.size()) {
      write_out("\n" + in_columns(found.words));
      flush_out();
      return CC_REDISPLAY;
    }
    size_t letters = 0;
    for (const char byte : begun) letters += (byte & 0xC0) != 0x80;
    el_deletestr(edit, static_cast<int>(letters));
    el_insertstr(edit, std::string(common).c_str());
    return CC_REFRESH;
  }

  void bind_keys() {
    el_set(
        edit, EL_ADDFN, "millrace-complete", "Completes the word",
        +[](EditLine* line, int) { return of(line).on_tab(); });
    el_set(
        edit, EL_ADDFN, "millrace-paste", "What comes is pasted",
        +[](EditLine* line, int) -> unsigned char {
          of(line).pasting = true;
          return CC_NORM;
        });
    el_set(
        edit, EL_ADDFN, "millrace-typed", "What comes is typed",
        +[](EditLine* line, int) -> unsigned char {
          of(line).pasting = false;
          return CC_NORM;
        });
    constexpr const char* kKeys[][2] = {
        {"^I", "millrace-complete"},       {"\\e[200~", "millrace-paste"},
        {"\\e[201~", "millrace-typed"},    {"^R", "em-inc-search-prev"},
        {"\\e[3~", "ed-delete-next-char"}, {"\\e[H", "ed-move-to-beg"},
        {"\\e[F", "ed-move-to-end"},       {"\\e[1~", "ed-move-to-beg"},
        {"\\e[4~", "ed-move-to-end"},      {"\\e[1;5C", "em-next-word"},
        {"\\e[1;5D", "ed-prev-word"},
    };
    for (const auto& [key, function] : kKeys) el_set(edit, EL_BIND, key, function, nullptr);
  }
};

LineReader::LineReader(HistoryFile history_file, Complete complete)
    : editor_(std::make_unique<Editor>(std::move(history_file), std::move(complete))) {
  take_utf8();
  Editor& editor = *editor_;
  editor.history = history_init();
  HistEvent event;
  history(editor.history, &event, H_SETSIZE, static_cast<int>(HistoryFile::kLinesMax));
  for (const std::string& line : editor.file.load()) editor.take(line);
  if (!is_screen(STDOUT_FILENO)) return;
  editor.edit = el_init("millrace", stdin, stdout, stderr);
  el_set(editor.edit, EL_CLIENTDATA, &editor);
  el_set(editor.edit, EL_HIST, history, editor.history);
  el_set(editor.edit, EL_EDITOR, "emacs");
  el_set(editor.edit, EL_SIGNAL, 0);
  el_set(
      editor.edit, EL_GETCFN,
      +[](EditLine* edit, wchar_t* letter) { return Editor::of(edit).read_letter(letter); });
  el_set(
      editor.edit, EL_PROMPT,
      +[](EditLine* edit) -> char* { return Editor::of(edit).prompt.data(); });
  editor.bind_keys();
}

LineReader::~LineReader() {
  history_end(editor_->history);
  if (editor_->edit != nullptr) el_end(editor_->edit);
}

LineReader::Outcome LineReader::next(const std::string& prompt, std::string& line) {
  const SignalPipe signals{SIGINT, SIGTERM, SIGHUP, SIGWINCH, SIGCONT};
  Editor& editor = *editor_;
  editor.signals = &signals;
  editor.prompt = prompt;
  editor.outcome = Outcome::kLine;
  const bool read = editor.edit == nullptr ? editor.read_plain(line) : editor.read_edited(line);
  editor.signals = nullptr;
  if (read) return Outcome::kLine;
  editor.pasting = false;
  write_out("\n");
  flush_out();
  return editor.outcome == Outcome::kLine ? Outcome::kEnd : editor.outcome;
}

void LineReader::remember(std::string_view text) {
  text = trimmed(text);
  const std::string whole = joined(text);
  if (!whole.empty() || text.empty()) {
    if (whole != editor_->newest) editor_->file.append(whole);
    return editor_->take(whole);
  }
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string line(trimmed(text.substr(0, end)));
    if (line != editor_->newest) editor_->file.append(line);
    editor_->take(line);
    text.remove_prefix(std::min(text.size(), end + 1));
  }
}

}  // namespace millrace::cli
