#include "data/decimal.h"

#include <fmt/core.h>

#include <cmath>

namespace millrace::data {
namespace {

constexpr std::array<Int128, kDecimalDigitsMax + 1> make_powers() {
  std::array<Int128, kDecimalDigitsMax + 1> powers{};
  Int128 power = 1;
  for (size_t exponent = 0; exponent <= kDecimalDigitsMax; ++exponent) {
    powers[exponent] = power;
    if (exponent < kDecimalDigitsMax) power *= 10;
  }
  return powers;
}

constexpr UInt128 magnitude(Int128 value) {
  return value < 0 ? UInt128{0} - static_cast<UInt128>(value) : static_cast<UInt128>(value);
}

constexpr UInt128 kMagnitudeMax = static_cast<UInt128>(~UInt128{0}) >> 1;

std::optional<Int128> with_sign(UInt128 value, bool negative) {
  if (value > kMagnitudeMax || value >= static_cast<UInt128>(power_of_ten(kDecimalDigitsMax))) {
    return std::nullopt;
  }
  return negative ? -static_cast<Int128>(value) : static_cast<Int128>(value);
}

// 256 bits as four words, least significant first.
struct Wide {
  uint64_t word[4] = {};
};

Wide multiply_wide(UInt128 a, UInt128 b) {
  const uint64_t x[2] = {static_cast<uint64_t>(a), static_cast<uint64_t>(a >> 64)};
  const uint64_t y[2] = {static_cast<uint64_t>(b), static_cast<uint64_t>(b >> 64)};
  Wide product;
  for (int i = 0; i < 2; ++i) {
    UInt128 carry = 0;
    for (int j = 0; j < 2; ++j) {
      carry += static_cast<UInt128>(x[i]) * y[j] + product.word[i + j];
      product.word[i + j] = static_cast<uint64_t>(carry);
      carry >>= 64;
    }
    product.word[i + 2] = static_cast<uint64_t>(carry);
  }
  return product;
}

bool fits_128(const Wide& value) {
  return value.word[2] == 0 && value.word[3] == 0;
}
UInt128 low_128(const Wide& value) {
  return static_cast<UInt128>(value.word[1]) << 64 | value.word[0];
}

struct Division {
  Wide quotient;
  UInt128 rest = 0;
};

// Schoolbook division in base 2^64 by a divisor of two words; Knuth, The Art of Computer
// Programming, volume 2, 4.3.1, algorithm D.
Division divide_by_two_words(const Wide& dividend, UInt128 divisor) {
  const int shift = std::countl_zero(static_cast<uint64_t>(divisor >> 64));
  const UInt128 d = divisor << shift;
  const auto d1 = static_cast<uint64_t>(d >> 64);
  const auto d0 = static_cast<uint64_t>(d);
  uint64_t u[5];
  u[4] = shift == 0 ? 0 : dividend.word[3] >> (64 - shift);
  for (int at = 3; at >= 0; --at) {
    const uint64_t below = at == 0 || shift == 0 ? 0 : dividend.word[at - 1] >> (64 - shift);
    u[at] = dividend.word[at] << shift | below;
  }
  Division result;
  for (int at = 2; at >= 0; --at) {
    const UInt128 top = static_cast<UInt128>(u[at + 2]) << 64 | u[at + 1];
    UInt128 digit = top / d1;
    UInt128 rest = top % d1;
    while (digit >> 64 != 0 || digit * d0 > (rest << 64 | u[at])) {
      --digit;
      rest += d1;
      if (rest >> 64 != 0) break;
    }
    // u[at .. at + 2] -= digit * d, and back once if that was too much.
    const UInt128 low = digit * d0;
    const UInt128 high = digit * d1 + (low >> 64);
    const UInt128 under = static_cast<UInt128>(u[at + 1]) << 64 | u[at];
    const UInt128 taken = high << 64 | static_cast<uint64_t>(low);
    const auto taken_top = static_cast<uint64_t>(high >> 64);
    UInt128 left = under - taken;
    uint64_t left_top = u[at + 2] - taken_top - (under < taken ? 1 : 0);
    if (left_top != 0) {
      --digit;
      left_top += left + d < left ? 1 : 0;
      left += d;
    }
    u[at] = static_cast<uint64_t>(left);
    u[at + 1] = static_cast<uint64_t>(left >> 64);
    u[at + 2] = left_top;
    result.quotient.word[at] = static_cast<uint64_t>(digit);
  }
  result.rest = (static_cast<UInt128>(u[1]) << 64 | u[0]) >> shift;
  return result;
}

Division divide_wide(const Wide& dividend, UInt128 divisor) {
  if (divisor >> 64 != 0) return divide_by_two_words(dividend, divisor);
  Division result;
  const auto d = static_cast<uint64_t>(divisor);
  UInt128 rest = 0;
  for (int at = 3; at >= 0; --at) {
    const UInt128 part = rest << 64 | dividend.word[at];
    result.quotient.word[at] = static_cast<uint64_t>(part / d);
    rest = part % d;
  }
  result.rest = rest;
  return result;
}

// The quotient rounded half up (of magnitudes), or nullopt if it has more than 128 bits.
std::optional<UInt128> divide_rounded(const Wide& dividend, UInt128 divisor) {
  const Division division = divide_wide(dividend, divisor);
  if (!fits_128(division.quotient)) return std::nullopt;
  const UInt128 quotient = low_128(division.quotient);
  const bool up = division.rest >= divisor - division.rest;
  if (up && quotient == ~UInt128{0}) return std::nullopt;
  return quotient + (up ? 1 : 0);
}

}  // namespace

constinit const std::array<Int128, kDecimalDigitsMax + 1> kPowersOfTen = make_powers();

std::optional<Int128> decimal_add(Int128 a, Int128 b) {
  Int128 sum;
  if (__builtin_add_overflow(a, b, &sum) || !fits_digits(sum, kDecimalDigitsMax)) {
    return std::nullopt;
  }
  return sum;
}

std::optional<Int128> decimal_subtract(Int128 a, Int128 b) {
  Int128 difference;
  if (__builtin_sub_overflow(a, b, &difference) || !fits_digits(difference, kDecimalDigitsMax)) {
    return std::nullopt;
  }
  return difference;
}

Int128 divide_by_power_of_ten(Int128 value, int digits) {
  if (digits == 0) return value;
  const Int128 divisor = power_of_ten(digits);
  const Int128 quotient = value / divisor;
  const UInt128 rest = magnitude(value % divisor);
  if (rest < static_cast<UInt128>(divisor) - rest) return quotient;
  return value < 0 ? quotient - 1 : quotient + 1;
}

std::optional<Int128> decimal_rescale(Int128 value, int from_scale, int to_scale) {
  const int digits = to_scale - from_scale;
  if (digits <= 0) {
    return -digits > kDecimalDigitsMax ? Int128{0} : divide_by_power_of_ten(value, -digits);
  }
  if (value == 0) return Int128{0};
  Int128 scaled;
  if (digits > kDecimalDigitsMax || __builtin_mul_overflow(value, power_of_ten(digits), &scaled) ||
      !fits_digits(scaled, kDecimalDigitsMax)) {
    return std::nullopt;
  }
  return scaled;
}

std::optional<Int128> decimal_multiply(Int128 a, Int128 b, int product_scale, int to_scale) {
  Int128 product;
  if (!__builtin_mul_overflow(a, b, &product)) {
    const std::optional<Int128> result = decimal_rescale(product, product_scale, to_scale);
    if (!result || !fits_digits(*result, kDecimalDigitsMax)) return std::nullopt;
    return result;
  }
  const int digits = product_scale - to_scale;
  if (digits <= 0) return std::nullopt;
  Wide wide = multiply_wide(magnitude(a), magnitude(b));
  if (digits > kDecimalDigitsMax) {
    wide =
        divide_wide(wide, static_cast<UInt128>(power_of_ten(digits - kDecimalDigitsMax))).quotient;
  }
  const std::optional<UInt128> result =
      divide_rounded(wide, static_cast<UInt128>(power_of_ten(std::min(digits, kDecimalDigitsMax))));
  if (!result) return std::nullopt;
  return with_sign(*result, (a < 0) != (b < 0));
}

std::optional<Int128> decimal_divide(Int128 a, int a_scale, Int128 b, int b_scale, int to_scale) {
  // a / 10^a_scale / (b / 10^b_scale) * 10^to_scale
  const int digits = to_scale + b_scale - a_scale;
  const bool negative = (a < 0) != (b < 0);
  if (digits >= 0) {
    if (digits > kDecimalDigitsMax) {
      // Scales are at most 38 each; beyond 256 bits nothing but zero fits anyway.
      if (a == 0) return Int128{0};
      const std::optional<Int128> scaled = decimal_rescale(a, 0, digits - kDecimalDigitsMax);
      if (!scaled) return std::nullopt;
      return decimal_divide(*scaled, 0, b, 0, kDecimalDigitsMax);
    }
    const Wide dividend = multiply_wide(magnitude(a), static_cast<UInt128>(power_of_ten(digits)));
    const std::optional<UInt128> result = divide_rounded(dividend, magnitude(b));
    if (!result) return std::nullopt;
    return with_sign(*result, negative);
  }
  const Wide divisor = multiply_wide(magnitude(b), static_cast<UInt128>(power_of_ten(-digits)));
  if (!fits_128(divisor)) return Int128{0};
  Wide dividend;
  dividend.word[0] = static_cast<uint64_t>(magnitude(a));
  dividend.word[1] = static_cast<uint64_t>(magnitude(a) >> 64);
  const std::optional<UInt128> result = divide_rounded(dividend, low_128(divisor));
  if (!result) return std::nullopt;
  return with_sign(*result, negative);
}

double decimal_to_double(Int128 value, int scale) {
  // A power of ten up to 10^22 and an integer below 2^53 are exact doubles: one rounding, the right
  // one.
  constexpr Int128 kExactMax = Int128{1} << 53;
  if (scale <= 22 && value < kExactMax && value > -kExactMax) {
    return static_cast<double>(value) / static_cast<double>(power_of_ten(scale));
  }
  return std::stod(decimal_to_string(value, scale));
}

std::optional<Int128> decimal_from_double(double value, int scale) {
  if (!std::isfinite(value) || std::abs(value) >= 1e38) return std::nullopt;
  // The shortest text that reads back as `value` is what its writer meant.
  return parse_decimal(fmt::format("{}", value), scale);
}

void append_decimal(std::string& to, Int128 value, int scale) {
  char digits[44];
  char* const end = digits + sizeof(digits);
  char* at = end;
  UInt128 rest = magnitude(value);
  int written = 0;
  while (rest > ~uint64_t{0}) {
    *--at = static_cast<char>('0' + static_cast<int>(rest % 10));
    rest /= 10;
    if (++written == scale) *--at = '.';
  }
  auto low = static_cast<uint64_t>(rest);
  while (low != 0 || written <= scale) {
    *--at = static_cast<char>('0' + low % 10);
    low /= 10;
    if (++written == scale) *--at = '.';
  }
  if (value < 0) *--at = '-';
  to.append(at, static_cast<size_t>(end - at));
}

std::string decimal_to_string(Int128 value, int scale) {
  std::string text;
  append_decimal(text, value, scale);
  return text;
}

namespace {

struct DecimalText {
  bool negative = false;
  std::string_view whole;
  std::string_view fraction;
  int64_t exponent = 0;
};

std::string_view take_digits(std::string_view& text) {
  size_t count = 0;
  while (count < text.size() && text[count] >= '0' && text[count] <= '9') ++count;
  const std::string_view digits = text.substr(0, count);
  text.remove_prefix(count);
  return digits;
}

bool take_sign(std::string_view& text) {
  if (text.empty() || (text[0] != '-' && text[0] != '+')) return false;
  const bool negative = text[0] == '-';
  text.remove_prefix(1);
  return negative;
}

std::optional<DecimalText> split_decimal(std::string_view text) {
  DecimalText parts;
  parts.negative = take_sign(text);
  parts.whole = take_digits(text);
  if (!text.empty() && text[0] == '.') {
    text.remove_prefix(1);
    parts.fraction = take_digits(text);
  }
  if (parts.whole.empty() && parts.fraction.empty()) return std::nullopt;
  if (!text.empty() && (text[0] == 'e' || text[0] == 'E')) {
    text.remove_prefix(1);
    const bool negative = take_sign(text);
    const std::string_view digits = take_digits(text);
    if (digits.empty() || digits.size() > 9) return std::nullopt;
    for (const char c : digits) parts.exponent = parts.exponent * 10 + (c - '0');
    if (negative) parts.exponent = -parts.exponent;
  }
  if (!text.empty()) return std::nullopt;
  return parts;
}

}  // namespace

std::optional<Int128> parse_decimal(std::string_view text, int scale) {
  const std::optional<DecimalText> parts = split_decimal(text);
  if (!parts) return std::nullopt;
  // Digit i of whole + fraction stands for 10^(whole.size() - 1 - i + exponent); digits below
  // 10^-scale go, the first of them rounds.
  const auto whole = static_cast<int64_t>(parts->whole.size());
  const auto digits = whole + static_cast<int64_t>(parts->fraction.size());
  const int64_t kept = whole + parts->exponent + scale;
  const auto digit = [&](int64_t i) {
    return (i < whole ? parts->whole[static_cast<size_t>(i)]
                      : parts->fraction[static_cast<size_t>(i - whole)]) -
           '0';
  };
  const Int128 limit = power_of_ten(kDecimalDigitsMax);
  Int128 value = 0;
  for (int64_t i = 0; i < std::min(kept, digits); ++i) {
    if (value >= limit / 10) return std::nullopt;
    value = value * 10 + digit(i);
  }
  for (int64_t i = digits; i < kept && value != 0; ++i) {
    if (value >= limit / 10) return std::nullopt;
    value *= 10;
  }
  if (kept >= 0 && kept < digits && digit(kept) >= 5) ++value;
  if (value >= limit) return std::nullopt;
  return parts->negative ? -value : value;
}

}  // namespace millrace::data
