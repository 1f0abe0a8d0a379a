#include "kafka/wire/uuid.h"

#include <cstdint>
#include <string_view>

namespace millrace::kafka {

std::string Uuid::to_string() const {
  static constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::string text;
  uint32_t bits = 0;
  int held = 0;
  for (const std::byte byte : raw) {
    bits = bits << 8 | static_cast<uint32_t>(byte);
    for (held += 8; held >= 6; held -= 6) text += kAlphabet[bits >> (held - 6) & 63];
  }
  text += kAlphabet[bits << (6 - held) & 63];
  return text;
}

}  // namespace millrace::kafka
