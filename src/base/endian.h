#pragma once

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstring>

namespace millrace {

// Unaligned loads and stores in a named byte order. `from`/`to` hold at least sizeof(T) bytes.
template <std::integral T>
T load_le(const void* from) {
  T value;
  std::memcpy(&value, from, sizeof(T));
  if constexpr (std::endian::native == std::endian::big) value = std::byteswap(value);
  return value;
}

template <std::integral T>
T load_be(const void* from) {
  T value;
  std::memcpy(&value, from, sizeof(T));
  if constexpr (std::endian::native == std::endian::little) value = std::byteswap(value);
  return value;
}

template <std::integral T>
void store_le(void* to, T value) {
  if constexpr (std::endian::native == std::endian::big) value = std::byteswap(value);
  std::memcpy(to, &value, sizeof(T));
}

template <std::integral T>
void store_be(void* to, T value) {
  if constexpr (std::endian::native == std::endian::little) value = std::byteswap(value);
  std::memcpy(to, &value, sizeof(T));
}

}  // namespace millrace
