#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace millrace::functions {

// Searching bytes, eight at a time.

// The high bit of each byte of `word` that equals that of `pattern`, which is one byte eight times.
inline uint64_t equal_bytes(uint64_t word, uint64_t pattern) {
  constexpr uint64_t kLow = 0x7f7f7f7f7f7f7f7f;
  const uint64_t different = word ^ pattern;
  return ~(((different & kLow) + kLow) | different | kLow);
}

inline uint64_t eight_times(char byte) {
  return uint64_t{0x0101010101010101} * static_cast<uint8_t>(byte);
}

// Up to eight bytes from `at` on; what lies past the end is taken as `filler`, which nobody looks
// for.
inline uint64_t load_eight(std::string_view text, size_t at, char filler) {
  uint64_t word;
  if (at + 8 <= text.size()) {
    std::memcpy(&word, text.data() + at, sizeof(word));
  } else {
    word = eight_times(filler);
    std::memcpy(&word, text.data() + at, text.size() - at);
  }
  return word;
}

// How often `byte` occurs.
inline int64_t count_byte(std::string_view text, char byte) {
  const uint64_t pattern = eight_times(byte);
  int64_t count = 0;
  for (size_t at = 0; at < text.size(); at += 8) {
    const uint64_t word = load_eight(text, at, static_cast<char>(~byte));
    count += std::popcount(equal_bytes(word, pattern));
  }
  return count;
}

// Where `byte` occurs for the n-th time (from 0) at or behind `from`; npos: not so often.
inline size_t find_nth_byte(std::string_view text, char byte, uint32_t n, size_t from = 0) {
  const uint64_t pattern = eight_times(byte);
  for (size_t at = from; at < text.size(); at += 8) {
    uint64_t found = equal_bytes(load_eight(text, at, static_cast<char>(~byte)), pattern);
    const auto count = static_cast<uint32_t>(std::popcount(found));
    if (n < count) {
      for (; n > 0; --n) found &= found - 1;
      return at + static_cast<size_t>(std::countr_zero(found)) / 8;
    }
    n -= count;
  }
  return std::string_view::npos;
}

// Where `part` occurs first; npos: nowhere.
inline size_t find_bytes(std::string_view text, std::string_view part) {
  const void* const found = ::memmem(text.data(), text.size(), part.data(), part.size());
  return found == nullptr ? std::string_view::npos
                          : static_cast<size_t>(static_cast<const char*>(found) - text.data());
}

}  // namespace millrace::functions
