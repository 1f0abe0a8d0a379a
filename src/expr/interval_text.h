#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace millrace::expr {

// An interval as written: "1 year 2 mons 3 days 04:05:06.5 ago", "1-2" (years-months), "10:30".
struct ParsedInterval {
  int64_t months = 0;
  int64_t us = 0;
};
// nullopt: not such a text, or out of range. Fractions of a unit of time count ("1.5 hours");
// years, months, weeks and days are whole.
std::optional<ParsedInterval> parse_interval(std::string_view text);

}  // namespace millrace::expr
