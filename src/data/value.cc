#include "data/value.h"

#include <cmath>

#include <fmt/core.h>

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

TimeUnit unit_of(const Type& type) { return type.counts_ns() ? TimeUnit::kNs : TimeUnit::kUs; }

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

}  // namespace

void append_real(std::string& to, double value) {
  if (std::isnan(value)) {
    to += "NaN";
  } else if (std::isinf(value)) {
    to += value < 0 ? "-Infinity" : "Infinity";
  } else {
    fmt::format_to(std::back_inserter(to), "{}", value);
  }
}

void append_real(std::string& to, float value) {
  if (std::isfinite(value)) {
    fmt::format_to(std::back_inserter(to), "{}", value);
  } else {
    append_real(to, static_cast<double>(value));
  }
}

void append_value(std::string& to, const Value& value, const Type& type) {
  if (value.is_null()) {
    to += "NULL";
    return;
  }
  switch (type.kind()) {
    case TypeKind::kNull: break;
    case TypeKind::kBoolean: to += value.boolean() ? "true" : "false"; break;
    case TypeKind::kTinyint:
    case TypeKind::kSmallint:
    case TypeKind::kInt:
    case TypeKind::kBigint: fmt::format_to(std::back_inserter(to), "{}", value.integer()); break;
    case TypeKind::kFloat: append_real(to, static_cast<float>(value.real())); break;
    case TypeKind::kDouble: append_real(to, value.real()); break;
    case TypeKind::kDecimal:
      append_decimal(to, value.holds<Int128>() ? value.wide() : Int128{value.integer()},
                     type.scale());
      break;
    case TypeKind::kChar:
    case TypeKind::kVarchar:
    case TypeKind::kJson: to += value.text(); break;
    case TypeKind::kBytes: append_hex(to, value.text()); break;
    case TypeKind::kDate: append_date(to, value.integer()); break;
    case TypeKind::kTime: append_time(to, value.integer(), unit_of(type), type.precision()); break;
    case TypeKind::kTimestamp:
      append_timestamp(to, value.integer(), unit_of(type), type.precision());
      break;
    case TypeKind::kTimestampLtz:
      append_timestamp(to, value.integer(), unit_of(type), type.precision());
      to += 'Z';
      break;
    case TypeKind::kIntervalMonth: append_interval_months(to, value.integer()); break;
    case TypeKind::kIntervalDay: append_interval_us(to, value.integer()); break;
    case TypeKind::kArray:
    case TypeKind::kMap:
    case TypeKind::kRow: append_list(to, value.list(), type); break;
  }
}

std::string to_string(const Value& value, const Type& type) {
  std::string text;
  append_value(text, value, type);
  return text;
}

}  // namespace millrace::data
