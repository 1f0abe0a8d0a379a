#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace millrace {

// CRC-32C (Castagnoli, reflected polynomial 0x82F63B78), as Kafka's record batches and our own
// files use it. `seed` is the CRC of what came before, so crc32c(b, crc32c(a)) == crc32c(a + b).
// Source: RFC 3720, appendix B.4.
uint32_t crc32c(std::span<const std::byte> bytes, uint32_t seed = 0);

}  // namespace millrace
