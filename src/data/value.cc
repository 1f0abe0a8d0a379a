#include "data/value.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "data/datetime_text.h"
#include "data/decimal.h"

namespace millrace::data {
namespace {

void append_quoted(std::string& to, std::string_view text) {
  to += '\'';
  for (const char c : text) {
    if (c == '\'') to += '\'';
    to += c;
  }
  to += '\'';
}

void append_hex(std::string& to, std::string_view bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  to += "\\x";
  for (const char c : bytes) {
    to += kDigits[static_cast<uint8_t>(c) >> 4];
    to += kDigits[static_cast<uint8_t>(c) & 15];
  }
}

TimeUnit unit_of(const Type& type) {
  return type.counts_ns() ? TimeUnit::kNs : TimeUnit::kUs;
}

void append_nested(std::string& to, const Value& value, const Type& type) {
  if (!value.is_null() && (type.is_text() || type.kind() == TypeKind::kJson)) {
    append_quoted(to, value.text());
  } else {
    append_value(to, value, type);
  }
}

void append_list(std::string& to, const Value::List& values, const Type& type) {
  const bool is_map = type.kind() == TypeKind::kMap;
  const bool is_row = type.kind() == TypeKind::kRow;
  to += is_map ? '{' : is_row ? '(' : '[';
  for (size_t index = 0; index < values.size(); ++index) {
    const size_t field = is_row ? index : is_map ? index % 2 : 0;
    if (index != 0) to += is_map && index % 2 == 1 ? ": " : ", ";
    append_nested(to, values[index], type.fields()[field].type);
  }
  to += is_map ? '}' : is_row ? ')' : ']';
}

// Digits as to_chars finds them, laid out as "0.0001" to "9999999999999998", else "1e+16".
template <class Real>
void append_shortest(std::string& to, Real value) {
  if (std::isnan(value)) {
    to += "NaN";
    return;
  }
  if (std::isinf(value)) {
    to += value < 0 ? "-Infinity" : "Infinity";
    return;
  }
  char text[48];
  const char* const end =
      std::to_chars(text, text + sizeof(text), value, std::chars_format::scientific).ptr;
  const char* const mark = std::find<const char*>(text, end, 'e');
  int exponent = 0;
  std::from_chars(mark + (mark[1] == '+' ? 2 : 1), end, exponent);
  if (exponent < -4 || exponent > 15) {
    to.append(text, static_cast<size_t>(end - text));
    return;
  }
  const char* from = text;
  if (*from == '-') to += *from++;
  std::string_view digits(from, static_cast<size_t>(mark - from));
  to.append(exponent < 0 ? "0." : "").append(static_cast<size_t>(std::max(-1 - exponent, 0)), '0');
  to += digits[0];
  digits.remove_prefix(std::min<size_t>(digits.size(), 2));  // the first digit and the point
  if (exponent < 0) {
    to += digits;
    return;
  }
  const auto whole = static_cast<size_t>(exponent);
  to.append(digits.substr(0, whole)).append(whole - std::min(whole, digits.size()), '0');
  if (digits.size() > whole) to.append(".").append(digits.substr(whole));
}

}  // namespace

void append_real(std::string& to, double value) {
  append_shortest(to, value);
}

void append_real(std::string& to, float value) {
  append_shortest(to, value);
}

namespace {

void append_time_value(std::string& to, int64_t value, const Type& type) {
  switch (type.kind()) {
    case TypeKind::kDate:
      return append_date(to, value);
    case TypeKind::kTime:
      return append_time(to, value, unit_of(type), type.precision());
    case TypeKind::kIntervalMonth:
      return append_interval_months(to, value);
    case TypeKind::kIntervalDay:
      return append_interval_us(to, value);
    default:
      append_timestamp(to, value, unit_of(type), type.precision());
      if (type.kind() == TypeKind::kTimestampLtz) to += 'Z';
  }
}

}  // namespace

void append_value(std::string& to, const Value& value, const Type& type) {
  if (value.is_null() || type.kind() == TypeKind::kNull) {
    to += "NULL";
    return;
  }
  switch (type.kind()) {
    case TypeKind::kBoolean:
      to += value.boolean() ? "true" : "false";
      return;
    case TypeKind::kTinyint:
    case TypeKind::kSmallint:
    case TypeKind::kInt:
    case TypeKind::kBigint:
      to += std::to_string(value.integer());
      return;
    case TypeKind::kFloat:
      return append_real(to, static_cast<float>(value.real()));
    case TypeKind::kDouble:
      return append_real(to, value.real());
    case TypeKind::kDecimal:
      return append_decimal(to, value.holds<Int128>() ? value.wide() : Int128{value.integer()},
                            type.scale());
    case TypeKind::kChar:
    case TypeKind::kVarchar:
    case TypeKind::kJson:
      to += value.text();
      return;
    case TypeKind::kBytes:
      return append_hex(to, value.text());
    case TypeKind::kArray:
    case TypeKind::kMap:
    case TypeKind::kRow:
      return append_list(to, value.list(), type);
    default:
      return append_time_value(to, value.integer(), type);
  }
}

std::string to_string(const Value& value, const Type& type) {
  std::string text;
  append_value(text, value, type);
  return text;
}

}  // namespace millrace::data
