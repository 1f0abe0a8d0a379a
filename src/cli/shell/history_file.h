#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "io/file_system.h"

namespace millrace::cli {

// HistoryFile: what was typed into earlier shells, a line each, for its owner's eyes only. Each
// line is in the file as soon as it was typed, whatever becomes of the shell; several shells share
// the file. Where it cannot be read or written, there is no history.
//
// Threading: confined to one thread.
class HistoryFile {
 public:
  static constexpr size_t kLinesMax = 5'000;

  // Empty: none is kept.
  HistoryFile(io::FileSystem& files, std::string path);
  // The newest kLinesMax lines; a file of many more is cut to them.
  std::vector<std::string> load();
  void append(std::string_view line);

 private:
  void rewrite(const std::vector<std::string>& lines);

  io::FileSystem& files_;
  const std::string path_;
};

// MILLRACE_HISTORY, else .millrace_history in the user's folder; empty: there is neither.
std::string history_path();

}  // namespace millrace::cli
