#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace millrace {

// Base-128 variable-length integers, least significant group first, and their zigzag form for
// signed values, as in Protocol Buffers and Kafka records.
inline constexpr size_t kVarintBytesMax = 10;

constexpr uint64_t zigzag(int64_t value) {
  return (static_cast<uint64_t>(value) << 1) ^ static_cast<uint64_t>(value >> 63);
}
constexpr int64_t unzigzag(uint64_t value) {
  return static_cast<int64_t>(value >> 1) ^ -static_cast<int64_t>(value & 1);
}

// Writes at most kVarintBytesMax bytes to `to`; returns how many.
size_t put_varint(std::byte* to, uint64_t value);
void append_varint(std::string& to, uint64_t value);
size_t varint_bytes(uint64_t value);

// Reads one from the front of `from` and moves `from` past it; nullopt if it is cut short or longer
// than 64 bits (`from` is then unchanged).
std::optional<uint64_t> take_varint(std::span<const std::byte>& from);

}  // namespace millrace
