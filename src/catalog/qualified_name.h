#pragma once

#include <compare>
#include <string>
#include <string_view>

namespace millrace::catalog {

// QualifiedName: database.schema.object. A plain value; the order is by bytes.
struct QualifiedName {
  std::string database;
  std::string schema;
  std::string object;

  // "main.public.flights"; a part that is no plain word is quoted.
  std::string to_string() const;
  // As short as it may be printed by someone whose names start at main.public.
  std::string to_short_string() const;
  // The topic of a table of this name that names none: "flights" in main.public, else all three
  // parts.
  std::string to_topic() const;
  friend auto operator<=>(const QualifiedName&, const QualifiedName&) = default;
};

// Where a name with fewer than three parts begins. Changed by USE.
struct NamePath {
  std::string database = "main";
  std::string schema = "public";
};

// Whether two names are equal without regard to the case of ASCII letters.
bool equal_ignoring_case(std::string_view a, std::string_view b);

}  // namespace millrace::catalog
