#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace millrace::state {

// Keys of entries that stand for one element of a key: length of the key (u32), key, element. All
// elements of one key share its key group, so that rescaling moves them with it.

uint64_t composite_hash(uint64_t key_hash, std::string_view element);
// `to` becomes the composite.
void write_composite(std::string& to, std::string_view key, std::string_view element);
std::string_view key_part(std::string_view composite);
std::string_view element_part(std::string_view composite);

}  // namespace millrace::state
