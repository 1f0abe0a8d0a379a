#include "base/crc32c.h"

#include <nmmintrin.h>

#include <array>

#include "base/endian.h"

namespace millrace {
namespace {

constexpr uint32_t kPolynomial = 0x82F63B78;
constexpr size_t kLongStride = 4096;
constexpr size_t kShortStride = 256;

// The product of two polynomials modulo the CRC's; bit 31 is x^0.
constexpr uint32_t multiply(uint32_t a, uint32_t b) {
  uint32_t product = 0;
  for (uint32_t bit = 0x80000000; bit != 0; bit >>= 1) {
    if ((a & bit) != 0) product ^= b;
    b = (b & 1) != 0 ? (b >> 1) ^ kPolynomial : b >> 1;
  }
  return product;
}

// kPowers[k] is x^(8 * 2^k): what a register is multiplied with when 2^k zero bytes follow.
constexpr auto kPowers = [] {
  std::array<uint32_t, 64> powers{};
  powers[0] = 0x80000000 >> 8;
  for (size_t k = 1; k < powers.size(); ++k) powers[k] = multiply(powers[k - 1], powers[k - 1]);
  return powers;
}();

constexpr uint32_t power_of(uint64_t bytes) {
  uint32_t product = 0x80000000;
  for (size_t k = 0; bytes != 0; ++k, bytes >>= 1) {
    if ((bytes & 1) != 0) product = multiply(product, kPowers[k]);
  }
  return product;
}

// Multiplication with x^(8 * stride), a byte of the register at a time.
using Shift = std::array<std::array<uint32_t, 256>, 4>;
template <size_t stride>
constexpr Shift kShift = [] {
  const uint32_t power = power_of(stride);
  Shift shift{};
  for (uint32_t at = 0; at < 4; ++at) {
    for (uint32_t byte = 0; byte < 256; ++byte) {
      shift[at][byte] = multiply(power, byte << (8 * at));
    }
  }
  return shift;
}();

template <size_t stride>
uint32_t shift(uint32_t crc) {
  const Shift& by = kShift<stride>;
  return by[0][crc & 0xFF] ^ by[1][(crc >> 8) & 0xFF] ^ by[2][(crc >> 16) & 0xFF] ^
         by[3][crc >> 24];
}

// The instruction takes three cycles and can start in each: three streams keep it busy.
template <size_t stride>
uint32_t three_streams(std::span<const std::byte>& bytes, uint32_t crc) {
  while (bytes.size() >= 3 * stride) {
    uint64_t first = crc;
    uint64_t second = 0;
    uint64_t third = 0;
    const std::byte* at = bytes.data();
    for (const std::byte* end = at + stride; at != end; at += 8) {
      first = _mm_crc32_u64(first, load_le<uint64_t>(at));
      second = _mm_crc32_u64(second, load_le<uint64_t>(at + stride));
      third = _mm_crc32_u64(third, load_le<uint64_t>(at + 2 * stride));
    }
    crc =
        shift<stride>(shift<stride>(static_cast<uint32_t>(first)) ^ static_cast<uint32_t>(second)) ^
        static_cast<uint32_t>(third);
    bytes = bytes.subspan(3 * stride);
  }
  return crc;
}

}  // namespace

uint32_t crc32c(std::span<const std::byte> bytes, uint32_t seed) {
  uint64_t crc = three_streams<kLongStride>(bytes, ~seed);
  crc = three_streams<kShortStride>(bytes, static_cast<uint32_t>(crc));
  while (bytes.size() >= 8) {
    crc = _mm_crc32_u64(crc, load_le<uint64_t>(bytes.data()));
    bytes = bytes.subspan(8);
  }
  auto narrow = static_cast<uint32_t>(crc);
  for (const std::byte byte : bytes) narrow = _mm_crc32_u8(narrow, static_cast<uint8_t>(byte));
  return ~narrow;
}

}  // namespace millrace
