#include "base/varint.h"

#include <array>
#include <bit>

namespace millrace {

size_t put_varint(std::byte* to, uint64_t value) {
  size_t bytes = 0;
  while (value >= 0x80) {
    to[bytes++] = static_cast<std::byte>(value | 0x80);
    value >>= 7;
  }
  to[bytes++] = static_cast<std::byte>(value);
  return bytes;
}

void append_varint(std::string& to, uint64_t value) {
  std::array<std::byte, kVarintBytesMax> scratch;
  to.append(reinterpret_cast<const char*>(scratch.data()), put_varint(scratch.data(), value));
}

size_t varint_bytes(uint64_t value) {
  return (std::bit_width(value | 1) + 6) / 7;
}

std::optional<uint64_t> take_varint(std::span<const std::byte>& from) {
  uint64_t value = 0;
  for (size_t index = 0; index < from.size() && index < kVarintBytesMax; ++index) {
    const auto group = static_cast<uint64_t>(from[index]);
    if (index == kVarintBytesMax - 1 && group > 1) return std::nullopt;
    value |= (group & 0x7f) << (7 * index);
    if (group < 0x80) {
      from = from.subspan(index + 1);
      return value;
    }
  }
  return std::nullopt;
}

}  // namespace millrace
