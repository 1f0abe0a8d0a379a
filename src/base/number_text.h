#pragma once

#include <cstdint>
#include <string>

namespace millrace {

// For people: 12,345,678.
std::string with_commas(uint64_t number);

}  // namespace millrace
