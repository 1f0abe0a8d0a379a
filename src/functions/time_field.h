#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace millrace::functions {

// A part of a date or time, and the unit of that name.
enum class TimeField : uint8_t {
  kMillennium,
  kCentury,
  kDecade,
  kYear,
  kQuarter,
  kMonth,
  kWeek,  // ISO
  kDay,
  kHour,
  kMinute,
  kSecond,
  kMillisecond,
  kMicrosecond,
  kNanosecond,
  // What follows are parts only.
  kIsoYear,
  kDayOfWeek,     // 0 = Sunday .. 6
  kSqlDayOfWeek,  // 1 = Sunday .. 7
  kIsoDayOfWeek,  // 1 = Monday .. 7
  kDayOfYear,
  kEpoch,  // seconds since 1970
};

// In any case, singular or plural: "DAY", "days"; "DOW", "EPOCH", …
std::optional<TimeField> find_time_field(std::string_view name);

// The field of a moment: days since 1970 and nanoseconds since that midnight. Seconds come without
// their fraction, milliseconds and finer within the minute, as PostgreSQL's.
int64_t extract_field(TimeField field, int64_t days, int64_t ns_of_day);

// The first day of the unit that a day lies in. REQUIRES: kMillennium to kDay.
int64_t floor_days(TimeField unit, int64_t days);
// µs of a unit of fixed length, kWeek to kMicrosecond; 0 for others.
int64_t unit_us(TimeField unit);
// Months of a unit that is so many, kMillennium to kMonth; 0 for others.
int64_t unit_months(TimeField unit);

}  // namespace millrace::functions
