#include "formats/base64.h"

#include <array>
#include <cstdint>

namespace millrace::formats {
namespace {

constexpr char kAlphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

constexpr std::array<int8_t, 256> make_values() {
  std::array<int8_t, 256> values{};
  for (int8_t& value : values) value = -1;
  for (int8_t index = 0; index < 64; ++index) {
    values[static_cast<uint8_t>(kAlphabet[index])] = index;
  }
  return values;
}
constexpr std::array<int8_t, 256> kValues = make_values();

}  // namespace

void append_base64(std::string& to, std::string_view bytes) {
  uint32_t bits = 0;
  int count = 0;
  for (const char c : bytes) {
    bits = bits << 8 | static_cast<uint8_t>(c);
    count += 8;
    for (; count >= 6; count -= 6) to += kAlphabet[bits >> (count - 6) & 63];
  }
  if (count > 0) to += kAlphabet[bits << (6 - count) & 63];
  for (size_t length = bytes.size(); length % 3 != 0; ++length) to += '=';
}

bool append_from_base64(std::string& to, std::string_view text) {
  const size_t before = to.size();
  const size_t padded = text.size();
  while (!text.empty() && text.back() == '=' && padded - text.size() < 2) text.remove_suffix(1);
  uint32_t bits = 0;
  int count = 0;
  bool valid = text.size() % 4 != 1 && (padded == text.size() || padded % 4 == 0);
  for (const char c : text) {
    const int8_t value = kValues[static_cast<uint8_t>(c)];
    valid &= value >= 0;
    bits = bits << 6 | static_cast<uint32_t>(value & 63);
    count += 6;
    if (count >= 8) {
      count -= 8;
      to += static_cast<char>(bits >> count);
    }
  }
  valid &= (bits & ((1U << count) - 1)) == 0;
  if (!valid) to.resize(before);
  return valid;
}

}  // namespace millrace::formats
