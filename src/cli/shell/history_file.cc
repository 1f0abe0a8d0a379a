#include "cli/shell/history_file.h"

#include <sys/stat.h>

#include <cstdlib>
#include <span>

namespace millrace::cli {
namespace {

constexpr mode_t kOwnerOnly = S_IRUSR | S_IWUSR;

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text));
}

}  // namespace

HistoryFile::HistoryFile(io::FileSystem& files, std::string path)
    : files_(files), path_(std::move(path)) {}

std::vector<std::string> HistoryFile::load() {
  if (path_.empty()) return {};
  const auto text = io::read_file(files_, path_);
  if (!text) return {};
  std::vector<std::string> lines;
  for (std::string_view rest = text->view(); !rest.empty();) {
    const size_t end = std::min(rest.find('\n'), rest.size());
    if (end > 0) lines.emplace_back(rest.substr(0, end));
    rest.remove_prefix(std::min(rest.size(), end + 1));
  }
  const bool long_enough = lines.size() > 2 * kLinesMax;
  if (lines.size() > kLinesMax) {
    lines.erase(lines.begin(), lines.end() - static_cast<std::ptrdiff_t>(kLinesMax));
  }
  if (long_enough) rewrite(lines);
  return lines;
}

void HistoryFile::append(std::string_view line) {
  if (path_.empty() || line.empty()) return;
  auto file = files_.open(path_, io::OpenMode::kCreate);
  if (!file) return;
  chmod(path_.c_str(), kOwnerOnly);
  const auto bytes = (*file)->size();
  // What cannot be written is not remembered.
  if (bytes) (void)(*file)->write_at(*bytes, bytes_of(std::string(line) + "\n"));
}

void HistoryFile::rewrite(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  (void)io::replace_file(files_, path_, bytes_of(text));
  chmod(path_.c_str(), kOwnerOnly);
}

std::string history_path() {
  if (const char* path = std::getenv("MILLRACE_HISTORY")) return path;
  const char* home = std::getenv("HOME");
  return home == nullptr ? std::string() : io::join_path(home, ".millrace_history");
}

}  // namespace millrace::cli
