#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace millrace::formats {

// JSON as bytes: finding where values begin and end without looking into them, checking, quoting.

// Whether `text` is one JSON value (RFC 8259), blanks around it allowed; nesting up to 512.
bool is_json(std::string_view text);

// Appends `text` with quotes and escapes.
void append_json_string(std::string& to, std::string_view text);

size_t skip_json_blanks(std::string_view text, size_t at);

enum class JsonSkip {
  kWhole,  // `at` stands behind the value
  kCut,    // the text ends inside the value, or right behind a number or word that might go on
  kBad,    // no value begins here
};
// Goes over the value that begins at `at`, by its quotes and brackets only.
JsonSkip skip_json_value(std::string_view text, size_t& at);

// Where the rows of a document are: "$", "$.features[*]", "$.a['b c'][*].properties".
struct JsonPath {
  std::vector<std::string> names;      // from the document to the array (or to the one row)
  bool each = false;                   // [*]: every element
  std::vector<std::string> row_names;  // from an element to its row

  static Result<JsonPath> parse(std::string_view text);
};

enum class JsonFind { kFound, kCut, kMissing };
// Moves `at` from the beginning of a value to the beginning of its member `names[0]`'s member
// `names[1]` …. `reason` says why it is missing.
JsonFind find_json_member(std::string_view text, const std::vector<std::string>& names, size_t& at,
                          std::string& reason);

}  // namespace millrace::formats
