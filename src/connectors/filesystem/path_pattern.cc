#include "connectors/filesystem/path_pattern.h"

#include <fmt/core.h>

#include "base/nearest.h"

namespace millrace::connectors {
namespace {

bool is_hidden(std::string_view name) {
  return name.starts_with('.') || name.starts_with('_');
}

Error not_found(io::FileSystem& files, const std::string& path) {
  const std::string folder(io::parent_path(path));
  Error error(ErrorCode::kFileNotFound, fmt::format("there is no file '{}'", path));
  const auto names = files.list(folder.empty() ? "." : folder);
  if (!names) return std::move(error).remedy("Check option 'path'.");
  const std::vector<std::string_view> known(names->begin(), names->end());
  return std::move(error).remedy(nearest_remedy(io::file_name(path), known));
}

bool is_pattern(std::string_view name) {
  return name.find_first_of("*?") != std::string_view::npos;
}

Result<void> collect(io::FileSystem& files, const std::string& path,
                     std::vector<std::string>& found) {
  const io::FileStat stat = MILLRACE_TRY(files.stat(path));
  if (!stat.is_folder) {
    found.push_back(path);
    return {};
  }
  for (const std::string& name : MILLRACE_TRY(files.list(path))) {
    if (!is_hidden(name)) MILLRACE_TRY(collect(files, io::join_path(path, name), found));
  }
  return {};
}

// What is there and fits `path`, whose every part may be a pattern.
Result<std::vector<std::string>> matching(io::FileSystem& files, const std::string& path) {
  std::vector<std::string> found;
  const std::string_view last = io::file_name(path);
  const std::string above(io::parent_path(path));
  std::vector<std::string> folders = {above};
  if (is_pattern(above)) folders = MILLRACE_TRY(matching(files, above));
  for (const std::string& folder : folders) {
    if (!is_pattern(last)) {
      const std::string there = io::join_path(folder, last);
      if (files.stat(there)) found.push_back(there);
      continue;
    }
    const auto stat = files.stat(folder);
    if (!stat || !stat->is_folder) continue;
    for (const std::string& name : MILLRACE_TRY(files.list(folder))) {
      if (is_hidden(name) || !matches_pattern(last, name)) continue;
      found.push_back(folder == "." ? name : io::join_path(folder, name));
    }
  }
  return found;
}

}  // namespace

bool matches_pattern(std::string_view pattern, std::string_view name) {
  size_t at = 0;
  size_t star = std::string_view::npos;
  size_t star_name = 0;
  for (size_t next = 0; next < name.size();) {
    if (at < pattern.size() && pattern[at] == '*') {
      star = at++;
      star_name = next;
    } else if (at < pattern.size() && (pattern[at] == '?' || pattern[at] == name[next])) {
      ++at;
      ++next;
    } else if (star != std::string_view::npos) {
      at = star + 1;
      next = ++star_name;
    } else {
      return false;
    }
  }
  while (at < pattern.size() && pattern[at] == '*') ++at;
  return at == pattern.size();
}

Result<std::vector<std::string>> expand_path(io::FileSystem& files, const std::string& path) {
  std::vector<std::string> found;
  if (files.stat(path)) {
    MILLRACE_TRY(collect(files, path, found));
    return found;
  }
  if (!is_pattern(path)) return not_found(files, path);
  for (const std::string& fitting : MILLRACE_TRY(matching(files, path))) {
    MILLRACE_TRY(collect(files, fitting, found));
  }
  if (found.empty()) return not_found(files, path);
  return found;
}

}  // namespace millrace::connectors
