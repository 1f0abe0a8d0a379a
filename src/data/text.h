#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

namespace millrace::data {

// Text: one string or byte string in a column, 16 bytes, as Arrow's view layout: up to 12 bytes stand
// inline, longer ones as a prefix of four bytes and a place in one of the column's heaps. The unused
// inline bytes are zero, so equal short texts are equal as 16 bytes.
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

  // REQUIRES: bytes.size() <= kInlineBytesMax.
  static Text inlined(std::string_view bytes) {
    Text text;
    text.length = static_cast<uint32_t>(bytes.size());
    std::memcpy(text.prefix, bytes.data(), bytes.size());
    return text;
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
};

static_assert(sizeof(Text) == 16);

}  // namespace millrace::data
