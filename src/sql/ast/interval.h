#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace millrace::sql {

enum class TimeUnit : uint8_t {
  kYear,
  kQuarter,
  kMonth,
  kWeek,
  kDay,
  kHour,
  kMinute,
  kSecond,
  kMillisecond,
  kMicrosecond,
};
// "YEAR", …
std::string_view to_string(TimeUnit unit);
// The unit of a word in any case, singular or plural (`day`, `DAYS`); nullopt if it is none.
std::optional<TimeUnit> find_time_unit(std::string_view word);

// DAY, DAY(3), DAY TO SECOND(6), YEAR TO MONTH.
struct IntervalQualifier {
  TimeUnit from = TimeUnit::kSecond;
  std::optional<TimeUnit> to;
  std::optional<uint32_t> leading_precision;     // DAY(3)
  std::optional<uint32_t> fractional_precision;  // TO SECOND(6)
  friend bool operator==(const IntervalQualifier&, const IntervalQualifier&) = default;
};

}  // namespace millrace::sql
