#pragma once

#include <cstdint>
#include <string_view>

#include "base/hash.h"

namespace millrace::connectors {

// RandomMix: bits of a column that depend on nothing but (seed, column, number). Immutable.
class RandomMix {
 public:
  RandomMix(uint64_t seed, std::string_view column)
      : start_(seed * 0x9E3779B97F4A7C15ULL ^
               hash64(std::as_bytes(std::span(column.data(), column.size())))) {}

  uint64_t at(uint64_t number) const {
    uint64_t value = start_ + number * 0xD1B54A32D192ED03ULL;
    value = (value ^ (value >> 32)) * 0xD6E8FEB86659FD93ULL;
    value = (value ^ (value >> 32)) * 0xD6E8FEB86659FD93ULL;
    return value ^ (value >> 32);
  }
  // Uniform in [0, span). REQUIRES: 1 <= span <= 2^64.
  uint64_t below(uint64_t number, unsigned __int128 span) const {
    return static_cast<uint64_t>((static_cast<unsigned __int128>(at(number)) * span) >> 64);
  }
  // Uniform in [0, 1).
  double share(uint64_t number) const { return static_cast<double>(at(number) >> 11) * 0x1.0p-53; }

 private:
  uint64_t start_;
};

}  // namespace millrace::connectors
