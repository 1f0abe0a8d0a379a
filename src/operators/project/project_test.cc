#include "operators/project/project.h"

#include "data/builder.h"
#include "operators/operator_driving_test.h"
#include "operators/project/filter.h"
#include "operators/project/union_all.h"
#include "operators/project/unnest.h"

namespace millrace::operators {
namespace {

using testing::schema_of;

expr::ExpressionPtr must(Result<expr::ExpressionPtr> made) {
  if (!made) ADD_FAILURE() << made.error().to_string();
  return *made;
}

TEST(Filter, KeepsRowsWhereTheConditionIsTrueWithTheirSigns) {
  const auto schema = schema_of("a INT, b INT");
  auto driver =
      drive(make_filter, FilterSpec{compare(">", *schema, 0, 1)}, {schema}, {.batch_rows_max = 2});
  driver.push("1 | 2\n-D 3 | 2\n+U 4 | NULL\n5 | 0\nNULL | 1");
  EXPECT_EQ(driver.take(), (Lines{"-D 3 | 2", "+I 5 | 0"}));
}

TEST(Filter, ARowWhoseConditionFailsIsRejected) {
  const auto schema = schema_of("a INT, b INT");
  const auto quotient =
      must(registry().call("/", {expr::make_column(*schema, 0), expr::make_column(*schema, 1)}));
  const auto condition = must(registry().call(">", {quotient, expr::make_column(*schema, 1)}));
  auto driver = drive(make_filter, FilterSpec{condition}, {schema});
  driver.push("9 | 2\n1 | 0\n1 | 1");
  EXPECT_EQ(driver.take(), (Lines{"+I 9 | 2"}));
  const auto rejections = driver.take_rejections();
  ASSERT_EQ(rejections.size(), 1U);
  EXPECT_EQ(rejections[0].code, ErrorCode::kDivisionByZero);
  EXPECT_EQ(rejections[0].table, "filter");
  EXPECT_EQ(rejections[0].row, R"({"a":1,"b":0})");
}

TEST(Project, ComputesColumnsAndRejectsRowsThatFail) {
  const auto schema = schema_of("a INT, b INT");
  const auto sum =
      must(registry().call("+", {expr::make_column(*schema, 0), expr::make_column(*schema, 1)}));
  const auto output =
      data::make_schema({{"b", data::TypeKind::kInt, false}, {"sum", sum->type(), true}});
  auto driver =
      drive(make_project, ProjectSpec{output, {expr::make_column(*schema, 1), sum}}, {schema});
  // The row that is taken back was rejected when it came.
  driver.push("1 | 2\n2147483647 | 1\n-D 2147483647 | 1\nNULL | 3\n7 | NULL");
  EXPECT_EQ(driver.take(), (Lines{"+I 2 | 3", "+I 3 | NULL"}));
  const auto rejections = driver.take_rejections();
  ASSERT_EQ(rejections.size(), 2U);
  EXPECT_EQ(rejections[0].code, ErrorCode::kNumericOverflow);
  EXPECT_EQ(rejections[1].code, ErrorCode::kNullNotAllowed);
}

TEST(UnionAll, PassesTheRowsOfAllInputs) {
  const auto left = schema_of("a INT");
  auto driver =
      drive(make_union_all, UnionAllSpec{schema_of("x INT"), 2}, {left, schema_of("b INT")});
  driver.push(0, "1");
  driver.push(1, "-D 2");
  EXPECT_EQ(driver.take(), (Lines{"+I 1", "-D 2"}));
}

data::SchemaPtr with_list(data::Type list) {
  return data::make_schema({{"k", data::TypeKind::kInt, true}, {"list", std::move(list), true}});
}

data::Batch list_rows(const data::SchemaPtr& schema) {
  data::BatchBuilder builder(schema);
  builder.append_row({1, data::Value::List{10, data::Value(), 30}});
  builder.append_row({2, data::Value()}, data::Sign::kDelete);
  builder.append_row({3, data::Value::List{}});
  builder.append_row({4, data::Value::List{40}}, data::Sign::kDelete);
  return builder.finish();
}

UnnestSpec numbers(const data::SchemaPtr& in, bool keeps_empty) {
  return {.output = data::make_schema({in->field(0),
                                       in->field(1),
                                       {"e", data::TypeKind::kInt, true},
                                       {"n", data::TypeKind::kBigint, true}}),
          .column = 1,
          .with_ordinality = true,
          .keeps_empty = keeps_empty};
}

TEST(Unnest, ARowBecomesOnePerElement) {
  const auto schema = with_list(data::Type::array(data::TypeKind::kInt));
  for (const uint32_t cut : batch_cuts()) {
    auto driver = drive(make_unnest, numbers(schema, false), {schema}, {.batch_rows_max = cut});
    driver.push(0, list_rows(schema));
    EXPECT_EQ(driver.take(),
              (Lines{"+I 1 | [10, NULL, 30] | 10 | 1", "+I 1 | [10, NULL, 30] | NULL | 2",
                     "+I 1 | [10, NULL, 30] | 30 | 3", "-D 4 | [40] | 40 | 1"}));
  }
}

TEST(Unnest, ARowWithoutElementsStaysWhereItIsKept) {
  const auto schema = with_list(data::Type::array(data::TypeKind::kInt));
  auto driver = drive(make_unnest, numbers(schema, true), {schema});
  driver.push(0, list_rows(schema));
  const Lines lines = driver.take();
  ASSERT_EQ(lines.size(), 6U);
  EXPECT_EQ(lines[3], "-D 2 | NULL | NULL | NULL");
  EXPECT_EQ(lines[4], "+I 3 | [] | NULL | NULL");
}

TEST(Unnest, RowsAndMapEntriesBecomeColumns) {
  const auto pair = data::Type::row({{"x", data::TypeKind::kInt}, {"y", data::TypeKind::kVarchar}});
  const auto rows = with_list(data::Type::array(pair));
  const auto output = data::make_schema({rows->field(0),
                                         rows->field(1),
                                         {"x", data::TypeKind::kInt, true},
                                         {"y", data::TypeKind::kVarchar, true}});
  auto driver = drive(make_unnest, UnnestSpec{.output = output, .column = 1}, {rows});
  data::BatchBuilder builder(rows);
  using List = data::Value::List;
  builder.append_row({1, List{List{1, "one"}, data::Value(), List{data::Value(), "two"}}});
  driver.push(0, builder.finish());
  const Lines lines = driver.take();
  ASSERT_EQ(lines.size(), 3U);
  EXPECT_TRUE(lines[0].ends_with("| 1 | one")) << lines[0];
  EXPECT_TRUE(lines[1].ends_with("| NULL | NULL")) << lines[1];
  EXPECT_TRUE(lines[2].ends_with("| NULL | two")) << lines[2];

  const auto maps = with_list(data::Type::map(data::TypeKind::kVarchar, data::TypeKind::kInt));
  const auto entries = data::make_schema({maps->field(0),
                                          maps->field(1),
                                          {"key", data::TypeKind::kVarchar, true},
                                          {"value", data::TypeKind::kInt, true}});
  auto map_driver = drive(make_unnest, UnnestSpec{.output = entries, .column = 1}, {maps});
  data::BatchBuilder map_builder(maps);
  map_builder.append_row({1, List{"a", 1, "b", data::Value()}});
  map_driver.push(0, map_builder.finish());
  const Lines map_lines = map_driver.take();
  ASSERT_EQ(map_lines.size(), 2U);
  EXPECT_TRUE(map_lines[1].ends_with("| b | NULL")) << map_lines[1];
}

TEST(Unnest, ManyElementsComeInBatchesWithinCredit) {
  const auto schema = with_list(data::Type::array(data::TypeKind::kInt));
  auto driver = drive(make_unnest, numbers(schema, false), {schema});
  data::BatchBuilder builder(schema);
  for (int row = 0; row < 3000; ++row) builder.append_row({row, data::Value::List{1, 2, 3}});
  driver.push(0, builder.finish());
  EXPECT_EQ(driver.take().size(), 9000U);
  EXPECT_EQ(driver.suspensions(), 2U);
}

}  // namespace
}  // namespace millrace::operators
