#include "expr/interval_text.h"

#include <charconv>
#include <cmath>
#include <string>

#include "data/civil.h"
#include "data/datetime_text.h"

namespace millrace::expr {
namespace {

struct Unit {
  std::string_view name;
  int64_t months;
  int64_t us;
};

constexpr int64_t kUsPerMinute = 60 * data::kUsPerSecond;
constexpr int64_t kUsPerHour = 60 * kUsPerMinute;

// Each also in the plural.
constexpr Unit kUnits[] = {
    {"year", 12, 0},
    {"yr", 12, 0},
    {"y", 12, 0},
    {"quarter", 3, 0},
    {"month", 1, 0},
    {"mon", 1, 0},
    {"week", 0, 7 * data::kUsPerDay},
    {"w", 0, 7 * data::kUsPerDay},
    {"day", 0, data::kUsPerDay},
    {"d", 0, data::kUsPerDay},
    {"hour", 0, kUsPerHour},
    {"hr", 0, kUsPerHour},
    {"h", 0, kUsPerHour},
    {"minute", 0, kUsPerMinute},
    {"min", 0, kUsPerMinute},
    {"m", 0, kUsPerMinute},
    {"second", 0, data::kUsPerSecond},
    {"sec", 0, data::kUsPerSecond},
    {"s", 0, data::kUsPerSecond},
    {"millisecond", 0, 1000},
    {"ms", 0, 1000},
    {"microsecond", 0, 1},
    {"us", 0, 1},
};

const Unit* find_unit(std::string word) {
  for (char& c : word) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  for (int plural = 0; plural < 2; ++plural) {
    for (const Unit& unit : kUnits) {
      if (unit.name == word) return &unit;
    }
    if (word.size() > 2 && word.back() == 's') word.pop_back();
  }
  return nullptr;
}

bool add(int64_t& to, int64_t count, int64_t unit) {
  int64_t part;
  return !__builtin_mul_overflow(count, unit, &part) && !__builtin_add_overflow(to, part, &to);
}

// A number of units: whole, or with a fraction where the unit is one of time.
bool add_units(ParsedInterval& to, std::string_view number, const Unit& unit) {
  int64_t whole = 0;
  const char* const end = number.data() + number.size();
  const auto parsed = std::from_chars(number.data(), end, whole);
  if (parsed.ec == std::errc() && parsed.ptr == end) {
    return unit.months != 0 ? add(to.months, whole, unit.months) : add(to.us, whole, unit.us);
  }
  double real = 0;
  const auto fraction = std::from_chars(number.data(), end, real);
  if (fraction.ec != std::errc() || fraction.ptr != end || unit.months != 0) return false;
  const double us = std::nearbyint(real * static_cast<double>(unit.us));
  return std::abs(us) < 9e18 && add(to.us, static_cast<int64_t>(us), 1);
}

// "04:05:06.5", perhaps with a sign.
bool add_clock(ParsedInterval& to, std::string_view text) {
  const bool negative = text[0] == '-';
  if (negative || text[0] == '+') text.remove_prefix(1);
  const size_t colon = text.find(':');
  int64_t hours = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + colon, hours);
  if (parsed.ec != std::errc() || parsed.ptr != text.data() + colon) return false;
  const std::string rest = "00" + std::string(text.substr(colon));
  const auto us = data::parse_time(rest, data::TimeUnit::kUs);
  const int64_t sign = negative ? -1 : 1;
  return us && add(to.us, sign * hours, kUsPerHour) && add(to.us, sign, *us);
}

// "1-2": years and months.
bool add_years_months(ParsedInterval& to, std::string_view text, size_t dash) {
  const bool negative = text[0] == '-';
  ParsedInterval part;
  if (!add_units(part, text.substr(negative, dash - negative), kUnits[0])) return false;
  if (!add_units(part, text.substr(dash + 1), *find_unit("month"))) return false;
  return add(to.months, negative ? -1 : 1, part.months);
}

std::string_view take_word(std::string_view& rest, bool (*belongs)(char)) {
  size_t end = 0;
  while (end < rest.size() && belongs(rest[end])) ++end;
  const std::string_view word = rest.substr(0, end);
  rest.remove_prefix(end);
  return word;
}

bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n';
}
bool is_letter(char c) {
  return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}
bool in_number(char c) {
  return (c >= '0' && c <= '9') || c == '.' || c == ':' || c == '-' || c == '+';
}

bool add_number(ParsedInterval& to, std::string_view number, std::string_view& rest) {
  if (number.find(':') != std::string_view::npos) return add_clock(to, number);
  const size_t dash = number.find('-', 1);
  if (dash != std::string_view::npos) return add_years_months(to, number, dash);
  if (number[0] == '+') number.remove_prefix(1);
  take_word(rest, is_space);
  const std::string_view word = take_word(rest, is_letter);
  const Unit* const unit = word.empty() ? find_unit("second") : find_unit(std::string(word));
  return unit != nullptr && add_units(to, number, *unit);
}

}  // namespace

std::optional<ParsedInterval> parse_interval(std::string_view text) {
  ParsedInterval parsed;
  bool any = false;
  take_word(text, is_space);
  while (!text.empty()) {
    const std::string_view number = take_word(text, in_number);
    if (number.empty()) {
      if (!any || take_word(text, is_letter) != "ago") return std::nullopt;
      take_word(text, is_space);
      if (!text.empty() || parsed.us == INT64_MIN) return std::nullopt;
      return ParsedInterval{-parsed.months, -parsed.us};
    }
    if (!add_number(parsed, number, text)) return std::nullopt;
    any = true;
    take_word(text, is_space);
  }
  return any ? std::optional(parsed) : std::nullopt;
}

}  // namespace millrace::expr
