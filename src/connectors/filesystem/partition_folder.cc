#include "connectors/filesystem/partition_folder.h"

#include <fmt/core.h>

#include <charconv>

#include "formats/value_text.h"

namespace millrace::connectors {
namespace {

bool stands_in_names(char c) {
  constexpr std::string_view kOthers = "\"#%'*/:=?\\{}[]^";
  return static_cast<unsigned char>(c) >= ' ' && c != '\x7f' &&
         kOthers.find(c) == std::string_view::npos;
}

void append_escaped(std::string& to, std::string_view text) {
  for (const char c : text) {
    if (stands_in_names(c)) {
      to += c;
    } else {
      to += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
}

std::string unescaped(std::string_view text) {
  std::string to;
  for (size_t at = 0; at < text.size(); ++at) {
    unsigned code = 0;
    if (text[at] == '%' && at + 2 < text.size() &&
        std::from_chars(text.data() + at + 1, text.data() + at + 3, code, 16).ptr ==
            text.data() + at + 3) {
      to += static_cast<char>(code);
      at += 2;
    } else {
      to += text[at];
    }
  }
  return to;
}

}  // namespace

std::string partition_folder(std::string_view name, const data::Column& column, uint32_t row) {
  std::string folder;
  append_escaped(folder, name);
  folder += '=';
  std::string text;
  if (!column.is_null(row)) formats::append_plain_value(text, column, row, {});
  if (text.empty()) {
    folder += kNoValueFolder;
  } else {
    append_escaped(folder, text);
  }
  return folder;
}

std::optional<std::string> partition_text(std::string_view path, std::string_view name) {
  std::string wanted;
  append_escaped(wanted, name);
  wanted += '=';
  const size_t file = path.find_last_of('/');
  std::string_view folders = path.substr(0, file == std::string_view::npos ? 0 : file);
  while (!folders.empty()) {
    const size_t slash = folders.find_last_of('/');
    const std::string_view folder =
        slash == std::string_view::npos ? folders : folders.substr(slash + 1);
    if (folder.starts_with(wanted)) {
      const std::string_view text = folder.substr(wanted.size());
      return text == kNoValueFolder ? std::string() : unescaped(text);
    }
    folders = slash == std::string_view::npos ? std::string_view() : folders.substr(0, slash);
  }
  return std::nullopt;
}

}  // namespace millrace::connectors
