#include <gtest/gtest.h>

#include <cmath>

#include "data/builder.h"
#include "expr/build.h"
#include "expr/evaluator.h"
#include "expr/interval_text.h"
#include "expr/json_text.h"
#include "expr/kernel_loops.h"
#include "expr/registry.h"

namespace millrace::expr {
namespace {

using data::ColumnBuilder;
using data::ColumnPtr;
using data::Int128;
using data::Type;
using data::TypeKind;
using data::Value;

ExpressionPtr text(std::string value) {
  return make_literal(Value(std::move(value)), TypeKind::kVarchar);
}
ExpressionPtr integer(int64_t value) {
  return make_literal(Value(value), TypeKind::kInt);
}

// Functions that tests need and the module does not have: a / b, and a counter of evaluated rows.
data::ColumnPtr divide(KernelCall& call) {
  const Reader<int64_t> x(call.argument(0));
  const Reader<int64_t> y(call.argument(1));
  return fixed_rows<int64_t>(call, [&](uint32_t row) -> int64_t {
    if (y[row] != 0) return x[row] / y[row];
    call.fail(row, ErrorCode::kDivisionByZero, "by zero");
    return 0;
  });
}

uint32_t rows_evaluated = 0;
uint32_t runs = 0;
data::ColumnPtr counted(KernelCall& call) {
  ++runs;
  rows_evaluated += call.rows.count;
  return data::flatten(call.arguments[0]);
}

FunctionRegistry make_registry() {
  FunctionRegistry registry;
  const Type number(TypeKind::kBigint);
  registry.add(ScalarFunction{
      .doc = {"DIVIDE", "test", "DIVIDE(a, b) -> BIGINT", "A quotient.", "", "", {"DIV"}},
      .overloads = {{.parameters = {number, number},
                     .result = always(number),
                     .kernel = plain_kernel(divide),
                     .properties = {.may_fail = true}}}});
  registry.add(ScalarFunction{
      .doc = {"COUNTED", "test", "COUNTED(a) -> BIGINT", "The argument."},
      .overloads = {
          {.parameters = {number}, .result = always(number), .kernel = plain_kernel(counted)}}});
  return registry;
}

// The result of CAST as text, or the code of its error.
std::string cast(const Value& value, const Type& from, const Type& to) {
  const auto result = cast_value(value, from, to);
  if (!result) return std::string(error_info(result.error().code()).name);
  return data::to_string(*result, to);
}
std::string parse(std::string_view value, const Type& to) {
  return cast(Value(std::string(value)), TypeKind::kVarchar, to);
}

TEST(Cast, OfNumbersRoundsAndChecksTheRange) {
  const Type decimal = Type::decimal(4, 1);
  EXPECT_EQ(cast(Value(15), decimal, TypeKind::kInt), "2");
  EXPECT_EQ(cast(Value(-15), decimal, TypeKind::kInt), "-2");
  EXPECT_EQ(cast(Value(2.5), TypeKind::kDouble, TypeKind::kInt), "2");
  EXPECT_EQ(cast(Value(3.5), TypeKind::kDouble, TypeKind::kInt), "4");
  EXPECT_EQ(cast(Value(300), TypeKind::kInt, TypeKind::kTinyint), "NumericOverflow");
  EXPECT_EQ(cast(Value(-128), TypeKind::kInt, TypeKind::kTinyint), "-128");
  EXPECT_EQ(cast(Value(9.3e18), TypeKind::kDouble, TypeKind::kBigint), "NumericOverflow");
  EXPECT_EQ(cast(Value(-9223372036854775808.0), TypeKind::kDouble, TypeKind::kBigint),
            "-9223372036854775808");
  EXPECT_EQ(cast(Value(NAN), TypeKind::kDouble, TypeKind::kInt), "NumericOverflow");
  EXPECT_EQ(cast(Value(1e39), TypeKind::kDouble, TypeKind::kFloat), "NumericOverflow");
  EXPECT_EQ(cast(Value(INFINITY), TypeKind::kDouble, TypeKind::kFloat), "Infinity");
  EXPECT_EQ(cast(Value(99), TypeKind::kInt, Type::decimal(3, 1)), "99.0");
  EXPECT_EQ(cast(Value(100), TypeKind::kInt, Type::decimal(3, 1)), "NumericOverflow");
  EXPECT_EQ(cast(Value(9995), Type::decimal(4, 2), Type::decimal(3, 1)), "NumericOverflow");
  EXPECT_EQ(cast(Value(9994), Type::decimal(4, 2), Type::decimal(3, 1)), "99.9");
  EXPECT_EQ(cast(Value(INT64_MAX), TypeKind::kBigint, Type::decimal(38, 19)),
            "9223372036854775807.0000000000000000000");
  EXPECT_EQ(cast(Value(0.1), TypeKind::kDouble, Type::decimal(5, 3)), "0.100");
  EXPECT_EQ(cast(Value(125), Type::decimal(5, 2), TypeKind::kDouble), "1.25");
  EXPECT_EQ(cast(Value(2), TypeKind::kInt, TypeKind::kBoolean), "true");
  EXPECT_EQ(cast(Value(true), TypeKind::kBoolean, TypeKind::kInt), "1");
}

TEST(Cast, ReadsTexts) {
  EXPECT_EQ(parse(" 42 ", TypeKind::kInt), "42");
  EXPECT_EQ(parse("+42", TypeKind::kInt), "42");
  EXPECT_EQ(parse("4 2", TypeKind::kInt), "CastFailed");
  EXPECT_EQ(parse("", TypeKind::kInt), "CastFailed");
  EXPECT_EQ(parse("99999999999", TypeKind::kInt), "NumericOverflow");
  EXPECT_EQ(parse("1e3", TypeKind::kDouble), "1000");
  EXPECT_EQ(parse("infinity", TypeKind::kDouble), "Infinity");
  EXPECT_EQ(parse("1.255", Type::decimal(5, 2)), "1.26");
  EXPECT_EQ(parse("1234.5", Type::decimal(5, 2)), "NumericOverflow");
  EXPECT_EQ(parse("12x", Type::decimal(5, 2)), "CastFailed");
  EXPECT_EQ(parse("Yes", TypeKind::kBoolean), "true");
  EXPECT_EQ(parse("maybe", TypeKind::kBoolean), "CastFailed");
  EXPECT_EQ(parse("2024-02-30", TypeKind::kDate), "CastFailed");
  EXPECT_EQ(parse("2024-02-29 23:56:05.46", Type::timestamp(3)), "2024-02-29 23:56:05.460");
  EXPECT_EQ(parse("2024-02-29 23:56:05.4567", Type::timestamp(3)), "2024-02-29 23:56:05.457");
  EXPECT_EQ(parse("2024-02-29T23:56:05+02:00", Type::timestamp_ltz(0)), "2024-02-29 21:56:05Z");
  EXPECT_EQ(parse("1500-01-01", Type::timestamp(9)), "NumericOverflow");
  EXPECT_EQ(parse("2 days 03:00", TypeKind::kIntervalDay), "2 days 03:00:00");
  EXPECT_EQ(parse("1 month", TypeKind::kIntervalDay), "CastFailed");
  EXPECT_EQ(parse("{\"a\": [1, 2]}", TypeKind::kJson), "{\"a\": [1, 2]}");
  EXPECT_EQ(parse("{a: 1}", TypeKind::kJson), "CastFailed");
  EXPECT_EQ(parse("\\x0aFF", TypeKind::kBytes), "\\x0aff");
  EXPECT_EQ(parse("\\x0aF", TypeKind::kBytes), "CastFailed");
}

TEST(Cast, WritesTexts) {
  EXPECT_EQ(cast(Value(-1250), Type::decimal(6, 2), TypeKind::kVarchar), "-12.50");
  EXPECT_EQ(cast(Value(1.5), TypeKind::kDouble, TypeKind::kVarchar), "1.5");
  EXPECT_EQ(cast(Value(-9223372036854775807), TypeKind::kBigint, TypeKind::kVarchar),
            "-9223372036854775807");
  EXPECT_EQ(cast(Value(1709250965460000), Type::timestamp(3), TypeKind::kVarchar),
            "2024-02-29 23:56:05.460");
  EXPECT_EQ(
      cast(Value(Value::List{Value(1), Value()}), Type::array(TypeKind::kInt), TypeKind::kVarchar),
      "[1, NULL]");
}

TEST(Cast, CutsTextsButAssignmentRefuses) {
  const auto to = [&](std::string value, const Type& type, CastMode mode) {
    const auto made = make_cast(text(std::move(value)), type, mode);
    const auto result = evaluate_constant(*made);
    return result ? data::to_string(*result, type)
                  : std::string(error_info(result.error().code()).name);
  };
  const Type short_text(TypeKind::kVarchar, 3);
  EXPECT_EQ(to("kůňx", short_text, CastMode::kCast), "kůň");
  EXPECT_EQ(to("kůňx", short_text, CastMode::kAssign), "CastFailed");
  EXPECT_EQ(to("abc  ", short_text, CastMode::kAssign), "abc");
  EXPECT_EQ(to("ab", Type(TypeKind::kChar, 4), CastMode::kCast), "ab  ");
  EXPECT_EQ(to("x", TypeKind::kInt, CastMode::kTry), "NULL");
}

TEST(Cast, OfNestedValuesFailsTheRowOfTheElement) {
  const Type from = Type::array(TypeKind::kBigint);
  ColumnBuilder builder(from);
  for (const Value& value : {Value(Value::List{Value(1), Value(2)}), Value(),
                             Value(Value::List{Value(3), Value(1000)}), Value(Value::List{})}) {
    builder.append_value(value);
  }
  const data::Batch batch(data::make_schema({{"a", from}}), {builder.finish()}, 4);
  const ExpressionPtr narrowed =
      *make_cast(make_column(*batch.schema(), 0), Type::array(TypeKind::kTinyint));
  Evaluator evaluator = std::move(*Evaluator::compile({narrowed}));
  const Vector vector = evaluator.evaluate(batch)[0];
  EXPECT_EQ(data::to_string(vector.column->value(0), narrowed->type()), "[1, 2]");
  EXPECT_TRUE(vector.column->is_null(1));
  ASSERT_NE(vector.errors, nullptr);
  EXPECT_EQ(vector.errors->size(), 1u);
  EXPECT_NE(vector.errors->find(2), nullptr);
  EXPECT_EQ(data::to_string(vector.column->value(3), narrowed->type()), "[]");
}

TEST(Conversion, HasOneCommonType) {
  const auto common = [](std::vector<Type> types) {
    const auto type = common_type(types);
    return type ? type->to_string() : "none";
  };
  EXPECT_EQ(common({TypeKind::kInt, TypeKind::kBigint}), "BIGINT");
  EXPECT_EQ(common({TypeKind::kInt, Type::decimal(5, 3)}), "DECIMAL(13, 3)");
  EXPECT_EQ(common({Type::decimal(38, 0), Type::decimal(10, 9)}), "DECIMAL(38, 0)");
  EXPECT_EQ(common({TypeKind::kFloat, TypeKind::kInt}), "DOUBLE");
  EXPECT_EQ(common({TypeKind::kFloat, TypeKind::kFloat}), "FLOAT");
  EXPECT_EQ(common({Type(), TypeKind::kInt}), "INT");
  EXPECT_EQ(common({TypeKind::kDate, Type::timestamp(3)}), "TIMESTAMP(3)");
  EXPECT_EQ(common({Type::timestamp(3), Type::timestamp_ltz(6)}), "TIMESTAMP_LTZ(6)");
  EXPECT_EQ(common({TypeKind::kInt, TypeKind::kVarchar}), "none");
  EXPECT_EQ(common({Type::array(TypeKind::kInt), Type::array(TypeKind::kDouble)}), "ARRAY<DOUBLE>");
}

TEST(Conversion, KnowsItsContext) {
  EXPECT_EQ(conversion(TypeKind::kInt, TypeKind::kBigint), Conversion::kImplicit);
  EXPECT_EQ(conversion(TypeKind::kBigint, TypeKind::kInt), Conversion::kAssignment);
  EXPECT_EQ(conversion(TypeKind::kInt, TypeKind::kVarchar), Conversion::kAssignment);
  EXPECT_EQ(conversion(TypeKind::kVarchar, TypeKind::kInt), Conversion::kExplicit);
  EXPECT_EQ(conversion(TypeKind::kBoolean, TypeKind::kDate), std::nullopt);
  EXPECT_EQ(conversion(Type::timestamp(6), Type::timestamp(3)), Conversion::kAssignment);
}

TEST(Expression, IsPrintedAsSqlWritesIt) {
  const FunctionRegistry registry = make_registry();
  const data::SchemaPtr schema =
      data::make_schema({{"a", TypeKind::kBigint}, {"t", TypeKind::kVarchar}});
  const ExpressionPtr a = make_column(*schema, 0);
  const ExpressionPtr t = make_column(*schema, 1);
  EXPECT_EQ(to_string(*registry.call("div", {a, integer(2)})), "DIVIDE(a, 2)");
  EXPECT_EQ(to_string(*make_in_list(t, {text("it's"), text("b"), make_null()})),
            "(t IN ('b', 'it''s', NULL))");
  EXPECT_EQ(to_string(*make_case({{*make_test(TestKind::kNull, a), integer(1)}}, nullptr)),
            "CASE WHEN (a IS NULL) THEN 1 ELSE NULL END");
  EXPECT_EQ(to_string(*make_cast(t, Type::timestamp(3), CastMode::kTry)),
            "TRY_CAST(t AS TIMESTAMP(3))");
  EXPECT_EQ(to_string(*make_and({make_boolean(true), *make_not(make_boolean(false))})),
            "(TRUE AND (NOT FALSE))");
}

TEST(Expression, IsRebuiltWithOtherColumns) {
  const FunctionRegistry registry = make_registry();
  const auto column = [](uint32_t index, bool nullable) {
    return make_column(index, "c" + std::to_string(index), TypeKind::kBigint, nullable);
  };
  const ExpressionPtr sum = *registry.call("divide", {column(3, true), column(1, false)});
  EXPECT_EQ(columns_of(*sum), (std::vector<uint32_t>{1, 3}));
  const ExpressionPtr moved = with_columns(sum, {9, 0, 9, 1});
  EXPECT_EQ(columns_of(*moved), (std::vector<uint32_t>{0, 1}));
  EXPECT_FALSE(equal(sum, moved));
  EXPECT_TRUE(equal(with_columns(moved, {1, 3}), sum));
  EXPECT_TRUE(sum->nullable());
  const std::vector<ExpressionPtr> inputs(4, column(0, false));
  EXPECT_FALSE(with_inputs(sum, inputs)->nullable());
}

TEST(Expression, BecomesASimplePredicateWhereItIsOne) {
  const ExpressionPtr a = make_column(2, "a", TypeKind::kBigint);
  const auto is_null = as_simple_predicate(**make_test(TestKind::kNull, a, true));
  ASSERT_TRUE(is_null);
  EXPECT_EQ(is_null->comparison, data::Comparison::kIsNotNull);
  EXPECT_EQ(is_null->column, 2u);
  EXPECT_FALSE(as_simple_predicate(**make_test(TestKind::kTrue, make_boolean(true))));
}

TEST(Build, RefusesTypesThatDoNotFit) {
  EXPECT_EQ(make_and({integer(1)}).error().code(), ErrorCode::kTypeMismatch);
  EXPECT_EQ(unify({integer(1), make_boolean(true)}).error().code(), ErrorCode::kTypeMismatch);
  EXPECT_EQ(convert(text("x"), TypeKind::kInt).error().code(), ErrorCode::kTypeMismatch);
  EXPECT_EQ((*convert(text("12"), TypeKind::kInt))->as<Literal>()->value, Value(12));
  EXPECT_EQ(make_cast(make_boolean(true), TypeKind::kDate).error().code(),
            ErrorCode::kTypeMismatch);
  const Type row = Type::row({{"Name", TypeKind::kInt, true}});
  EXPECT_TRUE(make_field(make_column(0, "r", row), "name"));
  const Error missing = make_field(make_column(0, "r", row), "nam").error();
  EXPECT_EQ(missing.code(), ErrorCode::kColumnNotFound);
  EXPECT_NE(missing.remedy().find("Name"), std::string::npos);
}

data::Batch numbers(const std::vector<int64_t>& values) {
  ColumnBuilder builder(TypeKind::kBigint);
  for (const int64_t value : values) builder.append(value);
  const auto rows = static_cast<uint32_t>(values.size());
  return {data::make_schema({{"a", TypeKind::kBigint, false}}), {builder.finish()}, rows};
}

TEST(Evaluator, ComputesEqualPartsOnce) {
  const FunctionRegistry registry = make_registry();
  const data::Batch batch = numbers({1, 2, 3});
  const auto part = [&] { return *registry.call("counted", {make_column(*batch.schema(), 0)}); };
  Evaluator evaluator =
      std::move(*Evaluator::compile({part(), *registry.call("divide", {part(), integer(2)}),
                                     *make_test(TestKind::kNull, part())}));
  runs = 0;
  evaluator.evaluate(batch);
  EXPECT_EQ(runs, 1u);
  evaluator.evaluate(batch);
  EXPECT_EQ(runs, 2u);
}

TEST(Evaluator, ComputesBranchesForTheRowsThatReachThem) {
  const FunctionRegistry registry = make_registry();
  const data::Batch batch = numbers({0, 1, 2, 0, 4});
  const ExpressionPtr a = make_column(*batch.schema(), 0);
  const ExpressionPtr quotient = *registry.call("divide", {integer(8), a});
  const ExpressionPtr zero = *make_in_list(a, {integer(0)});
  const ExpressionPtr guarded =
      *make_case({{zero, make_literal(Value(-1), TypeKind::kBigint)}}, quotient);
  Projection projection = std::move(*Projection::compile({guarded, quotient}));
  const Projection::Output output = projection.evaluate(batch);
  EXPECT_EQ(output.columns[0]->value(0), Value(-1));
  EXPECT_EQ(output.columns[0]->value(4), Value(2));
  ASSERT_EQ(output.errors.size(), 2u);  // of the second expression only
  EXPECT_EQ(output.errors.list()[1].row, 3u);
  EXPECT_EQ(without_errors(batch, output.errors).size(), 3u);
  Projection alone = std::move(*Projection::compile({guarded}));
  EXPECT_TRUE(alone.evaluate(batch).errors.empty());
}

TEST(Evaluator, ComputesConstantsOnceAndDictionariesPerEntry) {
  const FunctionRegistry registry = make_registry();
  rows_evaluated = 0;
  const ColumnPtr entries = numbers({10, 20}).column(0);
  Buffer indices = Buffer::zeroed(1000 * sizeof(uint32_t));
  indices.mutable_as<uint32_t>()[999] = 1;
  const ColumnPtr dictionary = data::Column::dictionary(entries, indices, {}, 1000);
  const ColumnPtr constant = data::Column::constant(TypeKind::kBigint, Value(7), 1000);
  const data::Batch batch(data::make_schema({{"d", TypeKind::kBigint}, {"c", TypeKind::kBigint}}),
                          {dictionary, constant}, 1000);
  Evaluator evaluator = std::move(
      *Evaluator::compile({*registry.call("counted", {make_column(*batch.schema(), 0)}),
                           *registry.call("counted", {make_column(*batch.schema(), 1)})}));
  const std::vector<Vector> vectors = evaluator.evaluate(batch);
  EXPECT_EQ(rows_evaluated, 3u);
  EXPECT_EQ(vectors[0].column->value(999), Value(20));
  EXPECT_EQ(vectors[1].column->value(999), Value(7));
}

TEST(Folding, KeepsWhatWouldFail) {
  const FunctionRegistry registry = make_registry();
  const ExpressionPtr fails = *registry.call("divide", {integer(1), integer(0)});
  EXPECT_TRUE(equal(fold_constants(fails), fails));
  EXPECT_EQ(to_string(fold_constants(*registry.call("divide", {integer(7), integer(2)}))), "3");
  const ExpressionPtr a = make_column(0, "a", TypeKind::kBoolean);
  EXPECT_TRUE(equal(fold_constants(*make_and({a, make_boolean(true)})), a));
  EXPECT_EQ(to_string(fold_constants(*make_and({a, make_boolean(false)}))), "FALSE");
  EXPECT_EQ(evaluate_constant(fails).error().code(), ErrorCode::kDivisionByZero);
}

TEST(IntervalText, IsReadInManyWords) {
  const auto read = [](std::string_view text) -> std::string {
    const auto interval = parse_interval(text);
    if (!interval) return "none";
    return std::to_string(interval->months) + " " + std::to_string(interval->us);
  };
  EXPECT_EQ(read("1 year 2 months 3 days 04:05:06.5"), "14 273906500000");
  EXPECT_EQ(read("1-2"), "14 0");
  EXPECT_EQ(read("-1-2"), "-14 0");
  EXPECT_EQ(read("1.5 hours"), "0 5400000000");
  EXPECT_EQ(read("90"), "0 90000000");
  EXPECT_EQ(read("2 days ago"), "0 -172800000000");
  EXPECT_EQ(read("-00:00:01"), "0 -1000000");
  EXPECT_EQ(read("1.5 months"), "none");
  EXPECT_EQ(read("1 fortnight"), "none");
  EXPECT_EQ(read(""), "none");
  EXPECT_EQ(read("9223372036854775807 days"), "none");
}

TEST(JsonText, IsBoundedInDepthAndWalked) {
  EXPECT_TRUE(is_json(" {\"a\": [1, -2.5e3, true, null, \"\\u00e9\"]} "));
  EXPECT_FALSE(is_json("{\"a\" 1}"));
  EXPECT_FALSE(is_json("[1] 2"));
  EXPECT_FALSE(is_json("\"\\x\""));
  EXPECT_FALSE(is_json(std::string(100'000, '[')));
  EXPECT_EQ(json_member("{\"a\\u0062\": 1, \"b\": {\"c\": 2}}", "ab"), "1");
  EXPECT_EQ(json_element("[1, [2], 3]", 1), "[2]");
  EXPECT_EQ(json_element("[1, [2], 3]", -3), "1");
  EXPECT_EQ(json_element("[1, [2], 3]", -4), std::nullopt);
  std::string plain;
  append_json_string(plain, "\"\\ud83d\\ude00\\ud83d\\t\"");
  EXPECT_EQ(plain, "😀\xef\xbf\xbd\t");
}

}  // namespace
}  // namespace millrace::expr
