#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace millrace {

// XXH3 of 64 bits, seed 0. Part of the on-disk format (docs/formats/keys.md): never changes.
uint64_t hash64(std::span<const std::byte> bytes);

// Kafka's murmur2 of a record key; partition = (murmur2(key) & 0x7fffffff) % partitions.
uint32_t murmur2(std::span<const std::byte> bytes);

}  // namespace millrace
