#include "data/decimal.h"

#include <gtest/gtest.h>

#include <limits>
#include <random>

namespace millrace::data {
namespace {

Int128 wide(const char* text) {
  return parse_decimal(text, 0).value();
}

TEST(Decimal, TextRoundTrips) {
  for (const char* text : {"0", "-1", "12345678901234567890123456789012345678",
                           "-99999999999999999999999999999999999999", "18446744073709551616"}) {
    EXPECT_EQ(to_string(wide(text)), text);
  }
  EXPECT_EQ(decimal_to_string(1250, 2), "12.50");
  EXPECT_EQ(decimal_to_string(-5, 3), "-0.005");
  EXPECT_EQ(decimal_to_string(0, 2), "0.00");
  EXPECT_EQ(decimal_to_string(wide("99999999999999999999999999999999999999"), 38),
            "0.99999999999999999999999999999999999999");
  EXPECT_EQ(decimal_to_string(wide("123456789012345678901234"), 3), "123456789012345678901.234");
}

TEST(Decimal, ReadsSignsPointsAndExponents) {
  EXPECT_EQ(parse_decimal("12.505", 2), 1251);
  EXPECT_EQ(parse_decimal("-12.505", 2), -1251);
  EXPECT_EQ(parse_decimal("12.504999", 2), 1250);
  EXPECT_EQ(parse_decimal("1.5e3", 1), 15000);
  EXPECT_EQ(parse_decimal("15E-1", 0), 2);
  EXPECT_EQ(parse_decimal("4e-1", 0), 0);
  EXPECT_EQ(parse_decimal("5e-2", 0), 0);
  EXPECT_EQ(parse_decimal(".5", 1), 5);
  EXPECT_EQ(parse_decimal("5.", 1), 50);
  EXPECT_EQ(parse_decimal("+0e999999", 3), 0);
  EXPECT_EQ(parse_decimal("9e-999999", 3), 0);
  for (const char* text : {"", "-", ".", "1e", "1x", "1 ", "e5", "1.2.3", "1e40", "0x10", "--1",
                           "100000000000000000000000000000000000000"}) {
    EXPECT_FALSE(parse_decimal(text, 0)) << text;
  }
  EXPECT_FALSE(parse_decimal("99999999999999999999999999999999999999.5", 0));
  EXPECT_FALSE(parse_decimal("7777777777777777777777777777777777777777", 0));
  EXPECT_FALSE(parse_decimal("-7777777777777777777777777", 18));
}

TEST(Decimal, RoundsHalfAwayFromZero) {
  EXPECT_EQ(decimal_rescale(125, 2, 1), 13);
  EXPECT_EQ(decimal_rescale(-125, 2, 1), -13);
  EXPECT_EQ(decimal_rescale(124, 2, 1), 12);
  EXPECT_EQ(decimal_rescale(5, 1, 0), 1);
  EXPECT_EQ(decimal_rescale(5, 2, 0), 0);
  EXPECT_EQ(decimal_rescale(12, 0, 3), 12000);
  EXPECT_FALSE(decimal_rescale(wide("99999999999999999999999999999999999999"), 0, 1));
}

TEST(Decimal, OverflowIsToldNotWrapped) {
  const Int128 most = wide("99999999999999999999999999999999999999");
  EXPECT_EQ(decimal_add(most, 0), most);
  EXPECT_FALSE(decimal_add(most, 1));
  EXPECT_FALSE(decimal_subtract(-most, 1));
  EXPECT_FALSE(decimal_multiply(most, 10, 0, 0));
  EXPECT_FALSE(decimal_divide(most, 0, 1, 1, 0));
  EXPECT_TRUE(fits_digits(999, 3));
  EXPECT_FALSE(fits_digits(-1000, 3));
}

TEST(Decimal, ProductsHave256BitsInBetween) {
  // 0.99999999999999999999999999999999999999 squared, to 38 digits.
  const Int128 most = wide("99999999999999999999999999999999999999");
  EXPECT_EQ(to_string(*decimal_multiply(most, most, 76, 38)),
            "99999999999999999999999999999999999998");
  EXPECT_EQ(to_string(*decimal_multiply(most, -most, 76, 37)),
            "-10000000000000000000000000000000000000");
  EXPECT_EQ(to_string(*decimal_multiply(most, -most, 76, 2)), "-100");
  EXPECT_EQ(decimal_multiply(most, most, 76, 0), 1);
  EXPECT_EQ(decimal_multiply(125, 4, 2, 1), 50);
}

TEST(Decimal, QuotientsAreRounded) {
  EXPECT_EQ(decimal_divide(1, 0, 3, 0, 6), 333333);
  EXPECT_EQ(decimal_divide(2, 0, 3, 0, 6), 666667);
  EXPECT_EQ(decimal_divide(-2, 0, 3, 0, 6), -666667);
  EXPECT_EQ(decimal_divide(1250, 2, 25, 1, 0), 5);
  EXPECT_EQ(decimal_divide(1, 10, 3, 0, 2), 0);
  EXPECT_EQ(decimal_divide(55, 3, 1, 0, 2), 6);
  const Int128 most = wide("99999999999999999999999999999999999999");
  EXPECT_EQ(decimal_divide(most, 38, most, 38, 37), power_of_ten(37));
  EXPECT_EQ(decimal_divide(1, 0, most, 0, 38), 1);
  EXPECT_EQ(decimal_divide(most, 0, most, 38, 0), std::nullopt);
}

// Against arithmetic that needs no wide intermediate: a * b / b = a, and (a * b + r) / b.
TEST(Decimal, WideDivisionUndoesMultiplication) {
  std::mt19937_64 random(17);
  for (int round = 0; round < 200'000; ++round) {
    const int digits = static_cast<int>(random() % 38);
    const Int128 b =
        (static_cast<Int128>(random() >> 1 >> random() % 62) << 64 | random()) % power_of_ten(38);
    const Int128 a =
        static_cast<Int128>(random() >> 1) % power_of_ten(1 + static_cast<int>(random() % 18));
    if (b == 0) continue;
    // a / b at scale `digits`, times b, is a within half a unit.
    const auto quotient = decimal_divide(a, 0, b, 0, digits);
    ASSERT_TRUE(quotient || a / b >= 1);
    if (!quotient) continue;
    const auto back = decimal_multiply(*quotient, b, digits, 0);
    if (!back) continue;
    const Int128 slack = b / power_of_ten(digits) + 1;
    EXPECT_LE(*back > a ? *back - a : a - *back, slack);
  }
  for (int round = 0; round < 200'000; ++round) {
    const Int128 b = static_cast<Int128>(random() >> random() % 63) + 1;
    const Int128 a = static_cast<Int128>(random() >> random() % 63);
    const int digits = static_cast<int>(random() % 19);
    const Int128 expected_twice = a * power_of_ten(digits) * 2 / b;
    EXPECT_EQ(decimal_divide(a, 0, b, 0, digits), (expected_twice + 1) / 2);
  }
}

TEST(Decimal, DoublesConvertByTheirShortestText) {
  EXPECT_EQ(decimal_from_double(0.1, 3), 100);
  EXPECT_EQ(decimal_from_double(2.675, 2), 268);
  EXPECT_EQ(decimal_from_double(-1e20, 0), -power_of_ten(20));
  EXPECT_FALSE(decimal_from_double(1e38, 0));
  EXPECT_FALSE(decimal_from_double(std::numeric_limits<double>::quiet_NaN(), 0));
  EXPECT_EQ(decimal_to_double(1250, 2), 12.5);
  EXPECT_EQ(decimal_to_double(wide("12345678901234567890"), 10), 1234567890.123456789);
}

}  // namespace
}  // namespace millrace::data
