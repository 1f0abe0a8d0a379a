#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "data/type.h"

namespace millrace::data {

// Arithmetic of DECIMAL(p, s) values as unscaled integers (12.50 with scale 2 is 1250). Rounding is
// half away from zero, as PostgreSQL's NUMERIC. Nothing wraps: what does not fit 38 digits is
// nullopt (the caller's row error). Pure functions.

using UInt128 = unsigned __int128;

inline constexpr int kDecimalDigitsMax = 38;

// 10^0 .. 10^38.
extern const std::array<Int128, kDecimalDigitsMax + 1> kPowersOfTen;
inline Int128 power_of_ten(int exponent) {
  return kPowersOfTen[static_cast<size_t>(exponent)];
}

// |value| < 10^precision. REQUIRES: precision 1..38.
inline bool fits_digits(Int128 value, int precision) {
  const Int128 limit = power_of_ten(precision);
  return value < limit && value > -limit;
}

// REQUIRES: one scale on both sides.
std::optional<Int128> decimal_add(Int128 a, Int128 b);
std::optional<Int128> decimal_subtract(Int128 a, Int128 b);
// The value with another scale; digits that go are rounded.
std::optional<Int128> decimal_rescale(Int128 value, int from_scale, int to_scale);
// a * b has scale (scale of a + scale of b); the result is rescaled to `to_scale`. The product has
// 256 bits in between.
std::optional<Int128> decimal_multiply(Int128 a, Int128 b, int product_scale, int to_scale);
// a / b with the scale `to_scale`. REQUIRES: b != 0.
std::optional<Int128> decimal_divide(Int128 a, int a_scale, Int128 b, int b_scale, int to_scale);
// The rest of a / b, with the sign of a. REQUIRES: one scale on both sides, b != 0.
inline Int128 decimal_modulo(Int128 a, Int128 b) {
  return b == -1 ? 0 : a % b;
}

// value / 10^digits, rounded half away from zero. REQUIRES: digits 0..38.
Int128 divide_by_power_of_ten(Int128 value, int digits);

double decimal_to_double(Int128 value, int scale);
// nullopt: NaN, infinite, or more than 38 digits.
std::optional<Int128> decimal_from_double(double value, int scale);

// "-12.50"; no sign for zero; always `scale` digits behind the point.
void append_decimal(std::string& to, Int128 value, int scale);
std::string decimal_to_string(Int128 value, int scale);
inline std::string to_string(Int128 value) {
  return decimal_to_string(value, 0);
}
// "[+-]digits[.digits][e[+-]digits]" into a value of `scale`, further digits rounded. nullopt: not
// such a text, or more than 38 digits.
std::optional<Int128> parse_decimal(std::string_view text, int scale);

}  // namespace millrace::data
