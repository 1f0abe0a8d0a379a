#include "sql/text/quoted_text.h"

#include <array>
#include <cstdint>

namespace millrace::sql {
namespace {

int digit_value(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
  if (digit >= 'A' && digit <= 'F') return digit - 'A' + 10;
  return 16;
}

// Reads up to `count_max` digits of `radix` at `offset`, and moves it behind them.
struct Digits {
  uint32_t value = 0;
  size_t count = 0;
};
Digits read_digits(std::string_view text, size_t& offset, size_t count_max, int radix) {
  Digits digits;
  while (digits.count < count_max && offset < text.size() && digit_value(text[offset]) < radix) {
    digits.value = digits.value * static_cast<uint32_t>(radix) +
                   static_cast<uint32_t>(digit_value(text[offset]));
    ++digits.count;
    ++offset;
  }
  return digits;
}

bool is_code_point(uint32_t value) {
  return value != 0 && value <= 0x10FFFF && (value < 0xD800 || value > 0xDFFF);
}

void append_utf8(std::string& to, uint32_t code_point) {
  const auto tail = [&](int shift) {
    to += static_cast<char>(0x80 | ((code_point >> shift) & 0x3F));
  };
  if (code_point < 0x80) {
    to += static_cast<char>(code_point);
  } else if (code_point < 0x800) {
    to += static_cast<char>(0xC0 | (code_point >> 6));
    tail(0);
  } else if (code_point < 0x10000) {
    to += static_cast<char>(0xE0 | (code_point >> 12));
    tail(6);
    tail(0);
  } else {
    to += static_cast<char>(0xF0 | (code_point >> 18));
    tail(12);
    tail(6);
    tail(0);
  }
}

Unquoted refuse(size_t offset, std::string message) {
  return {{}, std::move(message), offset};
}

// A code point of exactly `count` hexadecimal digits.
bool take_code_point(std::string_view text, size_t& offset, size_t count, std::string& to) {
  const Digits digits = read_digits(text, offset, count, 16);
  if (digits.count != count || !is_code_point(digits.value)) return false;
  append_utf8(to, digits.value);
  return true;
}

// What follows a backslash in E'…'; false where it is no character.
bool take_escape(std::string_view text, size_t& offset, std::string& to) {
  constexpr std::string_view kLetters = "ntrbf";
  constexpr std::string_view kMeanings = "\n\t\r\b\f";
  const char letter = text[offset];
  if (const size_t at = kLetters.find(letter); at != std::string_view::npos) {
    to += kMeanings[at];
    ++offset;
    return true;
  }
  if (letter == 'u') return take_code_point(text, ++offset, 4, to);
  if (letter == 'U') return take_code_point(text, ++offset, 8, to);
  Digits digits;
  if (letter == 'x') {
    digits = read_digits(text, ++offset, 2, 16);
  } else if (digit_value(letter) < 8) {
    digits = read_digits(text, offset, 3, 8);
  } else {
    to += letter;
    ++offset;
    return true;
  }
  if (digits.count == 0 || digits.value == 0 || digits.value > 0xFF) return false;
  to += static_cast<char>(digits.value);
  return true;
}

}  // namespace

Unquoted unescape_backslashes(std::string_view text) {
  Unquoted result;
  for (size_t offset = 0; offset < text.size();) {
    if (text[offset] == '\'') ++offset;  // the first of two
    if (text[offset] != '\\') {
      result.value += text[offset++];
      continue;
    }
    const size_t backslash = offset++;
    if (!take_escape(text, offset, result.value)) {
      return refuse(backslash, "the escape is no character");
    }
  }
  if (find_invalid_utf8(result.value)) return refuse(0, "the escapes do not give UTF-8");
  return result;
}

Unquoted unescape_unicode(std::string_view text) {
  Unquoted result;
  for (size_t offset = 0; offset < text.size();) {
    if (text[offset] == '\'') ++offset;
    if (text[offset] != '\\') {
      result.value += text[offset++];
      continue;
    }
    const size_t backslash = offset++;
    if (offset < text.size() && text[offset] == '\\') {
      result.value += text[offset++];
      continue;
    }
    const bool is_long = offset < text.size() && text[offset] == '+';
    if (is_long) ++offset;
    if (!take_code_point(text, offset, is_long ? 6 : 4, result.value)) {
      return refuse(backslash, "expected \\XXXX or \\+XXXXXX, a character's number in hexadecimal");
    }
  }
  return result;
}

Unquoted read_hexadecimal(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  Unquoted result;
  for (size_t offset = 0; offset < text.size(); ++offset) {
    const int value = digit_value(text[offset]);
    if (value >= 16) return refuse(offset, "expected a hexadecimal digit");
    result.value += kDigits[static_cast<size_t>(value)];
  }
  if (text.size() % 2 != 0) {
    return refuse(text.size(), "expected an even number of hexadecimal digits");
  }
  return result;
}

std::optional<size_t> find_invalid_utf8(std::string_view text) {
  constexpr std::array<uint32_t, 4> kLeast = {0x01, 0x80, 0x800, 0x10000};
  for (size_t offset = 0; offset < text.size();) {
    const auto lead = static_cast<unsigned char>(text[offset]);
    if (lead >= 0x01 && lead < 0x80) {
      ++offset;
      continue;
    }
    const size_t tails = lead >= 0xF0 ? 3 : lead >= 0xE0 ? 2 : lead >= 0xC0 ? 1 : 0;
    if (tails == 0 || lead >= 0xF8 || offset + tails >= text.size()) return offset;
    uint32_t code_point = lead & (0x3FU >> tails);
    for (size_t i = 1; i <= tails; ++i) {
      const auto tail = static_cast<unsigned char>(text[offset + i]);
      if ((tail & 0xC0) != 0x80) return offset;
      code_point = (code_point << 6) | (tail & 0x3FU);
    }
    if (code_point < kLeast[tails] || !is_code_point(code_point)) return offset;
    offset += tails + 1;
  }
  return std::nullopt;
}

}  // namespace millrace::sql
