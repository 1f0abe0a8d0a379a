#pragma once

#include <bit>
#include <cstdint>

namespace millrace::data {

// The bits of a number in keys and stored rows: one zero, one NaN (docs/formats/keys.md).
inline uint64_t canonical_bits(double value) {
  if (value == 0) return 0;
  return value != value ? 0x7ff8000000000000 : std::bit_cast<uint64_t>(value);
}
inline uint32_t canonical_bits(float value) {
  if (value == 0) return 0;
  return value != value ? 0x7fc00000 : std::bit_cast<uint32_t>(value);
}

}  // namespace millrace::data
