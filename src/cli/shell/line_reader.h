#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "cli/shell/history_file.h"

namespace millrace::cli {

// What could stand where the cursor is.
struct Completion {
  size_t begun = 0;                // bytes before the cursor that are its beginning
  std::vector<std::string> words;  // with what follows each: a blank, a bracket, a quote
};

// LineReader: lines from a terminal, with editing, history and completion.
//
// Threading:  confined to one thread; one in a process.
class LineReader {
 public:
  // `before` and `after` are the parts of the line left and right of the cursor.
  using Complete = std::function<Completion(std::string_view before, std::string_view after)>;

  LineReader(HistoryFile history, Complete complete);
  ~LineReader();
  LineReader(const LineReader&) = delete;
  LineReader& operator=(const LineReader&) = delete;

  enum class Outcome : unsigned char {
    kLine,
    kCancelled,  // Ctrl-C: what was typed does not count
    kEnd,        // Ctrl-D on an empty line, or the terminal is gone
  };
  // The line comes with its line break.
  Outcome next(const std::string& prompt, std::string& line);

  // Arrow up brings it back, in this shell and later ones; a text of several lines as one.
  void remember(std::string_view text);

 private:
  struct Editor;
  const std::unique_ptr<Editor> editor_;
};

}  // namespace millrace::cli
