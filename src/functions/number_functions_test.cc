#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "data/decimal.h"
#include "expr/build.h"
#include "expr/evaluator.h"
#include "functions/builtin.h"
#include "functions/example_run_test.h"

namespace millrace::functions {
namespace {

using data::Int128;
using data::Type;
using data::TypeKind;
using data::Value;
using expr::ExpressionPtr;

// "type value", or the code of the error.
std::string run(std::string_view text) {
  return run_example(text, true);
}

TEST(Arithmetic, WidensToTheWiderTypeAndFailsBeyondIt) {
  EXPECT_EQ(run("2 + 3"), "INT 5");
  EXPECT_EQ(run("2000000000 + 2000000000"), "NumericOverflow");
  EXPECT_EQ(run("2000000000 + 3000000000"), "BIGINT 5000000000");
  EXPECT_EQ(run("9223372036854775807 + 1"), "NumericOverflow");
  EXPECT_EQ(run("-7 / 2"), "INT -3");
  EXPECT_EQ(run("7 / 0"), "DivisionByZero");
  EXPECT_EQ(run("7 % 0"), "DivisionByZero");
  EXPECT_EQ(run("-(9223372036854775807)"), "BIGINT -9223372036854775807");
  EXPECT_EQ(run("ABS(-2147483648)"), "NumericOverflow");
  EXPECT_EQ(run("1 + NULL"), "INT NULL");
  EXPECT_EQ(run("1 + '41'"), "INT 42");
  EXPECT_EQ(run("1 + 'x'"), "TypeMismatch");
  EXPECT_EQ(run("1 + TRUE"), "FunctionNotFound");
  EXPECT_EQ(run("PI() + 1"), "DOUBLE 4.141592653589793");
}

TEST(Arithmetic, OfDecimalsFollowsTheRulesOfScale) {
  EXPECT_EQ(run("1.5 + 2.25"), "DECIMAL(4, 2) 3.75");
  EXPECT_EQ(run("1.5 * 2.25"), "DECIMAL(5, 3) 3.375");
  EXPECT_EQ(run("100000000 * 0.908"), "DECIMAL(14, 3) 90800000.000");
  EXPECT_EQ(run("1.0 / 3"), "DECIMAL(13, 12) 0.333333333333");
  EXPECT_EQ(run("1.0 / 0"), "DivisionByZero");
  EXPECT_EQ(run("7.5 % 2"), "DECIMAL(2, 1) 1.5");
  EXPECT_EQ(run("-7.5 % 2"), "DECIMAL(2, 1) -1.5");
}

TEST(Arithmetic, OfDecimalsAgreesWithWholeNumbersScaledUp) {
  std::mt19937_64 random(5);
  static constexpr std::string_view kNames[] = {"+", "-", "*"};
  for (int round = 0; round < 3000; ++round) {
    const int digits[2] = {1 + static_cast<int>(random() % 18),
                           1 + static_cast<int>(random() % 18)};
    std::vector<ExpressionPtr> sides;
    Int128 value[2];
    int scale[2];
    for (int side = 0; side < 2; ++side) {
      scale[side] = static_cast<int>(random() % (static_cast<size_t>(digits[side]) + 1));
      value[side] = static_cast<int64_t>(random()) % data::power_of_ten(digits[side]);
      sides.push_back(expr::make_literal(Value(static_cast<int64_t>(value[side])),
                                         Type::decimal(digits[side], scale[side])));
    }
    const std::string_view name = kNames[random() % 3];
    const int common = std::max(scale[0], scale[1]);
    const Int128 x = value[0] * data::power_of_ten(common - scale[0]);
    const Int128 y = value[1] * data::power_of_ten(common - scale[1]);
    const Int128 expected = name == "+" ? x + y : name == "-" ? x - y : value[0] * value[1];
    const int expected_scale = name == "*" ? scale[0] + scale[1] : common;
    const ExpressionPtr call = *builtin_registry().call(name, sides);
    const Value result = *expr::evaluate_constant(call);
    EXPECT_EQ(data::to_string(result, call->type()),
              data::decimal_to_string(expected, expected_scale));
  }
}

TEST(Arithmetic, OfLongDecimalsIsCheckedWhereTheScaleGaveWay) {
  const Type wide = Type::decimal(38, 10);
  const auto literal = [&](std::string_view text) {
    return expr::make_literal(Value(*data::parse_decimal(text, 10)), wide);
  };
  const auto run_call = [&](std::string_view name, std::string_view a, std::string_view b) {
    const ExpressionPtr call = *builtin_registry().call(name, {literal(a), literal(b)});
    const auto value = expr::evaluate_constant(call);
    if (!value) return std::string(error_info(value.error().code()).name);
    return call->type().to_string() + " " + data::to_string(*value, call->type());
  };
  EXPECT_EQ(run_call("*", "3", "2"), "DECIMAL(38, 6) 6.000000");
  EXPECT_EQ(run_call("*", "1e20", "1e20"), "NumericOverflow");
  EXPECT_EQ(run_call("+", "9999999999999999999999999999", "1"),
            "DECIMAL(38, 9) 10000000000000000000000000000.000000000");
  EXPECT_EQ(run_call("-", "-9999999999999999999999999999.9999999999", "0.0000000001"),
            "DECIMAL(38, 9) -10000000000000000000000000000.000000000");
  EXPECT_EQ(run_call("+", "0.0000000025", "-0.0000000010"), "DECIMAL(38, 9) 0.000000002");
  EXPECT_EQ(run_call("/", "2", "3"), "DECIMAL(38, 6) 0.666667");
  EXPECT_EQ(run_call("%", "10", "4"), "DECIMAL(38, 10) 2.0000000000");
}

TEST(Rounding, IsAwayFromZeroAtHalves) {
  EXPECT_EQ(run("ROUND(2.5)"), "DECIMAL(2, 0) 3");
  EXPECT_EQ(run("ROUND(-2.5)"), "DECIMAL(2, 0) -3");
  EXPECT_EQ(run("ROUND(99.95, 1)"), "DECIMAL(4, 1) 100.0");
  EXPECT_EQ(run("ROUND(1234, -2)"), "INT 1200");
  EXPECT_EQ(run("ROUND(2147483647, -1)"), "NumericOverflow");
  EXPECT_EQ(run("ROUND(12.345, 9)"), "DECIMAL(6, 3) 12.345");
  EXPECT_EQ(run("ROUND(SQRT(2), 3)"), "DOUBLE 1.414");
  EXPECT_EQ(run("FLOOR(-0.1)"), "DECIMAL(2, 0) -1");
  EXPECT_EQ(run("CEIL(0.1)"), "DECIMAL(2, 0) 1");
  EXPECT_EQ(run("TRUNC(1299, -2)"), "INT 1200");
  EXPECT_EQ(run("FLOOR(SQRT(2))"), "DOUBLE 1");
}

TEST(Numeric, FunctionsFailOutsideTheirDomain) {
  EXPECT_EQ(run("SQRT(-1)"), "InvalidArgument");
  EXPECT_EQ(run("LN(0)"), "InvalidArgument");
  EXPECT_EQ(run("LOG(1, 5)"), "InvalidArgument");
  EXPECT_EQ(run("ASIN(1.5)"), "InvalidArgument");
  EXPECT_EQ(run("POWER(0, -1)"), "InvalidArgument");
  EXPECT_EQ(run("POWER(-8, 0.5)"), "InvalidArgument");
  EXPECT_EQ(run("POWER(10, 400)"), "NumericOverflow");
  EXPECT_EQ(run("SIGN(-0.001)"), "BIGINT -1");
}

TEST(Dates, AddIntervalsAndMonths) {
  const auto literal = [](std::string_view text, Type type) {
    return *expr::convert(expr::make_literal(std::string(text), TypeKind::kVarchar), type);
  };
  const auto sum = [&](std::string_view name, const ExpressionPtr& a, const ExpressionPtr& b) {
    const ExpressionPtr call = *builtin_registry().call(name, {a, b});
    const auto value = expr::evaluate_constant(call);
    if (!value) return std::string(error_info(value.error().code()).name);
    return call->type().to_string() + " " + data::to_string(*value, call->type());
  };
  const ExpressionPtr moment = literal("2024-01-31 23:00:00", Type::timestamp(3));
  EXPECT_EQ(sum("+", moment, literal("1 month", TypeKind::kIntervalMonth)),
            "TIMESTAMP(3) 2024-02-29 23:00:00.000");
  EXPECT_EQ(sum("-", moment, literal("4 seconds", TypeKind::kIntervalDay)),
            "TIMESTAMP(3) 2024-01-31 22:59:56.000");
  EXPECT_EQ(sum("+", moment, literal("1500 us", TypeKind::kIntervalDay)),
            "TIMESTAMP(3) 2024-01-31 23:00:00.002");
  EXPECT_EQ(
      sum("+", literal("2024-02-28", TypeKind::kDate), literal("36 hours", TypeKind::kIntervalDay)),
      "TIMESTAMP(6) 2024-02-29 12:00:00.000000");
  EXPECT_EQ(sum("-", moment, literal("2024-01-01 00:00:00", Type::timestamp(0))),
            "INTERVAL DAY TO SECOND 30 days 23:00:00");
  EXPECT_EQ(sum("+", literal("2262-04-11 23:47:16", Type::timestamp(9)),
                literal("1 day", TypeKind::kIntervalDay)),
            "DatetimeOverflow");
  EXPECT_EQ(sum("*", literal("90 min", TypeKind::kIntervalDay),
                expr::make_literal(int64_t{3}, TypeKind::kInt)),
            "INTERVAL DAY TO SECOND 04:30:00");
}

TEST(Dates, HavePartsBefore1970Too) {
  EXPECT_EQ(run("HOUR(TIMESTAMP '1969-12-31 23:59:59')"), "BIGINT 23");
  EXPECT_EQ(run("SECOND(TIMESTAMP '1969-12-31 23:59:59.5')"), "BIGINT 59");
  EXPECT_EQ(run("EXTRACT('EPOCH', TIMESTAMP '1969-12-31 23:59:59')"), "BIGINT -1");
  EXPECT_EQ(run("EXTRACT('DOW', DATE '1969-12-31')"), "BIGINT 3");
  EXPECT_EQ(run("EXTRACT('ISODOW', DATE '2024-03-03')"), "BIGINT 7");
  EXPECT_EQ(run("EXTRACT('CENTURY', DATE '2000-12-31')"), "BIGINT 20");
  EXPECT_EQ(run("EXTRACT('ISOYEAR', DATE '2024-12-30')"), "BIGINT 2025");
  EXPECT_EQ(run("EXTRACT('MILLISECOND', TIMESTAMP '2024-01-01 00:00:05.25')"), "BIGINT 5250");
  EXPECT_EQ(run("EXTRACT('FORTNIGHT', DATE '2024-12-30')"), "InvalidArgument");
  EXPECT_EQ(run("DATE_TRUNC('week', DATE '1969-12-31')"), "DATE 1969-12-29");
  EXPECT_EQ(run("DATE_TRUNC('quarter', TIMESTAMP '1969-12-31 10:00:00')"),
            "TIMESTAMP(0) 1969-10-01 00:00:00");
  EXPECT_EQ(run("DATE_CEIL('day', TIMESTAMP '2024-02-28 00:00:01')"),
            "TIMESTAMP(0) 2024-02-29 00:00:00");
  EXPECT_EQ(run("DATE_CEIL('year', DATE '2024-01-01')"), "DATE 2024-01-01");
}

TEST(Dates, CountWholeUnits) {
  EXPECT_EQ(run("TIMESTAMPDIFF('MONTH', DATE '2024-01-31', DATE '2024-02-29')"), "BIGINT 0");
  EXPECT_EQ(run("TIMESTAMPDIFF('MONTH', DATE '2024-02-29', DATE '2024-01-29')"), "BIGINT -1");
  EXPECT_EQ(run("TIMESTAMPDIFF('YEAR', DATE '2000-02-29', DATE '2024-02-28')"), "BIGINT 23");
  EXPECT_EQ(run("TIMESTAMPDIFF('HOUR', TIMESTAMP '2024-01-01 00:00:01', DATE '2024-01-01')"),
            "BIGINT 0");
  EXPECT_EQ(run("TIMESTAMPADD('HOUR', 25, TIMESTAMP '2024-02-28 23:30:00')"),
            "TIMESTAMP(0) 2024-03-01 00:30:00");
  EXPECT_EQ(run("TIMESTAMPADD('YEAR', 9000000, DATE '2024-01-01')"), "DatetimeOverflow");
}

TEST(Dates, AreWrittenAndReadByBothFamiliesOfPatterns) {
  EXPECT_EQ(
      run("DATE_FORMAT(TIMESTAMP '2024-02-09 03:04:05.678', 'EEE d MMM yy h:mm a ''at'' SSS')"),
      "STRING Fri 9 Feb 24 3:04 AM at 678");
  EXPECT_EQ(run("DATE_FORMAT(TIMESTAMP '2024-02-09 15:04:05.678', 'EEEE d MMMM yy h:mm:ss.SSS a')"),
            "STRING Friday 9 February 24 3:04:05.678 PM");
  EXPECT_EQ(run("DATE_FORMAT(TIMESTAMP '1969-12-31 23:59:59', 'yyyy-MM-dd HH:mm:ss')"),
            "STRING 1969-12-31 23:59:59");
  EXPECT_EQ(run("DATE_FORMAT(DATE '2024-02-09', 'bbb')"), "InvalidArgument");
  EXPECT_EQ(run("TO_CHAR(TIMESTAMP '2024-02-09 15:04:05', 'FMDay, FMDD MONTH YYYY HH12:MI:SS PM')"),
            "STRING Friday, 9 FEBRUARY 2024 03:04:05 PM");
  EXPECT_EQ(run("TO_TIMESTAMP('2024-02-09 15:04:05.5')"), "TIMESTAMP(3) 2024-02-09 15:04:05.500");
  EXPECT_EQ(run("TO_TIMESTAMP('20240209150405', 'yyyyMMddHHmmss')"),
            "TIMESTAMP(3) 2024-02-09 15:04:05.000");
  EXPECT_EQ(run("TO_TIMESTAMP('9 Feb 2024 3:04 pm', 'DD Mon YYYY HH12:MI AM')"),
            "TIMESTAMP(3) 2024-02-09 15:04:00.000");
  EXPECT_EQ(run("TO_TIMESTAMP('2024-02-30', 'yyyy-MM-dd')"), "CastFailed");
  EXPECT_EQ(run("TO_DATE('2024-060', 'YYYY-DDD')"), "DATE 2024-02-29");
  EXPECT_EQ(run("UNIX_TIMESTAMP('2024-02-29', 'yyyy-MM-dd')"), "BIGINT 1709164800");
}

TEST(Nested, ValuesAreMadeAndTakenApart) {
  EXPECT_EQ(run("SUBSCRIPT(ARRAY(1, NULL, 3), 2)"), "INT NULL");
  EXPECT_EQ(run("SUBSCRIPT(ARRAY(1, 2), 3)"), "INT NULL");
  EXPECT_EQ(run("SUBSCRIPT(ARRAY(1, 2), 0)"), "INT NULL");
  EXPECT_EQ(run("SUBSCRIPT(MAP('a', 1, 'b', 2), 'b')"), "INT 2");
  EXPECT_EQ(run("SUBSCRIPT(MAP(1, 'x'), 2)"), "STRING NULL");
  EXPECT_EQ(run("MAP('a', 1, NULL, 2)"), "NullNotAllowed");
  EXPECT_EQ(run("MAP(1, 'a', 2.5, 'b')"), "MAP<DECIMAL(11, 1), STRING> {1.0: 'a', 2.5: 'b'}");
  EXPECT_EQ(run("ARRAY_CONTAINS(ARRAY(1.5, 2), 2)"), "BOOLEAN true");
  EXPECT_EQ(run("CARDINALITY(MAP('a', 1))"), "INT 1");
  EXPECT_EQ(run("ROW(1, NULL)"), "ROW<f0 INT, f1 NULL> (1, NULL)");
}

TEST(Functions, ThatAreUnknownNameTheNearest) {
  const auto error = builtin_registry().call("UPER", {}).error();
  EXPECT_EQ(error.code(), ErrorCode::kFunctionNotFound);
  EXPECT_NE(error.remedy().find("UPPER"), std::string::npos);
  const auto types = builtin_registry().call("upper", {expr::make_boolean(true)}).error();
  EXPECT_EQ(types.code(), ErrorCode::kFunctionNotFound);
  EXPECT_NE(types.remedy().find("UPPER(text)"), std::string::npos);
}

}  // namespace
}  // namespace millrace::functions
