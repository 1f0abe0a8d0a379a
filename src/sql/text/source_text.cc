#include "sql/text/source_text.h"

#include <algorithm>

namespace millrace::sql {
namespace {

bool begins_character(char byte) {
  return (static_cast<unsigned char>(byte) & 0xC0) != 0x80;
}

size_t character_count(std::string_view text) {
  return static_cast<size_t>(std::ranges::count_if(text, begins_character));
}

// The byte offset of the character number `count` of `text`, or its end.
size_t offset_of_character(std::string_view text, size_t count) {
  size_t offset = 0;
  while (offset < text.size()) {
    if (begins_character(text[offset])) {
      if (count == 0) return offset;
      --count;
    }
    ++offset;
  }
  return offset;
}

constexpr size_t kExcerptWidthMax = 96;
constexpr size_t kBeforeSpanMax = 60;

}  // namespace

std::string_view SourceText::of(Span span) const {
  const size_t begin = std::min<size_t>(span.offset, text_.size());
  return text_.substr(begin, span.length);
}

SourceText::Position SourceText::position(Span span) const {
  const std::string_view before = text_.substr(0, std::min<size_t>(span.offset, text_.size()));
  const size_t line = 1 + static_cast<size_t>(std::ranges::count(before, '\n'));
  const size_t newline = before.rfind('\n');
  const std::string_view on_line =
      newline == std::string_view::npos ? before : before.substr(newline + 1);
  return {static_cast<uint32_t>(line), static_cast<uint32_t>(1 + character_count(on_line))};
}

std::string SourceText::place(Span span) const {
  const Position at = position(span);
  std::string place(file_name_);
  if (!place.empty()) place += ':';
  return place + std::to_string(at.line) + ':' + std::to_string(at.column);
}

std::string SourceText::excerpt(Span span) const {
  const Position at = position(span);
  const size_t offset = std::min<size_t>(span.offset, text_.size());
  size_t begin = text_.substr(0, offset).rfind('\n');
  begin = begin == std::string_view::npos ? 0 : begin + 1;
  const size_t end = std::min(text_.find_first_of("\r\n", offset), text_.size());
  std::string_view line = text_.substr(begin, end - begin);
  size_t carets = std::max<size_t>(1, character_count(line.substr(offset - begin, span.length)));

  size_t column = at.column - 1;
  std::string_view cut_before;
  if (column > kBeforeSpanMax && character_count(line) > kExcerptWidthMax) {
    line.remove_prefix(offset_of_character(line, column - kBeforeSpanMax));
    column = kBeforeSpanMax;
    cut_before = "…";
  }
  std::string_view cut_after;
  if (const size_t limit = offset_of_character(line, kExcerptWidthMax); limit < line.size()) {
    line = line.substr(0, limit);
    cut_after = "…";
    carets = std::max<size_t>(1, std::min(carets, kExcerptWidthMax - column));
  }

  const std::string number = std::to_string(at.line);
  std::string text = "  " + number + " | ";
  text.append(cut_before).append(line).append(cut_after) += '\n';
  const auto is_control = [](char byte) { return byte != '\n' && byte >= 0 && byte < ' '; };
  std::ranges::replace_if(text, is_control, ' ');
  text.append(2 + number.size(), ' ').append(" | ");
  return text.append(column + (cut_before.empty() ? 0 : 1), ' ').append(carets, '^');
}

Error SourceText::error(ErrorCode code, Span span, std::string_view message) const {
  return Error(code, std::string(message) + "\n" + excerpt(span)).at(place(span));
}

}  // namespace millrace::sql
