#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace millrace::data {

// Copies up to 16 bytes by at most two loads and stores that may overlap, never outside [0, bytes).
inline void copy_short(char* to, const char* from, size_t bytes) {
  if (bytes >= 8) {
    uint64_t first;
    uint64_t last;
    std::memcpy(&first, from, 8);
    std::memcpy(&last, from + bytes - 8, 8);
    std::memcpy(to, &first, 8);
    std::memcpy(to + bytes - 8, &last, 8);
  } else if (bytes >= 4) {
    uint32_t first;
    uint32_t last;
    std::memcpy(&first, from, 4);
    std::memcpy(&last, from + bytes - 4, 4);
    std::memcpy(to, &first, 4);
    std::memcpy(to + bytes - 4, &last, 4);
  } else if (bytes > 0) {
    to[0] = from[0];
    to[bytes / 2] = from[bytes / 2];
    to[bytes - 1] = from[bytes - 1];
  }
}

// Text: one string or byte string in a column, 16 bytes, as Arrow's view layout: up to 12 bytes
// stand inline, longer ones as a prefix of four bytes and a place in one of the column's heaps. The
// unused inline bytes are zero, so equal short texts are equal as 16 bytes.
struct Text {
  static constexpr uint32_t kInlineBytesMax = 12;

  uint32_t length = 0;
  char prefix[4] = {};
  union {
    char rest[8] = {};
    struct {
      uint32_t heap;    // index into Column::heaps()
      uint32_t offset;  // bytes from the start of that heap
    } place;
  };

  bool is_inline() const { return length <= kInlineBytesMax; }

  // REQUIRES: bytes.size() <= kInlineBytesMax. Made in two registers, as the inner loop of every
  // decoder does this.
  static Text inlined(std::string_view bytes) {
    static_assert(std::endian::native == std::endian::little);
    const size_t length = bytes.size();
    const char* from = bytes.data();
    uint64_t first = 0;  // bytes 0 to 3
    uint64_t last = 0;   // bytes 4 to 11
    if (length >= 8) {
      const auto eight = load<uint64_t>(from);
      const uint64_t tail = uint64_t{load<uint32_t>(from + length - 4)} >> (8 * (12 - length));
      first = eight & 0xffffffff;
      last = eight >> 32 | tail << 32;
    } else if (length >= 4) {
      first = load<uint32_t>(from);
      last = uint64_t{load<uint32_t>(from + length - 4)} >> (8 * (8 - length));
    } else if (length > 0) {
      first = static_cast<uint8_t>(from[0]) |
              uint64_t{static_cast<uint8_t>(from[length / 2])} << (8 * (length / 2)) |
              uint64_t{static_cast<uint8_t>(from[length - 1])} << (8 * (length - 1));
    }
    return std::bit_cast<Text>(std::array<uint64_t, 2>{first << 32 | length, last});
  }
  // `bytes` stand in heap `heap` at `offset`; short ones are inlined all the same.
  static Text placed(std::string_view bytes, uint32_t heap, uint32_t offset) {
    if (bytes.size() <= kInlineBytesMax) return inlined(bytes);
    Text text;
    text.length = static_cast<uint32_t>(bytes.size());
    std::memcpy(text.prefix, bytes.data(), sizeof(text.prefix));
    text.place = {heap, offset};
    return text;
  }
  std::string_view inlined_view() const { return {prefix, length}; }

 private:
  template <class T>
  static T load(const char* from) {
    T value;
    std::memcpy(&value, from, sizeof(T));
    return value;
  }
};

static_assert(sizeof(Text) == 16);

}  // namespace millrace::data
