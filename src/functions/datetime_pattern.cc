#include "functions/datetime_pattern.h"

#include <fmt/core.h>

#include <algorithm>

namespace millrace::functions {
namespace {

constexpr int64_t kNsPerSecond = 1'000'000'000;

constexpr std::string_view kMonths[] = {"January",   "February", "March",    "April",
                                        "May",       "June",     "July",     "August",
                                        "September", "October",  "November", "December"};
constexpr std::string_view kDays[] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                      "Thursday", "Friday", "Saturday"};

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_letter(char c) {
  return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}
char lower(char c) {
  return static_cast<char>(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
}

bool starts_alike(std::string_view text, std::string_view prefix) {
  return text.size() >= prefix.size() &&
         std::equal(prefix.begin(), prefix.end(), text.begin(),
                    [](char a, char b) { return lower(a) == lower(b); });
}

void append_number(std::string& to, int64_t value, int digits) {
  char text[24];
  char* at = std::end(text);
  const bool negative = value < 0;
  auto rest = static_cast<uint64_t>(negative ? -value : value);
  do {
    *--at = static_cast<char>('0' + rest % 10);
    rest /= 10;
    --digits;
  } while (rest != 0 || digits > 0);
  if (negative) to += '-';
  to.append(at, std::end(text));
}

}  // namespace

// A word of the TO_CHAR family.
struct DatetimePattern::Word {
  std::string_view text;
  Part part;
  int digits = 0;
};

// What reading has found so far.
struct DatetimePattern::Reading {
  data::CivilTime time;
  int day_of_year = 0;
  int hour12 = 0;
  bool afternoon = false;
  bool has_half = false;
};

void DatetimePattern::add(Part part, int digits, Letters letters) {
  pieces_.push_back({part, digits, letters});
  int64_t resolution = data::kNsPerDay;
  switch (part) {
    case Part::kFraction:
      resolution = 1;
      break;
    case Part::kSecond:
      resolution = kNsPerSecond;
      break;
    case Part::kMinute:
      resolution = 60 * kNsPerSecond;
      break;
    case Part::kHour:
    case Part::kHour12:
    case Part::kHalfDay:
      resolution = 3600 * kNsPerSecond;
      break;
    default:
      break;
  }
  resolution_ns_ = std::min(resolution_ns_, resolution);
}

void DatetimePattern::add_literal(std::string_view text) {
  if (pieces_.empty() || pieces_.back().part != Part::kLiteral) pieces_.push_back({});
  pieces_.back().literal += text;
}

Result<void> DatetimePattern::add_letters(char letter, int count) {
  switch (letter) {
    case 'y':
    case 'u':
      add(count == 2 ? Part::kShortYear : Part::kYear, count);
      return {};
    case 'Y':
      add(Part::kIsoYear, count);
      return {};
    case 'Q':
    case 'q':
      add(Part::kQuarter, count);
      return {};
    case 'M':
    case 'L':
      if (count >= 4) {
        add(Part::kMonthName, 0);
      } else {
        add(count == 3 ? Part::kShortMonthName : Part::kMonth, count);
      }
      return {};
    case 'w':
      add(Part::kWeek, count);
      return {};
    case 'd':
      add(Part::kDay, count);
      return {};
    case 'D':
      add(Part::kDayOfYear, count);
      return {};
    case 'E':
      add(count >= 4 ? Part::kDayName : Part::kShortDayName, 0);
      return {};
    case 'e':
      add(Part::kIsoDayOfWeek, count);
      return {};
    case 'a':
      add(Part::kHalfDay, 0, Letters::kUpper);
      return {};
    case 'H':
      add(Part::kHour, count);
      return {};
    case 'h':
      add(Part::kHour12, count);
      return {};
    case 'm':
      add(Part::kMinute, count);
      return {};
    case 's':
      add(Part::kSecond, count);
      return {};
    case 'S':
      add(Part::kFraction, std::min(count, 9));
      return {};
    default:
      return Error(ErrorCode::kInvalidArgument,
                   fmt::format("'{}' means nothing in a date pattern", letter))
          .remedy("Known are y M d H h m s S a E D w Q; other letters stand in quotes.");
  }
}

Result<void> DatetimePattern::parse_letters(std::string_view text) {
  size_t at = 0;
  while (at < text.size()) {
    const char c = text[at];
    if (c == '\'') {
      const size_t end = text.find('\'', at + 1);
      if (end == at + 1) {
        add_literal("'");
      } else {
        add_literal(text.substr(at + 1, end == std::string_view::npos ? end : end - at - 1));
      }
      at = end == std::string_view::npos ? text.size() : end + 1;
    } else if (is_letter(c)) {
      size_t end = at;
      while (end < text.size() && text[end] == c) ++end;
      MILLRACE_TRY(add_letters(c, static_cast<int>(end - at)));
      at = end;
    } else {
      add_literal(text.substr(at++, 1));
    }
  }
  return {};
}

void DatetimePattern::parse_words(std::string_view text) {
  // Longer words before those that they begin with.
  static constexpr Word kWords[] = {
      {"MONTH", Part::kMonthName},    {"YYYY", Part::kYear, 4},       {"IYYY", Part::kIsoYear, 4},
      {"HH24", Part::kHour, 2},       {"HH12", Part::kHour12, 2},     {"DAY", Part::kDayName},
      {"DDD", Part::kDayOfYear, 3},   {"MON", Part::kShortMonthName}, {"YY", Part::kShortYear, 2},
      {"MM", Part::kMonth, 2},        {"MI", Part::kMinute, 2},       {"MS", Part::kFraction, 3},
      {"US", Part::kFraction, 6},     {"SS", Part::kSecond, 2},       {"DD", Part::kDay, 2},
      {"DY", Part::kShortDayName},    {"HH", Part::kHour12, 2},       {"IW", Part::kWeek, 2},
      {"ID", Part::kIsoDayOfWeek, 1}, {"AM", Part::kHalfDay},         {"PM", Part::kHalfDay},
      {"Q", Part::kQuarter, 1},       {"D", Part::kSqlDayOfWeek, 1},
  };
  bool fills = true;
  while (!text.empty()) {
    if (text[0] == '"') {
      const size_t end = text.find('"', 1);
      add_literal(text.substr(1, end == std::string_view::npos ? end : end - 1));
      text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
      continue;
    }
    if (starts_alike(text, "FM")) {
      fills = false;
      text.remove_prefix(2);
      continue;
    }
    const auto word = std::find_if(std::begin(kWords), std::end(kWords), [&](const Word& known) {
      return starts_alike(text, known.text);
    });
    if (word == std::end(kWords)) {
      add_literal(text.substr(0, 1));
      text.remove_prefix(1);
      continue;
    }
    const bool is_lower = text[0] >= 'a';
    const bool all_upper = !is_lower && text.size() > 1 && text[1] < 'a';
    const bool keeps = fills || word->part == Part::kFraction;
    add(word->part, keeps ? word->digits : 1,
        is_lower    ? Letters::kLower
        : all_upper ? Letters::kUpper
                    : Letters::kMixed);
    text.remove_prefix(word->text.size());
    fills = true;
  }
}

DatetimePattern::Family DatetimePattern::family_of(std::string_view text) {
  for (const std::string_view word : {"HH24", "HH12", "MI", "YYYY", "DD"}) {
    if (text.find(word) != std::string_view::npos) return Family::kWords;
  }
  return Family::kLetters;
}

Result<DatetimePattern> DatetimePattern::parse(std::string_view text, Family family) {
  DatetimePattern pattern;
  if (family == Family::kLetters) {
    MILLRACE_TRY(pattern.parse_letters(text));
  } else {
    pattern.parse_words(text);
  }
  return pattern;
}

// ---- writing ------------------------------------------------------------------------------------

namespace {

void append_name(std::string& to, std::string_view name, bool is_lower, bool is_upper) {
  for (const char c : name) {
    const bool to_upper = is_upper && c >= 'a' && c <= 'z';
    to += is_lower ? lower(c) : to_upper ? static_cast<char>(c - 32) : c;
  }
}

}  // namespace

int64_t DatetimePattern::number_of(Part part, const data::CivilTime& time) {
  const int64_t days = data::days_from_civil(time.date);
  switch (part) {
    case Part::kYear:
      return time.date.year;
    case Part::kShortYear:
      return data::floor_mod(time.date.year, 100);
    case Part::kIsoYear:
      return data::iso_week(days).year;
    case Part::kQuarter:
      return (time.date.month + 2) / 3;
    case Part::kMonth:
      return time.date.month;
    case Part::kWeek:
      return data::iso_week(days).week;
    case Part::kDay:
      return time.date.day;
    case Part::kDayOfYear:
      return data::day_of_year(time.date);
    case Part::kIsoDayOfWeek:
      return (data::day_of_week(days) + 6) % 7 + 1;
    case Part::kSqlDayOfWeek:
      return data::day_of_week(days) + 1;
    case Part::kHour:
      return time.hour;
    case Part::kHour12:
      return (time.hour + 11) % 12 + 1;
    case Part::kMinute:
      return time.minute;
    default:
      return time.second;
  }
}

void DatetimePattern::append_piece(std::string& to, const Piece& piece,
                                   const data::CivilTime& time) {
  const auto name = [&](std::string_view text) {
    append_name(to, text, piece.letters == Letters::kLower, piece.letters == Letters::kUpper);
  };
  const std::string_view month = kMonths[time.date.month - 1];
  const auto day = [&] { return kDays[data::day_of_week(data::days_from_civil(time.date))]; };
  switch (piece.part) {
    case Part::kLiteral:
      to += piece.literal;
      break;
    case Part::kMonthName:
      name(month);
      break;
    case Part::kShortMonthName:
      name(month.substr(0, 3));
      break;
    case Part::kDayName:
      name(day());
      break;
    case Part::kShortDayName:
      name(day().substr(0, 3));
      break;
    case Part::kHalfDay:
      name(time.hour < 12 ? "AM" : "PM");
      break;
    case Part::kFraction: {
      const std::string digits = fmt::format("{:09}", time.nanosecond);
      to += std::string_view(digits).substr(0, static_cast<size_t>(piece.digits));
      break;
    }
    default:
      append_number(to, number_of(piece.part, time), piece.digits);
      break;
  }
}

void DatetimePattern::append(std::string& to, const data::CivilTime& time) const {
  for (const Piece& piece : pieces_) append_piece(to, piece, time);
}

// ---- reading ------------------------------------------------------------------------------------

namespace {

// Up to `most` digits, at least one.
bool take_number(std::string_view& text, int most, int32_t& value) {
  int count = 0;
  value = 0;
  while (count < most && !text.empty() && is_digit(text[0])) {
    value = value * 10 + (text[0] - '0');
    text.remove_prefix(1);
    ++count;
  }
  return count > 0;
}

bool take_fraction(std::string_view& text, int most, int32_t& ns) {
  const size_t before = text.size();
  if (!take_number(text, most, ns)) return false;
  for (size_t digits = before - text.size(); digits < 9; ++digits) ns *= 10;
  return true;
}

bool take_month(std::string_view& text, bool is_short, int32_t& month) {
  for (int32_t at = 0; at < 12; ++at) {
    const std::string_view name = is_short ? kMonths[at].substr(0, 3) : kMonths[at];
    if (!starts_alike(text, name)) continue;
    text.remove_prefix(name.size());
    month = at + 1;
    return true;
  }
  return false;
}

bool skip_letters(std::string_view& text) {
  const size_t before = text.size();
  while (!text.empty() && is_letter(text[0])) text.remove_prefix(1);
  return text.size() < before;
}

}  // namespace

// `tight`: digits follow at once, so no more than the piece's own are taken.
bool DatetimePattern::read_piece(const Piece& piece, bool tight, std::string_view& text,
                                 Reading& reading) {
  data::CivilTime& time = reading.time;
  int32_t ignored = 0;
  const int two = tight ? std::max(piece.digits, 1) : 2;
  switch (piece.part) {
    case Part::kLiteral:
      if (!text.starts_with(piece.literal)) return false;
      text.remove_prefix(piece.literal.size());
      return true;
    case Part::kYear:
      return take_number(text, tight ? 4 : 6, time.date.year);
    case Part::kShortYear:
      if (!take_number(text, 2, time.date.year)) return false;
      time.date.year += time.date.year < 70 ? 2000 : 1900;
      return true;
    case Part::kMonth:
      return take_number(text, two, time.date.month);
    case Part::kMonthName:
      return take_month(text, false, time.date.month);
    case Part::kShortMonthName:
      return take_month(text, true, time.date.month);
    case Part::kDay:
      return take_number(text, two, time.date.day);
    case Part::kDayOfYear:
      return take_number(text, 3, reading.day_of_year);
    case Part::kDayName:
    case Part::kShortDayName:
      return skip_letters(text);
    case Part::kHour:
      return take_number(text, two, time.hour);
    case Part::kHour12:
      return take_number(text, two, reading.hour12) && reading.hour12 <= 12;
    case Part::kMinute:
      return take_number(text, two, time.minute);
    case Part::kSecond:
      return take_number(text, two, time.second);
    case Part::kFraction:
      return take_fraction(text, tight ? piece.digits : 9, time.nanosecond);
    case Part::kHalfDay:
      reading.has_half = true;
      reading.afternoon = starts_alike(text, "PM");
      if (!reading.afternoon && !starts_alike(text, "AM")) return false;
      text.remove_prefix(2);
      return true;
    default:
      return take_number(text, 4, ignored);
  }
}

std::optional<data::CivilTime> DatetimePattern::read(std::string_view text) const {
  Reading reading;
  for (size_t at = 0; at < pieces_.size(); ++at) {
    const bool tight = at + 1 < pieces_.size() && pieces_[at + 1].part != Part::kLiteral;
    if (!read_piece(pieces_[at], tight, text, reading)) return std::nullopt;
  }
  data::CivilTime& time = reading.time;
  if (reading.hour12 > 0 || reading.has_half) {
    time.hour = reading.hour12 % 12 + (reading.afternoon ? 12 : 0);
  }
  if (!text.empty() || !data::is_valid(time.date)) return std::nullopt;
  if (time.hour > 23 || time.minute > 59 || time.second > 59) return std::nullopt;
  if (reading.day_of_year > 0) {
    if (reading.day_of_year > (data::is_leap_year(time.date.year) ? 366 : 365)) return std::nullopt;
    const int32_t first = data::days_from_civil({time.date.year, 1, 1});
    time.date = data::civil_from_days(first + reading.day_of_year - 1);
  }
  return time;
}

}  // namespace millrace::functions
