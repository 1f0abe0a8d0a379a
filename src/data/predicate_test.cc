#include "data/predicate.h"

#include <gtest/gtest.h>

#include <limits>
#include <random>

#include "data/random_values_test.h"

namespace millrace::data {
namespace {

constexpr Comparison kAll[] = {Comparison::kEqual,   Comparison::kNotEqual,
                               Comparison::kLess,    Comparison::kLessOrEqual,
                               Comparison::kGreater, Comparison::kGreaterOrEqual,
                               Comparison::kIsNull,  Comparison::kIsNotNull};

// Statistics of some values, as a file would hold them.
ColumnStatistics statistics_of(const std::vector<Value>& values, const Type& type) {
  ColumnStatistics statistics{.nulls = 0, .rows = values.size()};
  for (const Value& value : values) {
    if (value.is_null()) {
      ++*statistics.nulls;
      continue;
    }
    if (!statistics.min || compare(value, *statistics.min, type) < 0) statistics.min = value;
    if (!statistics.max || compare(value, *statistics.max, type) > 0) statistics.max = value;
  }
  return statistics;
}

TEST(Predicate, SkipsNoBlockThatHasAMatchingRow) {
  std::mt19937_64 random(21);
  int skipped = 0;
  for (const Type& type : testing_values::every_type()) {
    if (type.kind() == TypeKind::kNull) continue;
    for (int round = 0; round < 200; ++round) {
      std::vector<Value> values(1 + random() % 3);
      for (Value& value : values) value = testing_values::random_value(type, random, 4);
      Value constant;
      while (constant.is_null()) constant = testing_values::random_value(type, random);
      for (const Comparison comparison : kAll) {
        const SimplePredicate predicate{0, comparison, constant};
        bool any = false;
        for (const Value& value : values) any |= matches(predicate, value, type);
        const bool may = may_match(predicate, statistics_of(values, type), type);
        EXPECT_LE(any, may) << type.to_string() << " " << to_string(comparison);
        EXPECT_TRUE(may_match(predicate, {.rows = values.size()}, type));
        skipped += may ? 0 : 1;
      }
    }
  }
  EXPECT_GT(skipped, 1000);
}

TEST(Predicate, NanIsAboveAllNumbersAndEqualToItself) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(compare(nan, nan, TypeKind::kDouble), 0);
  EXPECT_EQ(compare(nan, std::numeric_limits<double>::infinity(), TypeKind::kDouble), 1);
  EXPECT_EQ(compare(-0.0, 0.0, TypeKind::kDouble), 0);
}

TEST(Predicate, PrintsAsSql) {
  const Schema schema({{"delay", TypeKind::kBigint}, {"day", TypeKind::kDate}});
  EXPECT_EQ((SimplePredicate{0, Comparison::kGreater, 15}.to_string(schema)), "delay > 15");
  EXPECT_EQ((SimplePredicate{1, Comparison::kLess, 365}.to_string(schema)), "day < '1971-01-01'");
  EXPECT_EQ((SimplePredicate{0, Comparison::kIsNull, {}}.to_string(schema)), "delay IS NULL");
}

}  // namespace
}  // namespace millrace::data
