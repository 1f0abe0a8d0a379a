#include "base/hash.h"

#include <xxhash.h>

#include "base/endian.h"

namespace millrace {

uint64_t hash64(std::span<const std::byte> bytes) {
  return XXH3_64bits(bytes.data(), bytes.size());
}

// Source: the murmur2 that Kafka's producers use (32 bits, seed 0x9747b28c).
uint32_t murmur2(std::span<const std::byte> bytes) {
  constexpr uint32_t kMultiplier = 0x5bd1e995;
  constexpr int kShift = 24;
  uint32_t hash = 0x9747b28cU ^ static_cast<uint32_t>(bytes.size());
  while (bytes.size() >= 4) {
    uint32_t word = load_le<uint32_t>(bytes.data()) * kMultiplier;
    word = (word ^ (word >> kShift)) * kMultiplier;
    hash = (hash * kMultiplier) ^ word;
    bytes = bytes.subspan(4);
  }
  for (size_t index = bytes.size(); index > 0; --index) {
    hash ^= static_cast<uint32_t>(bytes[index - 1]) << (8 * (index - 1));
  }
  if (!bytes.empty()) hash *= kMultiplier;
  hash = (hash ^ (hash >> 13)) * kMultiplier;
  return hash ^ (hash >> 15);
}

}  // namespace millrace
