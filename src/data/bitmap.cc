#include "data/bitmap.h"

namespace millrace::data {

size_t count_ones(const uint64_t* words, size_t rows) {
  if (rows == 0) return 0;
  const size_t last = bitmap_words(rows) - 1;
  size_t ones = 0;
  for (size_t at = 0; at < last; ++at) ones += static_cast<size_t>(std::popcount(words[at]));
  return ones + static_cast<size_t>(std::popcount(words[last] & tail_mask(rows)));
}

void copy_bits(uint64_t* to, size_t to_first, const uint64_t* from, size_t from_first,
               size_t count) {
  if (to_first % 64 == 0) {
    uint64_t* out = to + to_first / 64;
    const uint64_t* in = from + from_first / 64;
    const int shift = static_cast<int>(from_first % 64);
    const size_t available = bitmap_words(shift + count);  // words of `in` that may be read
    for (size_t at = 0; at < bitmap_words(count); ++at) {
      uint64_t word = in[at] >> shift;
      if (shift != 0 && at + 1 < available) word |= in[at + 1] << (64 - shift);
      out[at] = word;
    }
    return;
  }
  for (size_t index = 0; index < count; ++index) {
    put_bit(to, to_first + index, get_bit(from, from_first + index));
  }
}

void fill_ones(uint64_t* words, size_t first, size_t count) {
  size_t index = first;
  const size_t end = first + count;
  for (; index < end && index % 64 != 0; ++index) set_bit(words, index);
  for (; index + 64 <= end; index += 64) words[index / 64] = ~uint64_t{0};
  for (; index < end; ++index) set_bit(words, index);
}

}  // namespace millrace::data
