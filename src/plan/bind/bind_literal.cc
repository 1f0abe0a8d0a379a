#include "plan/bind/bind_literal.h"

#include <fmt/core.h>

#include <array>
#include <charconv>
#include <cmath>
#include <optional>

#include "data/decimal.h"
#include "expr/build.h"
#include "expr/conversion.h"
#include "plan/bind/bind_type.h"
#include "sql/ast/statement.h"

namespace millrace::plan {
namespace {

using data::Type;
using data::TypeKind;
using data::Value;
using sql::TimeUnit;

constexpr int64_t kUsPerSecond = 1'000'000;
constexpr int kShortDigitsMax = 18;

Error invalid(const sql::SourceText& text, sql::Span span, std::string_view what) {
  return text.error(ErrorCode::kInvalidLiteral, span, what);
}

Result<expr::ExpressionPtr> bind_integer(const std::string& digits, sql::Span span,
                                         const sql::SourceText& text) {
  const bool hexadecimal = digits.starts_with("0x") || digits.starts_with("0X");
  const std::string_view number = std::string_view(digits).substr(hexadecimal ? 2 : 0);
  int64_t value = 0;
  const auto [end, error] =
      std::from_chars(number.data(), number.data() + number.size(), value, hexadecimal ? 16 : 10);
  if (error == std::errc()) {
    const bool narrow = value <= INT32_MAX;
    return expr::make_literal(Value(value), narrow ? TypeKind::kInt : TypeKind::kBigint);
  }
  const auto wide = data::parse_decimal(number, 0);
  if (hexadecimal || !wide) return invalid(text, span, "the number has more than 38 digits");
  return expr::make_literal(Value(*wide), Type::decimal(data::kDecimalDigitsMax, 0));
}

Result<expr::ExpressionPtr> bind_decimal(const std::string& digits, sql::Span span,
                                         const sql::SourceText& text) {
  const size_t point = digits.find('.');
  const int scale = static_cast<int>(digits.size() - point - 1);
  const int precision = std::max(static_cast<int>(digits.size()) - 1, std::max(1, scale));
  if (precision > data::kDecimalDigitsMax) {
    return invalid(text, span, "the number has more than 38 digits");
  }
  const auto value = data::parse_decimal(digits, scale);
  if (!value) return invalid(text, span, "the number cannot be read");
  const Type type = Type::decimal(precision, scale);
  if (precision <= kShortDigitsMax)
    return expr::make_literal(Value(static_cast<int64_t>(*value)), type);
  return expr::make_literal(Value(*value), type);
}

std::string from_hexadecimal(const std::string& digits) {
  std::string bytes;
  for (size_t at = 0; at + 1 < digits.size(); at += 2) {
    unsigned value = 0;
    std::from_chars(digits.data() + at, digits.data() + at + 2, value, 16);
    bytes.push_back(static_cast<char>(value));
  }
  return bytes;
}

// µs of one unit of days to seconds; months of one of years to months as a negative number.
std::optional<double> unit_us(TimeUnit unit) {
  switch (unit) {
    case TimeUnit::kWeek:
      return 7.0 * 86'400 * kUsPerSecond;
    case TimeUnit::kDay:
      return 86'400.0 * kUsPerSecond;
    case TimeUnit::kHour:
      return 3'600.0 * kUsPerSecond;
    case TimeUnit::kMinute:
      return 60.0 * kUsPerSecond;
    case TimeUnit::kSecond:
      return 1.0 * kUsPerSecond;
    case TimeUnit::kMillisecond:
      return 1'000.0;
    case TimeUnit::kMicrosecond:
      return 1.0;
    default:
      return std::nullopt;
  }
}

int unit_months(TimeUnit unit) {
  return unit == TimeUnit::kYear ? 12 : unit == TimeUnit::kQuarter ? 3 : 1;
}

std::optional<double> read_number(std::string_view& rest) {
  while (rest.starts_with(' ')) rest.remove_prefix(1);
  if (rest.starts_with('+')) rest.remove_prefix(1);
  double number = 0;
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), number);
  if (error != std::errc()) return std::nullopt;
  rest.remove_prefix(static_cast<size_t>(end - rest.data()));
  return number;
}

// An amount of months or of µs, never of both.
struct Amount {
  double months = 0;
  double us = 0;
  bool has_months = false;
  bool has_us = false;

  void add(double number, TimeUnit unit) {
    if (const auto scale = unit_us(unit)) {
      us += number * *scale;
      has_us = true;
    } else {
      months += number * unit_months(unit);
      has_months = true;
    }
  }
};

// '1 12:30:05.5' from DAY TO SECOND, '1-2' YEAR TO MONTH: parts from the first unit down.
std::optional<Amount> read_fields(std::string_view rest, const sql::IntervalQualifier& qualifier) {
  Amount amount;
  if (!qualifier.to) {
    const auto number = read_number(rest);
    if (!number || !rest.empty()) return std::nullopt;
    amount.add(*number, qualifier.from);
    return amount;
  }
  const bool negative = rest.starts_with('-');
  if (negative) rest.remove_prefix(1);
  for (auto unit = static_cast<int>(qualifier.from);; ++unit) {
    const auto current = static_cast<TimeUnit>(unit);
    if (current == TimeUnit::kQuarter || current == TimeUnit::kWeek) continue;
    const auto number = read_number(rest);
    if (!number) return std::nullopt;
    amount.add(negative ? -*number : *number, current);
    if (current == *qualifier.to) break;
    if (rest.empty()) return std::nullopt;
    rest.remove_prefix(1);
  }
  return rest.empty() ? std::optional(amount) : std::nullopt;
}

// '1 day 2 hours', '04:05:06'.
std::optional<Amount> read_words(std::string_view rest) {
  Amount amount;
  while (true) {
    while (rest.starts_with(' ')) rest.remove_prefix(1);
    if (rest.empty()) break;
    const auto number = read_number(rest);
    if (!number) return std::nullopt;
    if (rest.starts_with(':')) {
      amount.add(*number, TimeUnit::kHour);
      for (const TimeUnit unit : {TimeUnit::kMinute, TimeUnit::kSecond}) {
        if (!rest.starts_with(':')) break;
        rest.remove_prefix(1);
        const auto part = read_number(rest);
        if (!part) return std::nullopt;
        amount.add(*part, unit);
      }
      continue;
    }
    while (rest.starts_with(' ')) rest.remove_prefix(1);
    const size_t end = std::min(rest.find(' '), rest.size());
    const auto unit = sql::find_time_unit(rest.substr(0, end));
    if (!unit) return std::nullopt;
    amount.add(*number, *unit);
    rest.remove_prefix(end);
  }
  return amount;
}

}  // namespace

Result<expr::ExpressionPtr> bind_literal(const sql::Literal& literal, sql::Span span,
                                         const sql::SourceText& text) {
  switch (literal.kind) {
    case sql::LiteralKind::kNull:
      return expr::make_null();
    case sql::LiteralKind::kTrue:
      return expr::make_boolean(true);
    case sql::LiteralKind::kFalse:
      return expr::make_boolean(false);
    case sql::LiteralKind::kInteger:
      return bind_integer(literal.text, span, text);
    case sql::LiteralKind::kDecimal:
      return bind_decimal(literal.text, span, text);
    case sql::LiteralKind::kFloat: {
      double value = 0;
      std::from_chars(literal.text.data(), literal.text.data() + literal.text.size(), value);
      return expr::make_literal(Value(value), TypeKind::kDouble);
    }
    case sql::LiteralKind::kString:
      return expr::make_literal(Value(literal.text), TypeKind::kVarchar);
    case sql::LiteralKind::kBytes:
      return expr::make_literal(Value(from_hexadecimal(literal.text)), TypeKind::kBytes);
  }
  return invalid(text, span, "this constant cannot be read");
}

Result<expr::ExpressionPtr> bind_typed_literal(const sql::TypedLiteral& literal, sql::Span span,
                                               const sql::SourceText& text) {
  const Type type = MILLRACE_TRY(bind_type(literal.type, text));
  auto value = expr::cast_value(Value(literal.text), TypeKind::kVarchar, type);
  if (!value) {
    return invalid(text, span, fmt::format("'{}' is not a {}", literal.text, type.to_string()));
  }
  return expr::make_literal(std::move(*value), type);
}

Result<expr::ExpressionPtr> bind_interval(const sql::IntervalLiteral& literal, sql::Span span,
                                          const sql::SourceText& text) {
  const auto amount =
      literal.qualifier ? read_fields(literal.text, *literal.qualifier) : read_words(literal.text);
  if (!amount) {
    return invalid(text, span, fmt::format("the interval '{}' cannot be read", literal.text))
        .remedy("Write INTERVAL '90' SECOND, INTERVAL '1:30' HOUR TO MINUTE or INTERVAL '2 days'.");
  }
  if (amount->has_months && amount->has_us) {
    return text.error(ErrorCode::kNotSupported, span,
                      "an interval is of years and months, or of days to seconds, not of both");
  }
  const double sign = literal.negative ? -1 : 1;
  if (amount->has_months) {
    return expr::make_literal(Value(static_cast<int64_t>(std::llround(sign * amount->months))),
                              TypeKind::kIntervalMonth);
  }
  return expr::make_literal(Value(static_cast<int64_t>(std::llround(sign * amount->us))),
                            TypeKind::kIntervalDay);
}

Result<int64_t> interval_us(const sql::Expression& expression, const sql::SourceText& text) {
  const auto* literal = std::get_if<sql::IntervalLiteral>(&expression.node);
  if (literal == nullptr) {
    return text
        .error(ErrorCode::kTypeMismatch, expression.span, "an INTERVAL literal is needed here")
        .remedy("Write INTERVAL '1' MINUTE, or INTERVAL '2 days'.");
  }
  const auto bound = MILLRACE_TRY(bind_interval(*literal, expression.span, text));
  if (bound->type().kind() != TypeKind::kIntervalDay) {
    return text.error(ErrorCode::kNotSupported, expression.span,
                      "windows of months and years cannot be planned yet");
  }
  return bound->as<expr::Literal>()->value.integer();
}

}  // namespace millrace::plan
