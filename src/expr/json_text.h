#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace millrace::expr {

// JSON as text: checked once when it becomes a JSON value, walked without building anything. Pure
// functions; nesting is bounded (512).

// Takes one value off the front of `rest`, white space around it included; its text without that
// space. nullopt: what stands there is no JSON; `rest` is then unspecified.
std::optional<std::string_view> take_json_value(std::string_view& rest);
// Whether the whole text is one JSON value.
bool is_json(std::string_view text);

// What follows takes JSON values that were checked.

enum class JsonKind : uint8_t { kObject, kArray, kString, kNumber, kTrue, kFalse, kNull };
JsonKind json_kind(std::string_view value);
// The value of an object's first member of this name; nullopt: none, or no object.
std::optional<std::string_view> json_member(std::string_view object, std::string_view name);
// The index-th element, from 0; negative: from the end. nullopt: none, or no array.
std::optional<std::string_view> json_element(std::string_view array, int64_t index);
// The characters that a string value (with its quotes) stands for.
void append_json_string(std::string& to, std::string_view value);
// The text as a JSON string, with quotes.
void append_json_quoted(std::string& to, std::string_view text);

}  // namespace millrace::expr
