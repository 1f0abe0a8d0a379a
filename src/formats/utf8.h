#pragma once

#include <string_view>

namespace millrace::formats {

bool is_utf8(std::string_view text);

}  // namespace millrace::formats
