#pragma once

#include <string>
#include <string_view>

namespace millrace::formats {

// RFC 4648, section 4: the alphabet with '+' and '/', padded with '='.
void append_base64(std::string& to, std::string_view bytes);
// Appends what `text` stands for; false (with `to` as it was) if it is not base64. Missing padding
// is accepted.
bool append_from_base64(std::string& to, std::string_view text);

}  // namespace millrace::formats
