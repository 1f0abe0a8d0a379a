#include "log/data_format.h"

#include <fmt/core.h>

#include <charconv>

namespace millrace::log {

Result<void> check_format_line(io::FileSystem& files, const std::string& folder) {
  const std::string path = io::join_path(folder, kFormatName);
  const Buffer found = MILLRACE_TRY(io::read_file(files, path));
  if (found.view() == kFormatLine) return {};
  return Error(
             ErrorCode::kVersionMismatch,
             fmt::format("expected '{}', found '{}'", kFormatLine.substr(0, kFormatLine.size() - 1),
                         found.view().substr(0, found.view().find('\n'))))
      .at(path)
      .remedy("Use the version of Millrace that wrote this data directory.");
}

Result<uint32_t> read_generation(io::FileSystem& files, const std::string& folder) {
  const std::string path = io::join_path(folder, kGenerationName);
  const auto text = io::read_file(files, path);
  if (!text && text.error().code() == ErrorCode::kFileNotFound) return 0;
  if (!text) return text.error();
  uint32_t generation = 0;
  const std::string_view view = text->view();
  const auto parsed = std::from_chars(view.data(), view.data() + view.size(), generation);
  if (parsed.ec == std::errc() && parsed.ptr + 1 == view.data() + view.size()) return generation;
  return Error(ErrorCode::kRingDamaged, "the node generation is not a number")
      .at(path)
      .remedy("Restore the file from a backup.");
}

std::string generation_text(uint32_t generation) {
  return fmt::format("{}\n", generation);
}

}  // namespace millrace::log
