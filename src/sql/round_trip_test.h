#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "sql/ast/statement.h"

// What the tests of this module share. Defined once: comparing and copying trees takes a compiler
// long.

namespace millrace::sql {

// Parses one statement; a failure is the test's.
std::optional<Statement> parse_one(std::string_view text);

// parse → print → parse gives an equal tree, which prints equally. Returns the canonical text.
std::string check_round_trip(std::string_view text);

// Line breaks and what indents the next line, as one space.
std::string on_one_line(std::string_view text);

// Examples separated by an empty line; below a line `==>` the canonical text, where it is another
// than the example. Returns how many there were.
size_t check_examples(std::string_view examples);

}  // namespace millrace::sql
