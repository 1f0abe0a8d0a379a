#include "base/crc32c.h"

#include <nmmintrin.h>

#include "base/endian.h"

namespace millrace {

uint32_t crc32c(std::span<const std::byte> bytes, uint32_t seed) {
  uint64_t crc = ~seed;
  while (bytes.size() >= 8) {
    crc = _mm_crc32_u64(crc, load_le<uint64_t>(bytes.data()));
    bytes = bytes.subspan(8);
  }
  auto narrow = static_cast<uint32_t>(crc);
  for (const std::byte byte : bytes) narrow = _mm_crc32_u8(narrow, static_cast<uint8_t>(byte));
  return ~narrow;
}

}  // namespace millrace
