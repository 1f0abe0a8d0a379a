#pragma once

#include <cstdint>

namespace millrace::data {

// Calendar arithmetic of the proleptic Gregorian calendar (the rule of today for all years, with a
// year 0), on days, microseconds and nanoseconds since 1970-01-01. All divisions round down, so
// instants before 1970 need no special care. Pure functions.

inline constexpr int64_t kUsPerSecond = 1'000'000;
inline constexpr int64_t kUsPerDay = 86'400 * kUsPerSecond;
inline constexpr int64_t kNsPerUs = 1'000;
inline constexpr int64_t kNsPerDay = kUsPerDay * kNsPerUs;

// REQUIRES: divisor > 0.
constexpr int64_t floor_div(int64_t value, int64_t divisor) {
  const int64_t quotient = value / divisor;
  return quotient - (value % divisor < 0 ? 1 : 0);
}
constexpr int64_t floor_mod(int64_t value, int64_t divisor) {
  const int64_t rest = value % divisor;
  return rest < 0 ? rest + divisor : rest;
}

struct CivilDate {
  int32_t year = 1970;
  int32_t month = 1;  // 1..12
  int32_t day = 1;    // 1..31
  friend bool operator==(const CivilDate&, const CivilDate&) = default;
};

// The parts of a timestamp, and back.
struct CivilTime {
  CivilDate date;
  int32_t hour = 0;
  int32_t minute = 0;
  int32_t second = 0;
  int32_t nanosecond = 0;  // within the second
  friend bool operator==(const CivilTime&, const CivilTime&) = default;
};

constexpr bool is_leap_year(int64_t year) {
  return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}
// 28..31. REQUIRES: month 1..12.
int32_t days_in_month(int64_t year, int32_t month);
// Whether such a day exists.
bool is_valid(const CivilDate& date);

// REQUIRES: is_valid(date); |year| < 5,800,000 (so that the result fits).
int32_t days_from_civil(const CivilDate& date);
CivilDate civil_from_days(int64_t days);

CivilTime civil_from_us(int64_t us);
CivilTime civil_from_ns(int64_t ns);
int64_t us_from_civil(const CivilTime& time);

// 0 = Sunday .. 6 = Saturday; the ISO day is 7 for Sunday.
int32_t day_of_week(int64_t days);
int32_t day_of_year(const CivilDate& date);  // 1..366
struct IsoWeek {
  int32_t year;
  int32_t week;  // 1..53
};
// ISO 8601: weeks begin on Monday, week 1 holds the year's first Thursday.
IsoWeek iso_week(int64_t days);

// `months` later (or earlier); a day that the month has not becomes its last one.
int64_t add_months(int64_t days, int64_t months);
int64_t add_months_us(int64_t us, int64_t months);

}  // namespace millrace::data
