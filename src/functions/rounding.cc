#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "data/decimal.h"
#include "functions/arithmetic.h"
#include "functions/builtin.h"
#include "functions/family.h"

namespace millrace::functions {
namespace {

constexpr std::string_view kFamily = "numeric";

enum class Way : uint8_t { kNearest, kDown, kUp, kTowardZero };

// value / 10^digits as a whole number, the way that is asked for.
Int128 divide(Int128 value, int digits, Way way) {
  if (digits == 0) return value;
  if (digits > data::kDecimalDigitsMax) {
    if (way == Way::kDown) return value < 0 ? -1 : 0;
    if (way == Way::kUp) return value > 0 ? 1 : 0;
    return 0;
  }
  if (way == Way::kNearest) return data::divide_by_power_of_ten(value, digits);
  const Int128 divisor = data::power_of_ten(digits);
  const Int128 quotient = value / divisor;
  const Int128 rest = value % divisor;
  if (way == Way::kDown && rest < 0) return quotient - 1;
  if (way == Way::kUp && rest > 0) return quotient + 1;
  return quotient;
}

Int128 wide_value(const Column& column, uint32_t row) {
  switch (column.width()) {
    case Width::k8:
      return Reader<int8_t>(column)[row];
    case Width::k16:
      return Reader<int16_t>(column)[row];
    case Width::k32:
      return Reader<int32_t>(column)[row];
    case Width::k64:
      return Reader<int64_t>(column)[row];
    default:
      return Reader<Int128>(column)[row];
  }
}

void fail_range(KernelCall& call, uint32_t row) {
  call.fail(row, ErrorCode::kNumericOverflow,
            "the rounded number is out of range of " + call.result.to_string());
}

// ---- DECIMAL to a whole number or to the scale of the result ------------------------------------

template <class R, Way kWay>
ColumnPtr to_scale(KernelCall& call) {
  const Column& column = call.argument(0);
  const int digits = column.type().scale() - call.result.scale();
  const Int128 limit = data::power_of_ten(call.result.precision());
  return fixed_rows<R>(call, [&](uint32_t row) -> R {
    const Int128 value = divide(wide_value(column, row), digits, kWay);
    if (value >= limit || value <= -limit) fail_range(call, row);
    return static_cast<R>(value);
  });
}

template <Way kWay>
ColumnPtr decimal_whole(KernelCall& call) {
  return call.result.width() == Width::k64 ? to_scale<int64_t, kWay>(call)
                                           : to_scale<Int128, kWay>(call);
}

std::optional<Type> whole_type(std::span<const Type> types) {
  if (types[0].scale() == 0) return types[0];
  return decimal_result(types[0].precision() - types[0].scale() + 1, 0);
}

template <Way kWay>
double whole(double x) {
  switch (kWay) {
    case Way::kNearest:
      return std::round(x);
    case Way::kDown:
      return std::floor(x);
    case Way::kUp:
      return std::ceil(x);
    case Way::kTowardZero:
      return std::trunc(x);
  }
  return x;
}

template <Way kWay>
ColumnPtr real_whole(KernelCall& call) {
  if (call.result.kind() == TypeKind::kFloat) {
    return unary_rows<float, float>(
        call, [](float x) { return static_cast<float>(whole<kWay>(static_cast<double>(x))); });
  }
  return unary_rows<double, double>(call, [](double x) { return whole<kWay>(x); });
}

ColumnPtr unchanged(KernelCall& call) {
  return call.arguments[0];
}

template <Way kWay>
std::vector<Overload> whole_overloads() {
  return {{.parameters = {Accepts::kInteger},
           .result = same_as(),
           .kernel = plain_kernel(unchanged),
           .properties = {.total = true, .monotone = true}},
          {.parameters = {Accepts::kDecimal},
           .result = whole_type,
           .kernel = plain_kernel(decimal_whole<kWay>),
           .properties = {.may_fail = true, .monotone = true}},
          {.parameters = {TypeKind::kFloat},
           .result = same_as(),
           .kernel = plain_kernel(real_whole<kWay>),
           .properties = {.total = true, .monotone = true}},
          {.parameters = {TypeKind::kDouble},
           .result = same_as(),
           .kernel = plain_kernel(real_whole<kWay>),
           .properties = {.total = true, .monotone = true}}};
}

// ---- to a number of digits ----------------------------------------------------------------------

// Integers and DECIMAL: digits behind the asked ones go, or become 0 where the scale stays.
template <class T, class R, Way kWay>
ColumnPtr clear_digits(KernelCall& call) {
  const Reader<T> values(call.argument(0));
  const Reader<int32_t> digits(call.argument(1));
  const int scale = call.argument(0).type().scale();
  const int result_scale = call.result.scale();
  const bool is_decimal = call.result.kind() == TypeKind::kDecimal;
  return fixed_rows<R>(call, [&](uint32_t row) -> R {
    const int64_t gone = int64_t{scale} - digits[row];
    if (gone <= 0) return static_cast<R>(values[row]);
    if (gone > data::kDecimalDigitsMax) return R{0};
    const Int128 kept = divide(values[row], static_cast<int>(gone), kWay);
    Int128 value = 0;
    const bool wraps =
        __builtin_mul_overflow(kept, data::power_of_ten(result_scale - digits[row]), &value);
    const bool fits = is_decimal ? data::fits_digits(value, call.result.precision())
                                 : static_cast<R>(value) == value;
    if (wraps || !fits) fail_range(call, row);
    return static_cast<R>(value);
  });
}

template <Way kWay>
ColumnPtr integer_digits(KernelCall& call) {
  switch (call.argument(0).width()) {
    case Width::k8:
      return clear_digits<int8_t, int8_t, kWay>(call);
    case Width::k16:
      return clear_digits<int16_t, int16_t, kWay>(call);
    case Width::k32:
      return clear_digits<int32_t, int32_t, kWay>(call);
    default:
      return clear_digits<int64_t, int64_t, kWay>(call);
  }
}

template <Way kWay>
ColumnPtr real_digits(KernelCall& call) {
  const Reader<double> values(call.argument(0));
  const Reader<int32_t> digits(call.argument(1));
  return fixed_rows<double>(call, [&](uint32_t row) {
    const int32_t wanted = std::clamp(digits[row], -330, 330);
    const double factor = std::pow(10.0, std::abs(wanted));
    const double x = values[row];
    if (!std::isfinite(x)) return x;
    const double scaled = wanted >= 0 ? x * factor : x / factor;
    if (!std::isfinite(scaled)) return x;
    const double rounded = whole<kWay>(scaled);
    return wanted >= 0 ? rounded / factor : rounded * factor;
  });
}

// One more whole digit may be needed: 99.9 rounded to 0 digits is 100.
Type rounded(const Type& type, int scale) {
  return decimal_result(type.precision() - type.scale() + 1, scale);
}
std::optional<Type> rounded_type(std::span<const Type> types) {
  return rounded(types[0], types[0].scale());
}
// Where the number of digits is a literal, it becomes the scale.
std::optional<Type> rounded_to_literal(std::span<const Type> types,
                                       std::span<const data::Value* const> literals) {
  if (literals[1] == nullptr || literals[1]->is_null()) return rounded_type(types);
  const int64_t digits = literals[1]->integer();
  return rounded(types[0], static_cast<int>(std::clamp<int64_t>(digits, 0, types[0].scale())));
}

// The argument in 128 bits.
ColumnPtr widen(KernelCall& call) {
  const Column& column = call.argument(0);
  if (column.width() == Width::k128) return call.arguments[0];
  const Reader<int64_t> values(column);
  Buffer wide = Buffer::allocate(size_t{column.rows()} * sizeof(Int128), call.memory);
  const uint32_t rows = column.is_flat() ? column.rows() : 1;
  for (uint32_t row = 0; row < rows; ++row) wide.mutable_as<Int128>()[row] = values[row];
  const Type from = Type::decimal(data::kDecimalDigitsMax, column.type().scale());
  const ColumnPtr flat = make_flat(from, rows, std::move(wide));
  return column.is_flat() ? flat : Column::constant(flat, column.rows());
}

template <Way kWay>
ColumnPtr decimal_digits(KernelCall& call) {
  const ColumnPtr arguments[] = {widen(call), call.arguments[1]};
  KernelCall wide{.arguments = arguments,
                  .rows = call.rows,
                  .result = call.result,
                  .memory = call.memory,
                  .errors = call.errors};
  if (call.result.width() == Width::k64) return clear_digits<Int128, int64_t, kWay>(wide);
  return clear_digits<Int128, Int128, kWay>(wide);
}

template <Way kWay>
std::vector<Overload> digit_overloads() {
  return {{.parameters = {Accepts::kInteger, TypeKind::kInt},
           .result = same_as(),
           .kernel = plain_kernel(integer_digits<kWay>),
           .properties = kFails},
          {.parameters = {Accepts::kDecimal, TypeKind::kInt},
           .result = rounded_type,
           .kernel = plain_kernel(decimal_digits<kWay>),
           .properties = kFails,
           .literal_result = rounded_to_literal},
          {.parameters = {TypeKind::kDouble, TypeKind::kInt},
           .result = same_as(),
           .kernel = plain_kernel(real_digits<kWay>)}};
}

template <Way kWay>
void add(FunctionRegistry& registry, FunctionDoc doc, bool takes_digits) {
  expr::ScalarFunction function{.doc = std::move(doc), .overloads = whole_overloads<kWay>()};
  if (takes_digits) {
    for (Overload& overload : digit_overloads<kWay>()) {
      function.overloads.push_back(std::move(overload));
    }
  }
  registry.add(std::move(function));
}

}  // namespace

void register_rounding(FunctionRegistry& registry) {
  add<Way::kDown>(registry,
                  {"FLOOR", kFamily, "FLOOR(number) -> number",
                   "The greatest whole number that is not above.", "FLOOR(-1.5)", "-2"},
                  false);
  add<Way::kUp>(registry,
                {"CEIL",
                 kFamily,
                 "CEIL(number) -> number",
                 "The smallest whole number that is not below.",
                 "CEIL(-1.5)",
                 "-1",
                 {"CEILING"}},
                false);
  add<Way::kNearest>(registry,
                     {"ROUND", kFamily, "ROUND(number [, digits]) -> number",
                      "The nearest number with this many digits behind the point, halves away from "
                      "zero; negative digits stand before the point.",
                      "ROUND(2.345, 2)", "2.35"},
                     true);
  add<Way::kTowardZero>(registry,
                        {"TRUNC",
                         kFamily,
                         "TRUNC(number [, digits]) -> number",
                         "The number with the digits behind these cut off.",
                         "TRUNC(-2.789, 1)",
                         "-2.7",
                         {"TRUNCATE"}},
                        true);
}

}  // namespace millrace::functions
