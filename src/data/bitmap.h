#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

namespace millrace::data {

// Bitmaps: bit i of a row set, least significant bit first, in words of 64; bits past the last row
// are unspecified. Buffers hold them padded to whole words.
inline constexpr size_t bitmap_words(size_t rows) {
  return (rows + 63) / 64;
}
inline constexpr size_t bitmap_bytes(size_t rows) {
  return bitmap_words(rows) * 8;
}

inline bool get_bit(const uint64_t* words, size_t index) {
  return (words[index >> 6] >> (index & 63)) & 1;
}
inline void set_bit(uint64_t* words, size_t index) {
  words[index >> 6] |= uint64_t{1} << (index & 63);
}
inline void clear_bit(uint64_t* words, size_t index) {
  words[index >> 6] &= ~(uint64_t{1} << (index & 63));
}
inline void put_bit(uint64_t* words, size_t index, bool value) {
  const uint64_t mask = uint64_t{1} << (index & 63);
  words[index >> 6] = (words[index >> 6] & ~mask) | (value ? mask : 0);
}

// Words with the `rows` lowest bits set in all, for masking the last word.
inline uint64_t tail_mask(size_t rows) {
  return rows % 64 == 0 ? ~uint64_t{0} : (uint64_t{1} << (rows % 64)) - 1;
}

size_t count_ones(const uint64_t* words, size_t rows);

// Copies `count` bits. Where `to_first` is a multiple of 64, bits behind the last one, up to the
// end of its word, are overwritten with unspecified ones.
void copy_bits(uint64_t* to, size_t to_first, const uint64_t* from, size_t from_first,
               size_t count);
void fill_ones(uint64_t* words, size_t first, size_t count);

// Fills a bitmap from a predicate of the row index, a word at a time.
template <class Predicate>
void pack_bits(uint64_t* words, size_t rows, Predicate&& predicate) {
  for (size_t base = 0; base < rows; base += 64) {
    const size_t count = rows - base < 64 ? rows - base : 64;
    uint64_t word = 0;
    for (size_t bit = 0; bit < count; ++bit) {
      word |= static_cast<uint64_t>(static_cast<bool>(predicate(base + bit))) << bit;
    }
    words[base >> 6] = word;
  }
}

// Calls `visit(index)` for every set bit below `rows`, ascending.
template <class Visit>
void for_each_one(const uint64_t* words, size_t rows, Visit&& visit) {
  for (size_t at = 0; at < bitmap_words(rows); ++at) {
    uint64_t word = words[at];
    if (at + 1 == bitmap_words(rows)) word &= tail_mask(rows);
    for (; word != 0; word &= word - 1) {
      visit(at * 64 + static_cast<size_t>(std::countr_zero(word)));
    }
  }
}

}  // namespace millrace::data
