#include "data/builder.h"

#include <gtest/gtest.h>

namespace millrace::data {
namespace {

TEST(Builder, EveryTypeKeepsItsValues) {
  const Type nested = Type::row({{"a", TypeKind::kInt}, {"b", Type::array(TypeKind::kVarchar)}});
  const SchemaPtr schema = make_schema({{"bool", TypeKind::kBoolean},
                                        {"tiny", TypeKind::kTinyint},
                                        {"small", TypeKind::kSmallint},
                                        {"int", TypeKind::kInt},
                                        {"big", TypeKind::kBigint},
                                        {"float", TypeKind::kFloat},
                                        {"double", TypeKind::kDouble},
                                        {"short", Type::decimal(10, 2)},
                                        {"long", Type::decimal(38, 3)},
                                        {"text", TypeKind::kVarchar},
                                        {"bytes", TypeKind::kBytes},
                                        {"row", nested},
                                        {"map", Type::map(TypeKind::kVarchar, TypeKind::kBigint)}});
  BatchBuilder builder(schema, 2);
  const std::vector<Value> row = {
      true,
      -1,
      300,
      70000,
      int64_t{1} << 40,
      1.5,
      2.25,
      1250,
      Int128{123456},
      "short",
      std::string("a text of more than twelve bytes"),
      Value::List{7, Value::List{"x", Value(), "another text that is long"}},
      Value::List{"k", 1, "l", Value()}};
  const std::vector<Value> nulls(row.size());
  for (int n = 0; n < 100; ++n) {
    builder.append_row(row);
    builder.append_row(nulls, Sign::kDelete);
  }
  const Batch batch = builder.finish();
  ASSERT_EQ(batch.rows(), 200U);
  for (size_t column = 0; column < row.size(); ++column) {
    for (uint32_t n = 0; n < 200; n += 2) {
      EXPECT_EQ(batch.column(column)->value(n), row[column]) << column;
      EXPECT_TRUE(batch.column(column)->is_null(n + 1));
    }
  }
  EXPECT_EQ(batch.slice(0, 2).to_string(),
            "+I (true, -1, 300, 70000, 1099511627776, 1.5, 2.25, 12.50, 123.456, 'short', "
            "\\x612074657874206f66206d6f7265207468616e207477656c7665206279746573, "
            "(7, ['x', NULL, 'another text that is long']), {'k': 1, 'l': NULL})\n"
            "-D (NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)\n");
}

TEST(Builder, IsEmptyAndUsableAfterFinish) {
  ColumnBuilder builder(TypeKind::kVarchar, 4);
  builder.append_text("a text that goes into the first heap");
  builder.append_null();
  const ColumnPtr first = builder.finish();
  builder.append_text("a text that goes into the second heap");
  const ColumnPtr second = builder.finish();
  EXPECT_EQ(first->text(0), "a text that goes into the first heap");
  EXPECT_TRUE(first->is_null(1));
  ASSERT_EQ(second->rows(), 1U);
  EXPECT_EQ(second->text(0), "a text that goes into the second heap");
  EXPECT_FALSE(second->may_have_nulls());
  EXPECT_EQ(builder.finish()->rows(), 0U);
}

TEST(Builder, TakesBackAnUnfinishedRow) {
  BatchBuilder builder(make_schema({{"a", TypeKind::kInt},
                                    {"l", Type::array(TypeKind::kInt)},
                                    {"r", Type::row({{"x", TypeKind::kInt}})}}));
  builder.append_row({1, Value::List{1, 2}, Value::List{5}});
  builder.column(0).append_null();
  builder.column(1).child(0).append_integer(3);  // a list that never ends
  builder.column(2).child(0).append_integer(9);  // a row that never ends
  builder.drop_open_row();
  builder.append_row({2, Value::List{4}, Value::List{6}});
  EXPECT_EQ(builder.finish().to_string(), "+I (1, [1, 2], (5))\n+I (2, [4], (6))\n");
}

TEST(Builder, TextsLargerThanAHeapStand) {
  ColumnBuilder builder(TypeKind::kBytes);
  const std::string huge(3 << 20, 'x');
  for (int n = 0; n < 3; ++n) {
    builder.append_text("a small one that is not inline");
    builder.append_text(huge);
  }
  const ColumnPtr column = builder.finish();
  for (uint32_t n = 0; n < 6; n += 2) {
    EXPECT_EQ(column->text(n), "a small one that is not inline");
    EXPECT_EQ(column->text(n + 1), huge);
  }
}

TEST(Builder, SignsAppearOnlyWhereOneIsNotAnInsert) {
  BatchBuilder builder(make_schema({{"a", TypeKind::kInt}}));
  builder.append_row({1});
  EXPECT_FALSE(builder.finish().has_signs());
  builder.append_row({1});
  builder.append_row({1}, Sign::kUpdateBefore);
  builder.append_row({2}, Sign::kUpdateAfter);
  builder.append_row({2});
  const Batch batch = builder.finish();
  ASSERT_TRUE(batch.has_signs());
  EXPECT_EQ(batch.to_string(), "+I (1)\n-U (1)\n+U (2)\n+I (2)\n");
}

}  // namespace
}  // namespace millrace::data
