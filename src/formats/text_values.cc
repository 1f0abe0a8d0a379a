#include "formats/text_values.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#include "data/civil.h"
#include "data/datetime_text.h"
#include "data/decimal.h"
#include "formats/base64.h"
#include "formats/json/json_text.h"

namespace millrace::formats {
namespace {

using data::TimeUnit;
using data::Type;
using data::TypeKind;

constexpr size_t kQuotedBytesMax = 60;

TimeUnit unit_of(const Type& type) {
  return type.counts_ns() ? TimeUnit::kNs : TimeUnit::kUs;
}

bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

std::string quoted(std::string_view text) {
  if (text.size() <= kQuotedBytesMax) return fmt::format("'{}'", text);
  return fmt::format("'{}…'", text.substr(0, kQuotedBytesMax));
}

bool fail(FieldFailure& failure, ErrorCode code, std::string reason) {
  failure.code = code;
  failure.reason = std::move(reason);
  return false;
}

bool not_a(FieldFailure& failure, std::string_view text, const Type& type) {
  return fail(failure, ErrorCode::kCastFailed, not_a_value(quoted(text), type));
}

bool out_of_range(FieldFailure& failure, std::string_view text, const Type& type) {
  const bool is_time = type.is_timestamp() || type.kind() == TypeKind::kDate;
  return fail(failure, is_time ? ErrorCode::kDatetimeOverflow : ErrorCode::kNumericOverflow,
              fmt::format("{} is out of the range of {}", quoted(text), type.to_string()));
}

bool append_integer(data::ColumnBuilder& to, std::string_view text, FieldFailure& failure) {
  std::string_view digits = trimmed(text);
  if (digits.size() > 1 && digits[0] == '+' && digits[1] != '-') digits.remove_prefix(1);
  int64_t value = 0;
  const char* end = digits.data() + digits.size();
  const auto [at, error] = std::from_chars(digits.data(), end, value);
  if (error == std::errc::invalid_argument || at != end) return not_a(failure, text, to.type());
  if (error != std::errc()) return out_of_range(failure, text, to.type());
  return append_checked_integer(to, value, failure);
}

bool equals_word(std::string_view text, std::string_view word) {
  if (text.size() != word.size()) return false;
  for (size_t index = 0; index < text.size(); ++index) {
    const char c = text[index] >= 'A' && text[index] <= 'Z'
                       ? static_cast<char>(text[index] - 'A' + 'a')
                       : text[index];
    if (c != word[index]) return false;
  }
  return true;
}

bool append_boolean(data::ColumnBuilder& to, std::string_view text, FieldFailure& failure) {
  const std::string_view word = trimmed(text);
  for (const std::string_view yes : {"true", "t", "yes", "y", "on", "1"}) {
    if (equals_word(word, yes)) return to.append_boolean(true), true;
  }
  for (const std::string_view no : {"false", "f", "no", "n", "off", "0"}) {
    if (equals_word(word, no)) return to.append_boolean(false), true;
  }
  return not_a(failure, text, to.type());
}

bool parse_real(std::string_view text, double& value, bool& in_range) {
  std::string_view digits = trimmed(text);
  in_range = true;
  if (digits.size() > 1 && digits[0] == '+' && digits[1] != '-') digits.remove_prefix(1);
  const char* end = digits.data() + digits.size();
  const auto [at, error] = std::from_chars(digits.data(), end, value);
  if (error == std::errc::invalid_argument || at != end) return false;
  in_range = error == std::errc();
  return true;
}

bool append_real(data::ColumnBuilder& to, std::string_view text, FieldFailure& failure) {
  double value = 0;
  bool in_range = true;
  if (!parse_real(text, value, in_range)) return not_a(failure, text, to.type());
  if (!in_range) return out_of_range(failure, text, to.type());
  if (to.type().kind() == TypeKind::kDouble) {
    to.append(value);
    return true;
  }
  const auto narrow = static_cast<float>(value);
  if (std::isinf(narrow) && !std::isinf(value)) return out_of_range(failure, text, to.type());
  to.append(narrow);
  return true;
}

bool append_decimal(data::ColumnBuilder& to, std::string_view text, FieldFailure& failure) {
  const Type& type = to.type();
  const std::optional<data::Int128> value = data::parse_decimal(trimmed(text), type.scale());
  if (!value) {
    double real = 0;
    bool in_range = true;
    const bool number = parse_real(text, real, in_range) && !std::isnan(real);
    return number ? out_of_range(failure, text, type) : not_a(failure, text, type);
  }
  if (!data::fits_digits(*value, type.precision())) return out_of_range(failure, text, type);
  if (type.width() == data::Width::k64) {
    to.append(static_cast<int64_t>(*value));
  } else {
    to.append(*value);
  }
  return true;
}

bool append_date(data::ColumnBuilder& to, std::string_view text, FieldFailure& failure) {
  const std::string_view trim = trimmed(text);
  if (const std::optional<int32_t> days = data::parse_date(trim)) {
    to.append(*days);
    return true;
  }
  const auto timestamp = data::parse_timestamp(trim, TimeUnit::kUs);
  if (!timestamp) return not_a(failure, text, to.type());
  to.append(static_cast<int32_t>(data::floor_div(timestamp->value, data::kUsPerDay)));
  return true;
}

bool append_time(data::ColumnBuilder& to, std::string_view text, FieldFailure& failure) {
  const TimeUnit unit = unit_of(to.type());
  const std::optional<int64_t> value = data::parse_time(trimmed(text), unit);
  if (!value) return not_a(failure, text, to.type());
  const int64_t day = unit == TimeUnit::kNs ? data::kNsPerDay : data::kUsPerDay;
  int64_t step = 1;
  for (int digits = to.type().precision(); digits < (unit == TimeUnit::kNs ? 9 : 6); ++digits) {
    step *= 10;
  }
  // The last instants of a day round down: there is no 24:00.
  const int64_t rounded = data::round_to_precision(*value, unit, to.type().precision());
  to.append(std::min(rounded, day - step));
  return true;
}

bool append_timestamp(data::ColumnBuilder& to, std::string_view text, FieldFailure& failure) {
  const TimeUnit unit = unit_of(to.type());
  const std::string_view trim = trimmed(text);
  const auto value = data::parse_timestamp(trim, unit);
  if (!value) {
    const bool fits_us = unit == TimeUnit::kNs && data::parse_timestamp(trim, TimeUnit::kUs);
    return fits_us ? out_of_range(failure, text, to.type()) : not_a(failure, text, to.type());
  }
  to.append(data::round_to_precision(value->value, unit, to.type().precision()));
  return true;
}

// UTF-8: every byte but those that continue a character begins one.
size_t count_characters(std::string_view text) {
  size_t count = 0;
  for (const char c : text) count += (static_cast<uint8_t>(c) & 0xc0) != 0x80 ? 1 : 0;
  return count;
}

}  // namespace

std::string not_a_value(std::string_view what, const Type& type) {
  const std::string name = type.to_string();
  const bool vowel = name[0] == 'A' || name[0] == 'I';
  return fmt::format("{} is not {} {}", what, vowel ? "an" : "a", name);
}

bool reads_text_as(const Type& type) {
  switch (type.kind()) {
    case TypeKind::kIntervalMonth:
    case TypeKind::kIntervalDay:
    case TypeKind::kArray:
    case TypeKind::kMap:
    case TypeKind::kRow:
      return false;
    default:
      return true;
  }
}

bool append_checked_integer(data::ColumnBuilder& to, int64_t value, FieldFailure& failure) {
  const auto fits = [&]<class T>(T) {
    return value >= std::numeric_limits<T>::min() && value <= std::numeric_limits<T>::max();
  };
  const data::Width width = to.width();
  const bool in_range = width == data::Width::k8    ? fits(int8_t{})
                        : width == data::Width::k16 ? fits(int16_t{})
                        : width == data::Width::k32 ? fits(int32_t{})
                                                    : true;
  if (!in_range) return out_of_range(failure, std::to_string(value), to.type());
  to.append_integer(value);
  return true;
}

bool append_epoch_ms(data::ColumnBuilder& to, int64_t ms, FieldFailure& failure) {
  const int64_t factor = to.type().counts_ns() ? 1'000'000 : 1'000;
  int64_t value = 0;
  if (__builtin_mul_overflow(ms, factor, &value)) {
    return out_of_range(failure, std::to_string(ms), to.type());
  }
  to.append(data::round_to_precision(value, unit_of(to.type()), to.type().precision()));
  return true;
}

bool append_checked_text(data::ColumnBuilder& to, std::string_view text, FieldFailure& failure) {
  const auto most = static_cast<size_t>(to.type().precision());
  if (most != 0 && text.size() > most) {
    const size_t characters = count_characters(text);
    if (characters > most) {
      return fail(failure, ErrorCode::kCastFailed,
                  fmt::format("{} has {} characters, more than {} takes", quoted(text), characters,
                              to.type().to_string()));
    }
  }
  to.append_text(text);
  return true;
}

bool append_text_as_value(data::ColumnBuilder& to, std::string_view text, FieldFailure& failure) {
  switch (to.type().kind()) {
    case TypeKind::kNull:
      to.append_null();
      return true;
    case TypeKind::kBoolean:
      return append_boolean(to, text, failure);
    case TypeKind::kTinyint:
    case TypeKind::kSmallint:
    case TypeKind::kInt:
    case TypeKind::kBigint:
      return append_integer(to, text, failure);
    case TypeKind::kFloat:
    case TypeKind::kDouble:
      return append_real(to, text, failure);
    case TypeKind::kDecimal:
      return append_decimal(to, text, failure);
    case TypeKind::kChar:
    case TypeKind::kVarchar:
      return append_checked_text(to, text, failure);
    case TypeKind::kBytes: {
      std::string bytes;
      if (!append_from_base64(bytes, trimmed(text))) return not_a(failure, text, to.type());
      to.append_text(bytes);
      return true;
    }
    case TypeKind::kDate:
      return append_date(to, text, failure);
    case TypeKind::kTime:
      return append_time(to, text, failure);
    case TypeKind::kTimestamp:
    case TypeKind::kTimestampLtz:
      return append_timestamp(to, text, failure);
    case TypeKind::kJson:
      if (!is_json(text)) return not_a(failure, text, to.type());
      to.append_text(trimmed(text));
      return true;
    default:
      return not_a(failure, text, to.type());
  }
}

}  // namespace millrace::formats
