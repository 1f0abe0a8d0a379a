#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace millrace::functions {

// Texts are UTF-8; what is no UTF-8 is taken byte by byte.

inline bool starts_character(char c) {
  return (static_cast<uint8_t>(c) & 0xc0) != 0x80;
}

// Whether the next 8 bytes are one character each. REQUIRES: at least 8.
inline bool eight_ascii(const char* at) {
  uint64_t word;
  std::memcpy(&word, at, sizeof(word));
  return (word & 0x8080808080808080) == 0;
}

inline bool is_ascii(std::string_view text) {
  size_t at = 0;
  for (; at + 8 <= text.size(); at += 8) {
    if (!eight_ascii(text.data() + at)) return false;
  }
  for (; at < text.size(); ++at) {
    if (static_cast<uint8_t>(text[at]) >= 0x80) return false;
  }
  return true;
}

inline size_t count_characters(std::string_view text) {
  size_t count = 0;
  for (const char c : text) count += starts_character(c);
  return count;
}

// Where the character `count` characters from the front begins; the end if there are fewer.
inline size_t offset_of_character(std::string_view text, size_t count) {
  size_t at = 0;
  while (count >= 8 && at + 8 <= text.size() && eight_ascii(text.data() + at)) {
    at += 8;
    count -= 8;
  }
  for (; count > 0 && at < text.size(); --count) {
    ++at;
    while (at < text.size() && !starts_character(text[at])) ++at;
  }
  return at;
}

// The character that begins at the front of `text`, as bytes.
inline std::string_view first_character(std::string_view text) {
  return text.substr(0, offset_of_character(text, 1));
}

}  // namespace millrace::functions
