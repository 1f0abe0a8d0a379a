#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace millrace::data {

// Dates and times as text, in the form that every output of Millrace has, and read from the forms
// that inputs have. Pure functions; nothing is rounded on the way in silently except digits past
// the unit.

enum class TimeUnit : uint8_t { kUs, kNs };

// "2024-02-29"; years before 0 with a minus, beyond 9999 with all digits.
void append_date(std::string& to, int64_t days);
// "23:56:05.460" with `precision` digits (0..9) behind the point, the rest cut off.
void append_time(std::string& to, int64_t value, TimeUnit unit, int precision);
// "2024-02-29 23:56:05.460"; `separator` stands between date and time.
void append_timestamp(std::string& to, int64_t value, TimeUnit unit, int precision,
                      char separator = ' ');
// "1 year 2 mons", "3 days 04:05:06.5": as PostgreSQL prints intervals.
void append_interval_months(std::string& to, int64_t months);
void append_interval_us(std::string& to, int64_t us);

// "2024-02-29", "2024/02/29", year of one to six digits with a sign if wanted.
std::optional<int32_t> parse_date(std::string_view text);
// "23:56", "23:56:05", "23:56:05.46" since midnight; 24:00 is refused.
std::optional<int64_t> parse_time(std::string_view text, TimeUnit unit);

// `value` with `precision` digits of a second (0..9), rounded half up.
int64_t round_to_precision(int64_t value, TimeUnit unit, int precision);

struct ParsedTimestamp {
  int64_t value = 0;  // in the unit asked for; UTC if `has_zone`
  bool has_zone = false;
};
// A date, then 'T' or spaces, then a time, then "Z" or "+hh[:mm]" or nothing: "2024-02-29
// 23:56:05.460", "2024-02-29T23:56:05Z", "2001/01/01 00:47", "2024-02-29". nullopt: not such a
// text, or out of range.
std::optional<ParsedTimestamp> parse_timestamp(std::string_view text, TimeUnit unit);

}  // namespace millrace::data
