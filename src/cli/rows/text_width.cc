#include "cli/rows/text_width.h"

#include <fmt/core.h>
#include <utf8proc.h>

#include <algorithm>

namespace millrace::cli {
namespace {

constexpr utf8proc_int32_t kEmojiLook = 0xFE0F;  // asks for the wide form of what stands before

bool is_plain(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; });
}

// A code point and its bytes; a byte that begins none is one of its own, negative.
struct Letter {
  utf8proc_int32_t code = 0;
  size_t bytes = 1;
};

Letter first_letter(std::string_view text) {
  Letter letter;
  const auto bytes = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                                      static_cast<utf8proc_ssize_t>(text.size()), &letter.code);
  if (bytes <= 0) return {-1, 1};
  letter.bytes = static_cast<size_t>(bytes);
  return letter;
}

// What is drawn as one: a letter with its marks, an emoji of several.
struct Cluster {
  size_t bytes = 0;
  size_t width = 0;
};

Cluster first_cluster(std::string_view text) {
  Letter letter = first_letter(text);
  if (letter.code < 0) return {1, 1};
  Cluster cluster{0, 0};
  utf8proc_int32_t state = 0;
  while (true) {
    const auto width = static_cast<size_t>(utf8proc_charwidth(letter.code));
    cluster.width = letter.code == kEmojiLook ? 2 : std::max(cluster.width, width);
    cluster.bytes += letter.bytes;
    if (cluster.bytes == text.size()) return cluster;
    const Letter next = first_letter(text.substr(cluster.bytes));
    if (next.code < 0 || utf8proc_grapheme_break_stateful(letter.code, next.code, &state)) {
      return cluster;
    }
    letter = next;
  }
}

void append_visible(std::string& to, std::string_view bytes, utf8proc_int32_t code) {
  switch (code) {
    case '\n':
      to += "\\n";
      return;
    case '\r':
      to += "\\r";
      return;
    case '\t':
      to += "\\t";
      return;
    default:
      break;
  }
  const bool control = code < ' ' || (code >= 0x7F && code < 0xA0);
  if (!control) {
    to += bytes;
    return;
  }
  for (const char byte : bytes) to += fmt::format("\\x{:02X}", static_cast<unsigned char>(byte));
}

}  // namespace

size_t width_of(std::string_view text) {
  if (is_plain(text)) return text.size();
  size_t width = 0;
  while (!text.empty()) {
    const Cluster cluster = first_cluster(text);
    width += cluster.width;
    text.remove_prefix(cluster.bytes);
  }
  return width;
}

std::string on_one_line(std::string_view text) {
  if (is_plain(text)) return std::string(text);
  std::string line;
  while (!text.empty()) {
    const Letter letter = first_letter(text);
    append_visible(line, text.substr(0, letter.bytes), letter.code);
    text.remove_prefix(letter.bytes);
  }
  return line;
}

std::string_view cut_to_width(std::string_view text, size_t width) {
  size_t bytes = 0;
  while (bytes < text.size()) {
    const Cluster cluster = first_cluster(text.substr(bytes));
    if (cluster.width > width) break;
    width -= cluster.width;
    bytes += cluster.bytes;
  }
  return text.substr(0, bytes);
}

}  // namespace millrace::cli
