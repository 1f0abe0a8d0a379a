#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace millrace::sql {

// What the text between quotes stands for. Where it is wrong, `message` says why and `offset` where
// in the text between the quotes.
struct Unquoted {
  std::string value;
  std::string message;
  size_t offset = 0;
  bool ok() const { return message.empty(); }
};

// E'…': \n \t \r \b \f \\ \' \xHH \OOO \uXXXX \UXXXXXXXX; any other letter stands for itself.
Unquoted unescape_backslashes(std::string_view text);
// U&'…': \XXXX, \+XXXXXX, \\.
Unquoted unescape_unicode(std::string_view text);
// X'…': an even number of hexadecimal digits, which it puts into lower case.
Unquoted read_hexadecimal(std::string_view text);

// The offset of the first byte that is not UTF-8 (or is NUL); nullopt where all is well.
std::optional<size_t> find_invalid_utf8(std::string_view text);

}  // namespace millrace::sql
