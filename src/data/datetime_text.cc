#include "data/datetime_text.h"

#include <fmt/core.h>

#include "data/civil.h"

namespace millrace::data {
namespace {

constexpr int kYearDigitsMax = 6;
constexpr int32_t kPowers[] = {1,       10,        100,        1'000,       10'000,
                               100'000, 1'000'000, 10'000'000, 100'000'000, 1'000'000'000};

char* put_two(char* to, int32_t value) {
  to[0] = static_cast<char>('0' + value / 10);
  to[1] = static_cast<char>('0' + value % 10);
  return to + 2;
}

char* put_date(char* to, const CivilDate& date) {
  if (date.year < 0 || date.year > 9999) {
    if (date.year < 0) *to++ = '-';
    const std::string year =
        fmt::format("{:04}", date.year < 0 ? -int64_t{date.year} : int64_t{date.year});
    to += year.copy(to, year.size());
  } else {
    to = put_two(put_two(to, date.year / 100), date.year % 100);
  }
  *to++ = '-';
  to = put_two(to, date.month);
  *to++ = '-';
  return put_two(to, date.day);
}

char* put_time(char* to, const CivilTime& time, int precision) {
  to = put_two(to, time.hour);
  *to++ = ':';
  to = put_two(to, time.minute);
  *to++ = ':';
  to = put_two(to, time.second);
  if (precision <= 0) return to;
  *to++ = '.';
  int32_t rest = time.nanosecond;
  for (int digit = 0; digit < precision; ++digit) {
    const int32_t power = kPowers[8 - digit];
    *to++ = static_cast<char>('0' + rest / power);
    rest %= power;
  }
  return to;
}

CivilTime civil(int64_t value, TimeUnit unit) {
  return unit == TimeUnit::kNs ? civil_from_ns(value) : civil_from_us(value);
}

// A reader over the rest of a text.
struct Scanner {
  std::string_view rest;

  bool take(char c) {
    if (rest.empty() || rest[0] != c) return false;
    rest.remove_prefix(1);
    return true;
  }
  bool at_digit() const { return !rest.empty() && rest[0] >= '0' && rest[0] <= '9'; }
  // Between `least` and `most` digits.
  bool number(int least, int most, int32_t& value) {
    int count = 0;
    value = 0;
    for (; count < most && at_digit(); ++count) {
      value = value * 10 + (rest[0] - '0');
      rest.remove_prefix(1);
    }
    return count >= least;
  }
};

bool take_date(Scanner& text, CivilDate& date) {
  const bool negative = text.take('-');
  if (!negative) text.take('+');
  if (!text.number(1, kYearDigitsMax, date.year)) return false;
  if (negative) date.year = -date.year;
  const char separator = text.rest.empty() ? '\0' : text.rest[0];
  if (separator != '-' && separator != '/') return false;
  text.take(separator);
  if (!text.number(1, 2, date.month) || !text.take(separator)) return false;
  return text.number(1, 2, date.day) && is_valid(date);
}

// Digits behind the point; those past the ninth are cut off.
bool take_fraction(Scanner& text, int32_t& nanosecond) {
  int digits = 0;
  int32_t value = 0;
  for (; text.at_digit(); ++digits) {
    if (digits < 9) value = value * 10 + (text.rest[0] - '0');
    text.rest.remove_prefix(1);
  }
  nanosecond = digits < 9 ? value * kPowers[9 - digits] : value;
  return digits > 0;
}

bool take_time(Scanner& text, CivilTime& time) {
  if (!text.number(1, 2, time.hour) || !text.take(':') || !text.number(2, 2, time.minute)) {
    return false;
  }
  if (text.take(':')) {
    if (!text.number(2, 2, time.second)) return false;
    if (text.take('.') && !take_fraction(text, time.nanosecond)) return false;
  }
  return time.hour < 24 && time.minute < 60 && time.second < 60;
}

// "Z", "+01", "+0130", "-01:30": minutes east of Greenwich.
bool take_zone(Scanner& text, bool& has_zone, int32_t& minutes) {
  has_zone = false;
  minutes = 0;
  if (text.rest.empty()) return true;
  has_zone = true;
  if (text.take('Z') || text.take('z')) return true;
  const bool negative = text.take('-');
  if (!negative && !text.take('+')) return false;
  int32_t hours = 0;
  int32_t rest = 0;
  if (!text.number(2, 2, hours) || hours > 18) return false;
  if ((text.take(':') || text.at_digit()) && (!text.number(2, 2, rest) || rest > 59)) return false;
  minutes = (hours * 60 + rest) * (negative ? -1 : 1);
  return true;
}

std::optional<int64_t> combine(const CivilTime& time, int32_t zone_minutes, TimeUnit unit) {
  const int64_t us = us_from_civil(time) - int64_t{zone_minutes} * 60 * kUsPerSecond;
  if (unit == TimeUnit::kUs) return us;
  int64_t ns;
  if (__builtin_mul_overflow(us, kNsPerUs, &ns) ||
      __builtin_add_overflow(ns, time.nanosecond % kNsPerUs, &ns)) {
    return std::nullopt;
  }
  return ns;
}

}  // namespace

void append_date(std::string& to, int64_t days) {
  char buffer[32];
  to.append(buffer, static_cast<size_t>(put_date(buffer, civil_from_days(days)) - buffer));
}

void append_time(std::string& to, int64_t value, TimeUnit unit, int precision) {
  char buffer[32];
  to.append(buffer, static_cast<size_t>(put_time(buffer, civil(value, unit), precision) - buffer));
}

void append_timestamp(std::string& to, int64_t value, TimeUnit unit, int precision,
                      char separator) {
  char buffer[48];
  const CivilTime time = civil(value, unit);
  char* end = put_date(buffer, time.date);
  *end++ = separator;
  end = put_time(end, time, precision);
  to.append(buffer, static_cast<size_t>(end - buffer));
}

void append_interval_months(std::string& to, int64_t months) {
  const int64_t years = months / 12;
  const int64_t rest = months % 12;
  const auto plural = [](int64_t count) { return count == 1 || count == -1 ? "" : "s"; };
  if (years != 0) to += fmt::format("{} year{}", years, plural(years));
  if (years != 0 && rest != 0) to += ' ';
  if (rest != 0 || years == 0) to += fmt::format("{} mon{}", rest, plural(rest));
}

void append_interval_us(std::string& to, int64_t us) {
  const int64_t days = us / kUsPerDay;
  int64_t rest = us % kUsPerDay;
  if (days != 0) to += fmt::format("{} day{}", days, days == 1 || days == -1 ? "" : "s");
  if (days != 0 && rest == 0) return;
  if (days != 0) to += ' ';
  if (rest < 0) to += '-';
  rest = rest < 0 ? -rest : rest;
  append_time(to, rest, TimeUnit::kUs, 0);
  if (rest % kUsPerSecond == 0) return;
  std::string fraction = fmt::format(".{:06}", rest % kUsPerSecond);
  while (fraction.back() == '0') fraction.pop_back();
  to += fraction;
}

std::optional<int32_t> parse_date(std::string_view text) {
  Scanner scanner{text};
  CivilDate date;
  if (!take_date(scanner, date) || !scanner.rest.empty()) return std::nullopt;
  return days_from_civil(date);
}

std::optional<int64_t> parse_time(std::string_view text, TimeUnit unit) {
  Scanner scanner{text};
  CivilTime time;
  if (!take_time(scanner, time) || !scanner.rest.empty()) return std::nullopt;
  return combine(time, 0, unit);
}

int64_t round_to_precision(int64_t value, TimeUnit unit, int precision) {
  const int digits = (unit == TimeUnit::kNs ? 9 : 6) - precision;
  if (digits <= 0) return value;
  const int64_t step = kPowers[digits];
  const int64_t rest = floor_mod(value, step);
  if (rest == 0) return value;
  // Up only where that does not leave the range of the unit.
  const bool up = rest * 2 >= step && value <= INT64_MAX - step;
  return value - rest + (up ? step : 0);
}

std::optional<ParsedTimestamp> parse_timestamp(std::string_view text, TimeUnit unit) {
  Scanner scanner{text};
  CivilTime time;
  ParsedTimestamp parsed;
  int32_t zone_minutes = 0;
  if (!take_date(scanner, time.date)) return std::nullopt;
  const bool has_time = scanner.take('T') || scanner.take('t') || scanner.take(' ');
  if (has_time) {
    while (scanner.take(' ')) {
    }
    if (!take_time(scanner, time)) return std::nullopt;
    while (scanner.take(' ')) {
    }
    if (!take_zone(scanner, parsed.has_zone, zone_minutes)) return std::nullopt;
  }
  // "+01:30" was taken whole, so anything left is a stray text.
  if (!scanner.rest.empty()) return std::nullopt;
  const std::optional<int64_t> value = combine(time, zone_minutes, unit);
  if (!value) return std::nullopt;
  parsed.value = *value;
  return parsed;
}

}  // namespace millrace::data
