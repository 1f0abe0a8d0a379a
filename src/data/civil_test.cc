#include "data/civil.h"

#include <gtest/gtest.h>

#include "data/datetime_text.h"

namespace millrace::data {
namespace {

TEST(Civil, DaysAndDatesRoundTripOverTwentyThousandYears) {
  CivilDate expected{-10000, 1, 1};
  for (int64_t days = days_from_civil(expected); expected.year < 10000; ++days) {
    ASSERT_EQ(civil_from_days(days), expected) << days;
    ASSERT_EQ(days_from_civil(expected), days);
    if (++expected.day > days_in_month(expected.year, expected.month)) {
      expected.day = 1;
      if (++expected.month > 12) expected = {expected.year + 1, 1, 1};
    }
  }
}

TEST(Civil, KnownDays) {
  EXPECT_EQ(days_from_civil({1970, 1, 1}), 0);
  EXPECT_EQ(days_from_civil({2000, 2, 29}), 11016);
  EXPECT_EQ(days_from_civil({1969, 12, 31}), -1);
  EXPECT_EQ(days_from_civil({1, 1, 1}), -719162);
  EXPECT_EQ(day_of_week(0), 4);
  EXPECT_EQ(day_of_week(-1), 3);
  EXPECT_EQ(day_of_week(days_from_civil({2024, 2, 25})), 0);
  EXPECT_FALSE(is_valid({1900, 2, 29}));
  EXPECT_TRUE(is_valid({2000, 2, 29}));
}

TEST(Civil, InstantsBefore1970DivideDownwards) {
  const CivilTime time = civil_from_us(-1);
  EXPECT_EQ(time, (CivilTime{{1969, 12, 31}, 23, 59, 59, 999'999'000}));
  EXPECT_EQ(us_from_civil(time), -1);
  EXPECT_EQ(civil_from_ns(-1).nanosecond, 999'999'999);
  EXPECT_EQ(floor_div(-7, 2), -4);
  EXPECT_EQ(floor_mod(-7, 2), 1);
  EXPECT_EQ(floor_div(-8, 2), -4);
  EXPECT_EQ(floor_mod(-8, 2), 0);
}

TEST(Civil, MonthsEndOnTheLastDayThatExists) {
  const auto add = [](CivilDate date, int64_t months) {
    return civil_from_days(add_months(days_from_civil(date), months));
  };
  EXPECT_EQ(add({2024, 1, 31}, 1), (CivilDate{2024, 2, 29}));
  EXPECT_EQ(add({2024, 3, 31}, -13), (CivilDate{2023, 2, 28}));
  EXPECT_EQ(add({1970, 1, 15}, -1), (CivilDate{1969, 12, 15}));
  EXPECT_EQ(add({1, 1, 1}, -12), (CivilDate{0, 1, 1}));
  EXPECT_EQ(civil_from_us(add_months_us(-1, 2)),
            (CivilTime{{1970, 2, 28}, 23, 59, 59, 999'999'000}));
}

TEST(Civil, IsoWeeksCrossTheYearsEnd) {
  const auto week = [](CivilDate date) { return iso_week(days_from_civil(date)); };
  EXPECT_EQ(week({2021, 1, 3}).year, 2020);
  EXPECT_EQ(week({2021, 1, 3}).week, 53);
  EXPECT_EQ(week({2021, 1, 4}).week, 1);
  EXPECT_EQ(week({2024, 12, 30}).year, 2025);
  EXPECT_EQ(week({2024, 12, 30}).week, 1);
  EXPECT_EQ(day_of_year({2024, 12, 31}), 366);
}

std::string timestamp(int64_t value, TimeUnit unit, int precision) {
  std::string text;
  append_timestamp(text, value, unit, precision);
  return text;
}

TEST(DatetimeText, PrintsTheDeclaredPrecision) {
  const int64_t us = 1'709'250'965'460'789;
  EXPECT_EQ(timestamp(us, TimeUnit::kUs, 3), "2024-02-29 23:56:05.460");
  EXPECT_EQ(timestamp(us, TimeUnit::kUs, 0), "2024-02-29 23:56:05");
  EXPECT_EQ(timestamp(us, TimeUnit::kUs, 6), "2024-02-29 23:56:05.460789");
  EXPECT_EQ(timestamp(us * 1000 + 12, TimeUnit::kNs, 9), "2024-02-29 23:56:05.460789012");
  EXPECT_EQ(timestamp(-1, TimeUnit::kNs, 9), "1969-12-31 23:59:59.999999999");
  EXPECT_EQ(timestamp(us_from_civil({{-44, 3, 15}}), TimeUnit::kUs, 0), "-0044-03-15 00:00:00");
  EXPECT_EQ(timestamp(us_from_civil({{12345, 3, 15}}), TimeUnit::kUs, 0), "12345-03-15 00:00:00");
}

TEST(DatetimeText, ReadsTheFormsOfTheWorld) {
  const auto us = [](std::string_view text) { return parse_timestamp(text, TimeUnit::kUs); };
  const int64_t expected = 1'709'250'965'460'000;
  for (const char* text : {"2024-02-29 23:56:05.460", "2024-02-29T23:56:05.46",
                           "2024/02/29 23:56:05.46", "2024-2-29  23:56:05.460000999"}) {
    ASSERT_TRUE(us(text)) << text;
    EXPECT_EQ(us(text)->value, expected) << text;
    EXPECT_FALSE(us(text)->has_zone);
  }
  for (const char* text : {"2024-02-29T23:56:05.460Z", "2024-03-01 01:26:05.46+01:30",
                           "2024-03-01 01:26:05.46 +0130", "2024-02-29 15:56:05.46-08"}) {
    ASSERT_TRUE(us(text)) << text;
    EXPECT_EQ(us(text)->value, expected) << text;
    EXPECT_TRUE(us(text)->has_zone);
  }
  EXPECT_EQ(us("2001/01/01 00:47")->value, us_from_civil({{2001, 1, 1}, 0, 47}));
  EXPECT_EQ(us("1969-12-31")->value, -kUsPerDay);
  for (const char* text :
       {"", "2024", "2024-02-30", "2024-13-01", "2024-02-29 24:00:00", "2024-02-29 23:60",
        "2024-02-29x", "2024-02-29 23:56:05.", "2024-02-29 23:56:05+1", "2024-02-29T",
        "x2024-02-29", "2024-02-29 23:56:05 UTC", "2024-02/29"}) {
    EXPECT_FALSE(us(text)) << text;
  }
  EXPECT_EQ(parse_timestamp("2024-02-29 23:56:05.460789012", TimeUnit::kNs)->value,
            1'709'250'965'460'789'012);
  EXPECT_FALSE(parse_timestamp("2300-01-01", TimeUnit::kNs));
}

TEST(DatetimeText, RoundsHalfUpToTheDeclaredPrecision) {
  EXPECT_EQ(round_to_precision(1'499'999, TimeUnit::kUs, 0), 1'000'000);
  EXPECT_EQ(round_to_precision(1'500'000, TimeUnit::kUs, 0), 2'000'000);
  EXPECT_EQ(round_to_precision(-1, TimeUnit::kUs, 3), 0);
  EXPECT_EQ(round_to_precision(-501, TimeUnit::kUs, 3), -1'000);
  EXPECT_EQ(round_to_precision(-500, TimeUnit::kUs, 3), 0);
  EXPECT_EQ(round_to_precision(123'456'789, TimeUnit::kNs, 7), 123'456'800);
  EXPECT_EQ(round_to_precision(123'456, TimeUnit::kUs, 6), 123'456);
}

TEST(DatetimeText, DatesTimesAndIntervals) {
  EXPECT_EQ(parse_date("2000-02-29"), 11016);
  EXPECT_EQ(parse_date("-0044-03-15"), days_from_civil({-44, 3, 15}));
  EXPECT_FALSE(parse_date("2000-02-29 "));
  EXPECT_EQ(parse_time("23:56:05.5", TimeUnit::kUs), 86'165'500'000);
  EXPECT_EQ(parse_time("00:01", TimeUnit::kNs), 60'000'000'000);
  EXPECT_FALSE(parse_time("24:00", TimeUnit::kUs));
  std::string text;
  append_interval_months(text, 26);
  append_interval_us(text += "; ", 3 * kUsPerDay + 4 * 3'600 * kUsPerSecond + 500'000);
  append_interval_us(text += "; ", -1'000'000);
  append_interval_us(text += "; ", 2 * kUsPerDay);
  append_interval_months(text += "; ", 0);
  EXPECT_EQ(text, "2 years 2 mons; 3 days 04:00:00.5; -00:00:01; 2 days; 0 mons");
}

}  // namespace
}  // namespace millrace::data
