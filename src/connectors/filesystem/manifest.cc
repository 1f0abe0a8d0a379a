#include "connectors/filesystem/manifest.h"

#include <fmt/core.h>

#include <charconv>

#include "base/crc32c.h"

namespace millrace::connectors {
namespace {

constexpr std::string_view kFirstLine = "millrace-parts 1";
constexpr std::string_view kCrc = "crc ";

uint32_t crc_of(std::string_view text) {
  return crc32c(std::as_bytes(std::span(text.data(), text.size())));
}

template <class T>
bool take_number(std::string_view& text, T& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) return false;
  text.remove_prefix(static_cast<size_t>(end - text.data()));
  if (text.starts_with(' ')) text.remove_prefix(1);
  return true;
}

bool take_word(std::string_view& text, std::string_view word) {
  if (!text.starts_with(word)) return false;
  text.remove_prefix(word.size());
  return true;
}

bool read_line(std::string_view line, Manifest& to) {
  if (take_word(line, "next ")) return take_number(line, to.next_part) && line.empty();
  if (take_word(line, "offset ")) {
    return take_number(line, to.offsets.emplace_back()) && line.empty();
  }
  if (!take_word(line, "part ")) return false;
  Manifest::Part& part = to.parts.emplace_back();
  if (!take_number(line, part.number) || line.empty()) return false;
  part.path = line;
  return true;
}

}  // namespace

std::string Manifest::encode() const {
  std::string text = fmt::format("{}\nnext {}\n", kFirstLine, next_part);
  for (const int64_t offset : offsets) text += fmt::format("offset {}\n", offset);
  for (const Part& part : parts) text += fmt::format("part {} {}\n", part.number, part.path);
  return text + fmt::format("{}{:08x}\n", kCrc, crc_of(text));
}

Result<Manifest> Manifest::decode(std::string_view text) {
  const Error damaged(ErrorCode::kCorruptState, "the manifest of written files is damaged");
  const size_t crc = text.rfind(kCrc);
  if (crc == std::string_view::npos) return damaged;
  std::string_view lines = text.substr(0, crc);
  if (text.substr(crc) != fmt::format("{}{:08x}\n", kCrc, crc_of(lines))) return damaged;
  Manifest manifest;
  for (bool first = true; !lines.empty(); first = false) {
    const std::string_view line = lines.substr(0, lines.find('\n'));
    lines.remove_prefix(line.size() + 1);
    if (first ? line != kFirstLine : !read_line(line, manifest)) return damaged;
  }
  return manifest;
}

}  // namespace millrace::connectors
