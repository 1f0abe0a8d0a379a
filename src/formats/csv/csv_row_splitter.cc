#include "formats/csv/csv_row_splitter.h"

#include <emmintrin.h>

#include <algorithm>
#include <bit>
#include <cstring>

namespace millrace::formats {
namespace {

constexpr size_t kWindowBytes = 64;
constexpr size_t kNone = static_cast<size_t>(-1);

// Bit i: byte i of the 64 at `from` is `a` or `b`.
uint64_t find_either(const char* from, char a, char b) {
  const __m128i first = _mm_set1_epi8(a);
  const __m128i second = _mm_set1_epi8(b);
  uint64_t mask = 0;
  for (int part = 0; part < 4; ++part) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from + part * 16));
    const __m128i found = _mm_or_si128(_mm_cmpeq_epi8(bytes, first), _mm_cmpeq_epi8(bytes, second));
    mask |= uint64_t{static_cast<uint32_t>(_mm_movemask_epi8(found))} << (part * 16);
  }
  return mask;
}

}  // namespace

size_t CsvRowSplitter::next_special(size_t at) {
  if (at >= window_ + kWindowBytes) {
    window_ = at;
    if (at >= text_.size()) return text_.size();
    specials_ = find_either(text_.data() + window_, options_.delimiter, '\n');
  }
  uint64_t mask = specials_ & ~uint64_t{0} << (at - window_);
  while (mask == 0) {
    window_ += kWindowBytes;
    if (window_ >= text_.size()) {
      window_ -= kWindowBytes;
      return text_.size();
    }
    mask = specials_ = find_either(text_.data() + window_, options_.delimiter, '\n');
  }
  return std::min(window_ + static_cast<size_t>(std::countr_zero(mask)), text_.size());
}

// The closing quote of a field whose first byte behind the quote is `at`.
size_t CsvRowSplitter::closing_quote(size_t at, bool& escaped) const {
  while (at < text_.size()) {
    if (options_.escape == '\0') {
      const void* found = std::memchr(text_.data() + at, options_.quote, text_.size() - at);
      if (found == nullptr) return kNone;
      at = static_cast<size_t>(static_cast<const char*>(found) - text_.data());
    } else if (text_[at] == options_.escape && at + 1 < text_.size()) {
      escaped = true;
      at += 2;
      continue;
    } else if (text_[at] != options_.quote) {
      ++at;
      continue;
    }
    if (at + 1 >= text_.size() || text_[at + 1] != options_.quote) return at;
    escaped = true;
    at += 2;
  }
  return kNone;
}

// Takes the quoted field at `at`, which then stands behind its delimiter or line end.
CsvSplit CsvRowSplitter::take_quoted(size_t& at, bool& ends) {
  bool escaped = false;
  const size_t close = closing_quote(at + 1, escaped);
  if (close == kNone) return CsvSplit::kUnclosed;
  fields_.push_back({text_.substr(at + 1, close - at - 1), true, escaped});
  lines_ += static_cast<uint32_t>(std::count(text_.begin() + static_cast<ptrdiff_t>(at),
                                             text_.begin() + static_cast<ptrdiff_t>(close), '\n'));
  size_t behind = close + 1;
  if (behind < text_.size() && text_[behind] == options_.delimiter) {
    at = behind + 1;
    return CsvSplit::kRow;
  }
  ends = true;
  if (behind < text_.size() && text_[behind] == '\r') ++behind;
  if (behind >= text_.size() || text_[behind] == '\n') {
    end_row(behind);
    return behind >= text_.size() ? CsvSplit::kCut : CsvSplit::kRow;
  }
  end_row(next_special(behind));
  while (size_ < text_.size() && text_[size_ - 1] != '\n') end_row(next_special(size_));
  return CsvSplit::kBehindQuote;
}

void CsvRowSplitter::end_row(size_t line_end) {
  size_ = std::min(line_end + 1, text_.size());
  if (line_end < text_.size() && text_[line_end] == '\n') ++lines_;
}

CsvSplit CsvRowSplitter::split(std::string_view text, bool whole) {
  text_ = text;
  fields_.clear();
  size_ = 0;
  lines_ = 0;
  window_ = 0;
  if (text.empty()) {
    fields_.emplace_back();
    return whole ? CsvSplit::kRow : CsvSplit::kCut;
  }
  specials_ = find_either(text_.data(), options_.delimiter, '\n');
  size_t at = 0;
  while (true) {
    if (options_.quotes && at < text_.size() && text_[at] == options_.quote) {
      bool ends = false;
      const CsvSplit taken = take_quoted(at, ends);
      if (taken == CsvSplit::kCut && whole) return CsvSplit::kRow;
      if (taken != CsvSplit::kRow || ends) return taken;
      continue;
    }
    const size_t end = next_special(at);
    if (end == text_.size() && !whole) return CsvSplit::kCut;
    size_t stop = end;
    const bool ends = end == text_.size() || text_[end] == '\n';
    if (ends && stop > at && text_[stop - 1] == '\r') --stop;
    fields_.push_back({text_.substr(at, stop - at), false, false});
    if (ends) {
      end_row(end);
      return CsvSplit::kRow;
    }
    at = end + 1;
  }
}

std::string_view CsvRowSplitter::plain(const CsvField& field, std::string& scratch) const {
  if (!field.escaped) return field.text;
  scratch.clear();
  for (size_t at = 0; at < field.text.size(); ++at) {
    const char c = field.text[at];
    const bool escapes = c == options_.quote || (options_.escape != '\0' && c == options_.escape);
    if (escapes && at + 1 < field.text.size()) ++at;
    scratch += field.text[at];
  }
  return scratch;
}

}  // namespace millrace::formats
