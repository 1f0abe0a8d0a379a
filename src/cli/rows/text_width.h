#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace millrace::cli {

// The columns that a text takes on a terminal: of ideographs and emoji two, of marks none; what
// is drawn as one character (a flag, a family) counts once.
size_t width_of(std::string_view text);

// The text in one line, and nothing that a terminal would obey: control characters and bytes that
// are no UTF-8 as \n, \t, \x1B.
std::string on_one_line(std::string_view text);

// As much of the text as fits.
std::string_view cut_to_width(std::string_view text, size_t width);

}  // namespace millrace::cli
