#include <charconv>
#include <cmath>

#include "data/civil.h"
#include "data/datetime_text.h"
#include "data/decimal.h"
#include "expr/cast_kernel.h"
#include "expr/interval_text.h"
#include "expr/json_text.h"
#include "expr/text_writer.h"

namespace millrace::expr {
namespace {

using data::Column;
using data::ColumnPtr;
using data::Int128;
using data::TimeUnit;
using data::Type;
using data::TypeKind;
using data::Width;

TimeUnit unit_of(const Type& type) {
  return type.counts_ns() ? TimeUnit::kNs : TimeUnit::kUs;
}

// ---- to text ------------------------------------------------------------------------------------

// append(to, value) for each row of a column of T.
template <class T, class Append>
ColumnPtr print_rows(KernelCall& call, Append&& append) {
  const Reader<T> values(call.argument(0));
  return text_rows(call, [&](uint32_t row, std::string& to) { append(to, values[row]); });
}

template <class T>
ColumnPtr print_integers(KernelCall& call) {
  const Reader<T> values(call.argument(0));
  TextWriter writer(call);
  constexpr size_t kDigitsMax = 24;
  call.rows.for_each([&](uint32_t row) {
    char* const first = writer.open(kDigitsMax);
    const auto end = std::to_chars(first, first + kDigitsMax, static_cast<int64_t>(values[row]));
    writer.close(row, static_cast<size_t>(end.ptr - first));
  });
  return writer.finish();
}

ColumnPtr print_numbers(KernelCall& call, const Type& from) {
  const auto decimal = [scale = from.scale()](std::string& to, auto value) {
    data::append_decimal(to, value, scale);
  };
  const auto real = [](std::string& to, auto value) { data::append_real(to, value); };
  switch (from.kind()) {
    case TypeKind::kTinyint:
      return print_integers<int8_t>(call);
    case TypeKind::kSmallint:
      return print_integers<int16_t>(call);
    case TypeKind::kInt:
      return print_integers<int32_t>(call);
    case TypeKind::kBigint:
      return print_integers<int64_t>(call);
    case TypeKind::kFloat:
      return print_rows<float>(call, real);
    case TypeKind::kDouble:
      return print_rows<double>(call, real);
    default:
      return from.width() == Width::k64 ? print_rows<int64_t>(call, decimal)
                                        : print_rows<Int128>(call, decimal);
  }
}

ColumnPtr print_any(KernelCall& call, const Type& from) {
  return text_rows(call, [&](uint32_t row, std::string& to) {
    data::append_value(to, call.argument(0).value(row), from);
  });
}

// ---- from text ----------------------------------------------------------------------------------

std::string_view trimmed(std::string_view text) {
  const auto is_space = [](char c) { return c == ' ' || (c >= '\t' && c <= '\r'); };
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

enum class Outcome : uint8_t { kGood, kMalformed, kOutOfRange };

template <class T>
Outcome parse_number(std::string_view text, T& to) {
  if (text.starts_with('+') && !text.starts_with("+-")) text.remove_prefix(1);
  const char* const end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, to);
  if (parsed.ptr != end || text.empty()) return Outcome::kMalformed;
  if (parsed.ec == std::errc::result_out_of_range) return Outcome::kOutOfRange;
  return parsed.ec == std::errc() ? Outcome::kGood : Outcome::kMalformed;
}

template <class T>
Outcome parse_decimal_text(std::string_view text, const Type& type, T& to) {
  const auto value = data::parse_decimal(text, type.scale());
  if (!value) {
    double real = 0;
    return parse_number(text, real) == Outcome::kGood && std::isfinite(real) ? Outcome::kOutOfRange
                                                                             : Outcome::kMalformed;
  }
  if (!data::fits_digits(*value, type.precision())) return Outcome::kOutOfRange;
  to = static_cast<T>(*value);
  return Outcome::kGood;
}

Outcome parse_date_text(std::string_view text, int32_t& to) {
  if (const auto days = data::parse_date(text)) {
    to = *days;
    return Outcome::kGood;
  }
  const auto moment = data::parse_timestamp(text, TimeUnit::kUs);
  if (!moment) return Outcome::kMalformed;
  to = static_cast<int32_t>(data::floor_div(moment->value, data::kUsPerDay));
  return Outcome::kGood;
}

Outcome parse_moment(std::string_view text, const Type& type, int64_t& to) {
  const auto moment = data::parse_timestamp(text, unit_of(type));
  if (!moment) {
    const bool in_us = type.counts_ns() && data::parse_timestamp(text, TimeUnit::kUs);
    return in_us ? Outcome::kOutOfRange : Outcome::kMalformed;
  }
  to = data::round_to_precision(moment->value, unit_of(type), type.precision());
  return Outcome::kGood;
}

// parse(text, value) for each row; failed rows get the error.
template <class T, class Parse>
ColumnPtr parse_rows(KernelCall& call, Parse&& parse) {
  const TextReader texts(call.argument(0));
  return fixed_rows<T>(call, [&](uint32_t row) {
    T value{};
    const Outcome outcome = parse(trimmed(texts[row]), value);
    if (outcome != Outcome::kGood) [[unlikely]] {
      fail_cast(
          call, row,
          outcome == Outcome::kMalformed ? ErrorCode::kCastFailed : ErrorCode::kNumericOverflow);
    }
    return value;
  });
}

template <class T>
ColumnPtr parse_numbers(KernelCall& call) {
  return parse_rows<T>(call, [](std::string_view text, T& to) { return parse_number(text, to); });
}

std::optional<bool> truth_of(std::string_view text) {
  std::string word(text);
  for (char& c : word) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  for (const std::string_view yes : {"true", "t", "yes", "y", "on", "1"}) {
    if (word == yes) return true;
  }
  for (const std::string_view no : {"false", "f", "no", "n", "off", "0"}) {
    if (word == no) return false;
  }
  return std::nullopt;
}

ColumnPtr parse_booleans(KernelCall& call) {
  const TextReader texts(call.argument(0));
  return boolean_rows(call, false, [&](uint32_t row) {
    const auto truth = truth_of(trimmed(texts[row]));
    if (!truth) fail_cast(call, row, ErrorCode::kCastFailed);
    return truth.value_or(false);
  });
}

ColumnPtr parse_times(KernelCall& call) {
  const Type& type = call.result;
  return parse_rows<int64_t>(call, [&](std::string_view text, int64_t& to) {
    const auto time = data::parse_time(text, unit_of(type));
    if (!time) return Outcome::kMalformed;
    const int64_t per_day = type.counts_ns() ? data::kNsPerDay : data::kUsPerDay;
    to = data::round_to_precision(*time, unit_of(type), type.precision()) % per_day;
    return Outcome::kGood;
  });
}

ColumnPtr parse_intervals(KernelCall& call) {
  if (call.result.kind() == TypeKind::kIntervalMonth) {
    return parse_rows<int32_t>(call, [](std::string_view text, int32_t& to) {
      const auto interval = parse_interval(text);
      if (!interval || interval->us != 0) return Outcome::kMalformed;
      to = static_cast<int32_t>(interval->months);
      return to == interval->months ? Outcome::kGood : Outcome::kOutOfRange;
    });
  }
  return parse_rows<int64_t>(call, [](std::string_view text, int64_t& to) {
    const auto interval = parse_interval(text);
    if (!interval || interval->months != 0) return Outcome::kMalformed;
    to = interval->us;
    return Outcome::kGood;
  });
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char letter = static_cast<char>(c | 0x20);
  return letter >= 'a' && letter <= 'f' ? letter - 'a' + 10 : -1;
}

// "\x0aff", or the characters themselves.
bool append_bytes(std::string& to, std::string_view text) {
  if (!text.starts_with("\\x")) {
    to += text;
    return true;
  }
  text.remove_prefix(2);
  if (text.size() % 2 != 0) return false;
  for (size_t at = 0; at < text.size(); at += 2) {
    const int high = hex_digit(text[at]);
    const int low = hex_digit(text[at + 1]);
    if (high < 0 || low < 0) return false;
    to += static_cast<char>(high << 4 | low);
  }
  return true;
}

ColumnPtr parse_bytes(KernelCall& call) {
  const TextReader texts(call.argument(0));
  return text_rows(call, [&](uint32_t row, std::string& to) {
    if (!append_bytes(to, texts[row])) fail_cast(call, row, ErrorCode::kCastFailed);
  });
}

ColumnPtr parse_json(KernelCall& call) {
  const Column& column = call.argument(0);
  const TextReader texts(column);
  TextWriter writer(call);
  const uint32_t heap = writer.share_heaps(column);
  call.rows.for_each([&](uint32_t row) {
    const std::string_view text = texts[row];
    if (!is_json(text)) fail_cast(call, row, ErrorCode::kCastFailed);
    writer.set_part(row, texts.view(row), text, text, heap);
  });
  return writer.finish();
}

}  // namespace

ColumnPtr cast_to_text(KernelCall& call) {
  const Type from = call.argument(0).type();
  if (from.is_numeric()) return print_numbers(call, from);
  const int precision = from.precision();
  const TimeUnit unit = unit_of(from);
  switch (from.kind()) {
    case TypeKind::kDate:
      return print_rows<int32_t>(
          call, [](std::string& to, int32_t days) { data::append_date(to, days); });
    case TypeKind::kTime:
      return print_rows<int64_t>(call, [=](std::string& to, int64_t value) {
        data::append_time(to, value, unit, precision);
      });
    case TypeKind::kTimestamp:
      return print_rows<int64_t>(call, [=](std::string& to, int64_t value) {
        data::append_timestamp(to, value, unit, precision);
      });
    default:
      return print_any(call, from);
  }
}

ColumnPtr cast_from_text(KernelCall& call) {
  const Type& to = call.result;
  switch (to.kind()) {
    case TypeKind::kBoolean:
      return parse_booleans(call);
    case TypeKind::kTinyint:
      return parse_numbers<int8_t>(call);
    case TypeKind::kSmallint:
      return parse_numbers<int16_t>(call);
    case TypeKind::kInt:
      return parse_numbers<int32_t>(call);
    case TypeKind::kBigint:
      return parse_numbers<int64_t>(call);
    case TypeKind::kFloat:
      return parse_numbers<float>(call);
    case TypeKind::kDouble:
      return parse_numbers<double>(call);
    case TypeKind::kDecimal:
      if (to.width() == Width::k64) {
        return parse_rows<int64_t>(call, [&](std::string_view text, int64_t& value) {
          return parse_decimal_text(text, to, value);
        });
      }
      return parse_rows<Int128>(call, [&](std::string_view text, Int128& value) {
        return parse_decimal_text(text, to, value);
      });
    case TypeKind::kDate:
      return parse_rows<int32_t>(call, parse_date_text);
    case TypeKind::kTime:
      return parse_times(call);
    case TypeKind::kTimestamp:
    case TypeKind::kTimestampLtz:
      return parse_rows<int64_t>(call, [&](std::string_view text, int64_t& value) {
        return parse_moment(text, to, value);
      });
    case TypeKind::kIntervalMonth:
    case TypeKind::kIntervalDay:
      return parse_intervals(call);
    case TypeKind::kBytes:
      return parse_bytes(call);
    default:
      return parse_json(call);
  }
}

}  // namespace millrace::expr
