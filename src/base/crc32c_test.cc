#include "base/crc32c.h"

#include <gtest/gtest.h>

#include <random>

namespace millrace {
namespace {

// Bit by bit, as the polynomial's definition has it.
uint32_t slow_crc32c(std::span<const std::byte> bytes) {
  uint32_t crc = ~0U;
  for (const std::byte byte : bytes) {
    crc ^= static_cast<uint32_t>(byte);
    for (int bit = 0; bit < 8; ++bit) crc = (crc & 1) != 0 ? (crc >> 1) ^ 0x82F63B78U : crc >> 1;
  }
  return ~crc;
}

std::vector<std::byte> random_bytes(size_t count) {
  std::mt19937 random(static_cast<uint32_t>(count));
  std::vector<std::byte> bytes(count);
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(random());
  return bytes;
}

TEST(Crc32c, IsThatOfItsPolynomialForEveryLength) {
  const auto bytes = random_bytes(40'000);
  const std::span<const std::byte> all(bytes);
  for (size_t length = 0; length < 1700; ++length) {
    EXPECT_EQ(crc32c(all.subspan(length % 13, length)),
              slow_crc32c(all.subspan(length % 13, length)));
  }
  for (const size_t length : {12'287, 12'288, 12'289, 13'056, 24'577, 39'999}) {
    EXPECT_EQ(crc32c(all.first(length)), slow_crc32c(all.first(length)));
  }
}

TEST(Crc32c, GoesOnFromWhatCameBefore) {
  const auto bytes = random_bytes(30'000);
  const std::span<const std::byte> all(bytes);
  for (size_t cut = 0; cut <= all.size(); cut += 997) {
    EXPECT_EQ(crc32c(all.subspan(cut), crc32c(all.first(cut))), crc32c(all));
  }
}

}  // namespace
}  // namespace millrace
