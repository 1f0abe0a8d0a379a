#include "data/civil.h"

namespace millrace::data {
namespace {

// A year that begins on 1 March puts the leap day at its end; 400 of them have always the same
// length.
constexpr int64_t kDaysPerEra = 146'097;
constexpr int64_t kYearsPerEra = 400;
constexpr int64_t kDaysFromMarchOfYear0To1970 = 719'468;

// Days before month `m` of such a year, m = 0 for March: 153 days in each five months.
constexpr int64_t days_before(int64_t m) {
  return (153 * m + 2) / 5;
}

}  // namespace

int32_t days_in_month(int64_t year, int32_t month) {
  constexpr int8_t kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return kDays[month - 1] + (month == 2 && is_leap_year(year) ? 1 : 0);
}

bool is_valid(const CivilDate& date) {
  return date.month >= 1 && date.month <= 12 && date.day >= 1 &&
         date.day <= days_in_month(date.year, date.month);
}

int32_t days_from_civil(const CivilDate& date) {
  const int64_t year = date.month <= 2 ? int64_t{date.year} - 1 : date.year;
  const int64_t month = date.month <= 2 ? date.month + 9 : date.month - 3;
  const int64_t era = floor_div(year, kYearsPerEra);
  const int64_t year_of_era = year - era * kYearsPerEra;
  const int64_t day_of_era =
      year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + days_before(month) + date.day - 1;
  return static_cast<int32_t>(era * kDaysPerEra + day_of_era - kDaysFromMarchOfYear0To1970);
}

CivilDate civil_from_days(int64_t days) {
  const int64_t shifted = days + kDaysFromMarchOfYear0To1970;
  const int64_t era = floor_div(shifted, kDaysPerEra);
  const int64_t day_of_era = shifted - era * kDaysPerEra;
  // Taking out the leap days that came before leaves years of 365 days.
  const int64_t year_of_era =
      (day_of_era - day_of_era / 1'460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  const int64_t day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const int64_t month = (5 * day_of_year + 2) / 153;
  const int64_t year = era * kYearsPerEra + year_of_era + (month >= 10 ? 1 : 0);
  return {.year = static_cast<int32_t>(year),
          .month = static_cast<int32_t>(month < 10 ? month + 3 : month - 9),
          .day = static_cast<int32_t>(day_of_year - days_before(month) + 1)};
}

CivilTime civil_from_us(int64_t us) {
  const int64_t days = floor_div(us, kUsPerDay);
  const int64_t rest = us - days * kUsPerDay;
  const int64_t seconds = rest / kUsPerSecond;
  return {.date = civil_from_days(days),
          .hour = static_cast<int32_t>(seconds / 3'600),
          .minute = static_cast<int32_t>(seconds / 60 % 60),
          .second = static_cast<int32_t>(seconds % 60),
          .nanosecond = static_cast<int32_t>(rest % kUsPerSecond * kNsPerUs)};
}

CivilTime civil_from_ns(int64_t ns) {
  const int64_t us = floor_div(ns, kNsPerUs);
  CivilTime time = civil_from_us(us);
  time.nanosecond += static_cast<int32_t>(ns - us * kNsPerUs);
  return time;
}

int64_t us_from_civil(const CivilTime& time) {
  const int64_t seconds = (int64_t{time.hour} * 60 + time.minute) * 60 + time.second;
  return int64_t{days_from_civil(time.date)} * kUsPerDay + seconds * kUsPerSecond +
         time.nanosecond / kNsPerUs;
}

int32_t day_of_week(int64_t days) {
  constexpr int64_t kThursday = 4;  // 1970-01-01
  return static_cast<int32_t>(floor_mod(days + kThursday, 7));
}

int32_t day_of_year(const CivilDate& date) {
  return days_from_civil(date) - days_from_civil({.year = date.year, .month = 1, .day = 1}) + 1;
}

IsoWeek iso_week(int64_t days) {
  const int64_t monday = days - floor_mod(day_of_week(days) - 1, 7);
  const CivilDate thursday = civil_from_days(monday + 3);
  return {.year = thursday.year, .week = (day_of_year(thursday) - 1) / 7 + 1};
}

int64_t add_months(int64_t days, int64_t months) {
  const CivilDate date = civil_from_days(days);
  const int64_t month_index = int64_t{date.year} * 12 + date.month - 1 + months;
  const int64_t year = floor_div(month_index, 12);
  const auto month = static_cast<int32_t>(month_index - year * 12 + 1);
  const int32_t last = days_in_month(year, month);
  return days_from_civil({.year = static_cast<int32_t>(year),
                          .month = month,
                          .day = date.day < last ? date.day : last});
}

int64_t add_months_us(int64_t us, int64_t months) {
  const int64_t days = floor_div(us, kUsPerDay);
  return add_months(days, months) * kUsPerDay + (us - days * kUsPerDay);
}

}  // namespace millrace::data
