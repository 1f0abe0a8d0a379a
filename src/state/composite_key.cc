#include "state/composite_key.h"

#include <span>

#include "base/endian.h"
#include "base/hash.h"
#include "commit/ids.h"

namespace millrace::state {
namespace {

constexpr size_t kLengthBytes = 4;
constexpr uint64_t kKeyGroupMask = ~(~uint64_t{0} / commit::kKeyGroups);

}  // namespace

uint64_t composite_hash(uint64_t key_hash, std::string_view element) {
  const uint64_t mixed =
      (key_hash ^ hash64(std::as_bytes(std::span(element)))) * 0x9E3779B97F4A7C15ULL;
  return (key_hash & kKeyGroupMask) | ((mixed ^ (mixed >> 29)) & ~kKeyGroupMask);
}

void write_composite(std::string& to, std::string_view key, std::string_view element) {
  to.resize(kLengthBytes);
  store_le(to.data(), static_cast<uint32_t>(key.size()));
  to.append(key);
  to.append(element);
}

std::string_view key_part(std::string_view composite) {
  return composite.substr(kLengthBytes, load_le<uint32_t>(composite.data()));
}

std::string_view element_part(std::string_view composite) {
  return composite.substr(kLengthBytes + load_le<uint32_t>(composite.data()));
}

}  // namespace millrace::state
