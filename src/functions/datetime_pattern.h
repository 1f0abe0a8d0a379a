#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "data/civil.h"

namespace millrace::functions {

// DatetimePattern: how a moment is written, in one of two families: "yyyy-MM-dd HH:mm:ss" as
// DATE_FORMAT takes it, "YYYY-MM-DD HH24:MI:SS" as TO_CHAR does. Both become the same parts.
//
// Threading:  immutable.
class DatetimePattern {
 public:
  enum class Family : uint8_t { kLetters, kWords };  // DATE_FORMAT, TO_CHAR
  // Failure: kInvalidArgument: a letter that means nothing.
  static Result<DatetimePattern> parse(std::string_view text, Family family);
  // The family that a pattern looks like: kWords with HH24, MI, YYYY, DD in capitals.
  static Family family_of(std::string_view text);

  void append(std::string& to, const data::CivilTime& time) const;
  // Reads a text of this form; what the pattern does not name is that of 1970-01-01 00:00:00.
  // nullopt: another form, or no such moment.
  std::optional<data::CivilTime> read(std::string_view text) const;
  // Moments with equal quotients of this many nanoseconds are written alike.
  int64_t resolution_ns() const { return resolution_ns_; }

 private:
  enum class Part : uint8_t {
    kLiteral,
    kYear,
    kShortYear,  // two digits
    kIsoYear,
    kQuarter,
    kMonth,
    kMonthName,
    kShortMonthName,
    kWeek,
    kDay,
    kDayOfYear,
    kDayName,
    kShortDayName,
    kIsoDayOfWeek,
    kSqlDayOfWeek,
    kHour,    // 0 to 23
    kHour12,  // 1 to 12
    kMinute,
    kSecond,
    kFraction,  // `digits` of them
    kHalfDay,   // AM, PM
  };
  enum class Letters : uint8_t { kMixed, kUpper, kLower };
  struct Piece {
    Part part = Part::kLiteral;
    int digits = 0;  // at least so many, filled with zeros
    Letters letters = Letters::kMixed;
    std::string literal = {};
  };
  struct Word;
  struct Reading;

  Result<void> parse_letters(std::string_view text);
  void parse_words(std::string_view text);
  Result<void> add_letters(char letter, int count);
  void add_literal(std::string_view text);
  void add(Part part, int digits, Letters letters = Letters::kMixed);
  // REQUIRES: a part that is a number.
  static int64_t number_of(Part part, const data::CivilTime& time);
  static void append_piece(std::string& to, const Piece& piece, const data::CivilTime& time);
  static bool read_piece(const Piece& piece, bool tight, std::string_view& text, Reading& reading);

  std::vector<Piece> pieces_;
  int64_t resolution_ns_ = data::kNsPerDay;
};

}  // namespace millrace::functions
