#include "catalog/qualified_name.h"

#include <algorithm>

namespace millrace::catalog {
namespace {

bool is_plain_word(std::string_view part) {
  if (part.empty() || (part[0] >= '0' && part[0] <= '9')) return false;
  return std::ranges::all_of(part, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  });
}

std::string quoted(std::string_view part) {
  if (is_plain_word(part)) return std::string(part);
  std::string text = "\"";
  for (const char letter : part) text.append(letter == '"' ? 2 : 1, letter);
  return text + '"';
}

char lower(char letter) {
  return letter >= 'A' && letter <= 'Z' ? letter + ('a' - 'A') : letter;
}

bool in_main(const QualifiedName& name) {
  return name.database == "main" && name.schema == "public";
}

}  // namespace

std::string QualifiedName::to_string() const {
  return quoted(database) + "." + quoted(schema) + "." + quoted(object);
}

std::string QualifiedName::to_short_string() const {
  if (in_main(*this)) return quoted(object);
  if (database == "main") return quoted(schema) + "." + quoted(object);
  return to_string();
}

std::string QualifiedName::to_topic() const {
  return in_main(*this) ? object : database + "." + schema + "." + object;
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, {}, lower, lower);
}

}  // namespace millrace::catalog
