#include "functions/time_field.h"

#include <string>

#include "data/civil.h"

namespace millrace::functions {
namespace {

using data::CivilDate;
using data::kUsPerDay;
using data::kUsPerSecond;

constexpr int64_t kNsPerSecond = 1'000'000'000;

struct Named {
  std::string_view name;
  TimeField field;
};

constexpr Named kFields[] = {
    {"MILLENNIUM", TimeField::kMillennium},
    {"CENTURY", TimeField::kCentury},
    {"DECADE", TimeField::kDecade},
    {"YEAR", TimeField::kYear},
    {"QUARTER", TimeField::kQuarter},
    {"MONTH", TimeField::kMonth},
    {"WEEK", TimeField::kWeek},
    {"DAY", TimeField::kDay},
    {"DAYOFMONTH", TimeField::kDay},
    {"HOUR", TimeField::kHour},
    {"MINUTE", TimeField::kMinute},
    {"SECOND", TimeField::kSecond},
    {"MILLISECOND", TimeField::kMillisecond},
    {"MICROSECOND", TimeField::kMicrosecond},
    {"NANOSECOND", TimeField::kNanosecond},
    {"ISOYEAR", TimeField::kIsoYear},
    {"DOW", TimeField::kDayOfWeek},
    {"DAYOFWEEK", TimeField::kSqlDayOfWeek},
    {"ISODOW", TimeField::kIsoDayOfWeek},
    {"DOY", TimeField::kDayOfYear},
    {"DAYOFYEAR", TimeField::kDayOfYear},
    {"EPOCH", TimeField::kEpoch},
};

int64_t start_of_year(int64_t year) {
  return data::days_from_civil({static_cast<int32_t>(year), 1, 1});
}

// Centuries and millennia begin with the year 1.
int64_t start_of_years(int64_t year, int64_t years) {
  return start_of_year(data::floor_div(year - 1, years) * years + 1);
}

}  // namespace

std::optional<TimeField> find_time_field(std::string_view name) {
  std::string upper(name);
  for (char& c : upper) c = static_cast<char>(c >= 'a' && c <= 'z' ? c - 32 : c);
  for (int plural = 0; plural < 2; ++plural) {
    for (const Named& named : kFields) {
      if (named.name == upper) return named.field;
    }
    if (upper.size() > 2 && upper.back() == 'S') upper.pop_back();
  }
  return std::nullopt;
}

int64_t extract_field(TimeField field, int64_t days, int64_t ns_of_day) {
  switch (field) {
    case TimeField::kHour:
      return ns_of_day / (3600 * kNsPerSecond);
    case TimeField::kMinute:
      return ns_of_day / (60 * kNsPerSecond) % 60;
    case TimeField::kSecond:
      return ns_of_day / kNsPerSecond % 60;
    case TimeField::kMillisecond:
      return ns_of_day % (60 * kNsPerSecond) / 1'000'000;
    case TimeField::kMicrosecond:
      return ns_of_day % (60 * kNsPerSecond) / 1'000;
    case TimeField::kNanosecond:
      return ns_of_day % (60 * kNsPerSecond);
    case TimeField::kEpoch:
      return days * 86'400 + ns_of_day / kNsPerSecond;
    case TimeField::kDayOfWeek:
      return data::day_of_week(days);
    case TimeField::kSqlDayOfWeek:
      return data::day_of_week(days) + 1;
    case TimeField::kIsoDayOfWeek:
      return (data::day_of_week(days) + 6) % 7 + 1;
    case TimeField::kWeek:
      return data::iso_week(days).week;
    case TimeField::kIsoYear:
      return data::iso_week(days).year;
    default:
      break;
  }
  const CivilDate date = data::civil_from_days(days);
  switch (field) {
    case TimeField::kMillennium:
      return data::floor_div(date.year - 1, 1000) + 1;
    case TimeField::kCentury:
      return data::floor_div(date.year - 1, 100) + 1;
    case TimeField::kDecade:
      return data::floor_div(date.year, 10);
    case TimeField::kYear:
      return date.year;
    case TimeField::kQuarter:
      return (date.month + 2) / 3;
    case TimeField::kMonth:
      return date.month;
    case TimeField::kDayOfYear:
      return data::day_of_year(date);
    default:
      return date.day;
  }
}

int64_t floor_days(TimeField unit, int64_t days) {
  if (unit == TimeField::kDay) return days;
  // 1970-01-05 was a Monday.
  if (unit == TimeField::kWeek) return data::floor_div(days - 4, 7) * 7 + 4;
  CivilDate date = data::civil_from_days(days);
  date.day = 1;
  switch (unit) {
    case TimeField::kMillennium:
      return start_of_years(date.year, 1000);
    case TimeField::kCentury:
      return start_of_years(date.year, 100);
    case TimeField::kDecade:
      return start_of_year(data::floor_div(date.year, 10) * 10);
    case TimeField::kYear:
      return start_of_year(date.year);
    case TimeField::kQuarter:
      date.month = (date.month - 1) / 3 * 3 + 1;
      break;
    default:
      break;
  }
  return data::days_from_civil(date);
}

int64_t unit_us(TimeField unit) {
  switch (unit) {
    case TimeField::kWeek:
      return 7 * kUsPerDay;
    case TimeField::kDay:
      return kUsPerDay;
    case TimeField::kHour:
      return 3600 * kUsPerSecond;
    case TimeField::kMinute:
      return 60 * kUsPerSecond;
    case TimeField::kSecond:
      return kUsPerSecond;
    case TimeField::kMillisecond:
      return 1000;
    case TimeField::kMicrosecond:
      return 1;
    default:
      return 0;
  }
}

int64_t unit_months(TimeField unit) {
  switch (unit) {
    case TimeField::kMillennium:
      return 12'000;
    case TimeField::kCentury:
      return 1'200;
    case TimeField::kDecade:
      return 120;
    case TimeField::kYear:
      return 12;
    case TimeField::kQuarter:
      return 3;
    case TimeField::kMonth:
      return 1;
    default:
      return 0;
  }
}

}  // namespace millrace::functions
