#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "data/builder.h"
#include "data/decimal.h"
#include "expr/build.h"
#include "functions/builtin.h"
#include "functions/exact_sum.h"
#include "functions/example_run_test.h"

namespace millrace::functions {
namespace {

using data::ColumnBuilder;
using data::ColumnPtr;
using data::Int128;
using data::Sign;
using data::Type;
using data::TypeKind;
using data::Value;

expr::BoundAggregatePtr find(std::string_view name, const Type& type) {
  const std::vector<Type> types{type};
  return *builtin_registry().aggregate(name, types);
}

ColumnPtr column_of(const Type& type, const std::vector<Value>& values) {
  ColumnBuilder builder(type);
  for (const Value& value : values) builder.append_value(value);
  return builder.finish();
}

// Accumulators of one aggregate for some groups.
class Groups {
 public:
  Groups(expr::BoundAggregatePtr bound, size_t count)
      : bound_(std::move(bound)), words_((bound_->traits.bytes + 7) / 8), bytes_(count * words_) {}

  void update(const ColumnPtr& column, const std::vector<size_t>& group_of_row,
              const std::vector<Sign>& signs = {}) {
    std::vector<std::byte*> entries;
    for (const size_t group : group_of_row) entries.push_back(state(group));
    bound_->aggregate->update({entries.data(), 0},
                              {.arguments = {&column, 1},
                               .rows = expr::Rows::all(column->rows()),
                               .signs = signs.empty() ? nullptr : signs.data()});
  }
  void combine(size_t into, size_t from, Sign sign) {
    bound_->aggregate->combine(state(into), state(from), sign);
  }
  // "error" where the result is out of range.
  std::string result(size_t group) {
    ColumnBuilder builder(bound_->result);
    expr::RowErrors errors;
    std::byte* entry = state(group);
    bound_->aggregate->emit({&entry, 0}, 1, builder, errors);
    const std::string shown = data::to_string(builder.finish()->value(0), bound_->result);
    EXPECT_EQ(shown == "NULL" || errors.empty(), true);
    return errors.empty() ? shown : "error";
  }
  bool is_zero(size_t group) const {
    for (size_t at = 0; at < words_; ++at) {
      if (bytes_[group * words_ + at] != 0) return false;
    }
    return true;
  }

 private:
  std::byte* state(size_t group) { return reinterpret_cast<std::byte*>(&bytes_[group * words_]); }

  expr::BoundAggregatePtr bound_;
  size_t words_;
  std::vector<uint64_t> bytes_;
};

TEST(Aggregates, HaveTheTypesOfTheReadme) {
  EXPECT_EQ(find("SUM", TypeKind::kInt)->result.to_string(), "BIGINT");
  EXPECT_EQ(find("SUM", TypeKind::kBigint)->result.to_string(), "DECIMAL(38, 0)");
  EXPECT_EQ(find("SUM", Type::decimal(10, 2))->result.to_string(), "DECIMAL(38, 2)");
  EXPECT_EQ(find("SUM", TypeKind::kFloat)->result.to_string(), "FLOAT");
  EXPECT_EQ(find("AVG", TypeKind::kBigint)->result.to_string(), "DECIMAL(38, 6)");
  EXPECT_EQ(find("AVG", TypeKind::kFloat)->result.to_string(), "DOUBLE");
  EXPECT_EQ(find("flink:AVG", TypeKind::kBigint)->result.to_string(), "BIGINT");
  EXPECT_EQ(find("MAX", TypeKind::kVarchar)->traits.bytes, 0u);
  EXPECT_EQ(find("MAX", TypeKind::kVarchar)->traits.from_multiset, expr::FromMultiset::kLargest);
  EXPECT_FALSE(find("COUNT", TypeKind::kVarchar)->null_if_empty);
}

TEST(Aggregates, OfNothingAreNullButTheCount) {
  for (const std::string_view name : {"SUM", "AVG", "MIN", "MAX", "ANY_VALUE"}) {
    Groups groups(find(name, TypeKind::kBigint), 1);
    groups.update(column_of(TypeKind::kBigint, {Value(), Value()}), {0, 0});
    EXPECT_EQ(groups.result(0), "NULL") << name;
  }
  Groups counts(find("COUNT", TypeKind::kBigint), 1);
  EXPECT_EQ(counts.result(0), "0");
}

TEST(Aggregates, DoNotOverflowBeforeTheirResultDoes) {
  const int64_t most = INT64_MAX;
  Groups sums(find("SUM", TypeKind::kBigint), 1);
  sums.update(column_of(TypeKind::kBigint, {Value(most), Value(most), Value(most)}), {0, 0, 0});
  EXPECT_EQ(sums.result(0), "27670116110564327421");
  Groups flink(find("flink:SUM", TypeKind::kBigint), 1);
  flink.update(column_of(TypeKind::kBigint, {Value(most), Value(int64_t{1})}), {0, 0});
  EXPECT_EQ(flink.result(0), "error");
  // Passes through a sum that 128 bits do not hold, and comes back.
  const Type wide = Type::decimal(38, 0);
  const Int128 huge = data::power_of_ten(38) - 1;
  Groups decimals(find("SUM", wide), 1);
  decimals.update(column_of(wide, {Value(huge), Value(huge), Value(huge)}), {0, 0, 0});
  EXPECT_EQ(decimals.result(0), "error");
  decimals.update(column_of(wide, {Value(-huge), Value(huge)}), {0, 0},
                  {Sign::kInsert, Sign::kDelete});
  EXPECT_EQ(decimals.result(0), data::to_string(huge));
}

TEST(Aggregates, ForgetWhatIsTakenOut) {
  std::mt19937_64 random(11);
  const Type types[] = {TypeKind::kInt, TypeKind::kBigint, Type::decimal(30, 4), TypeKind::kDouble};
  for (const Type& type : types) {
    for (const std::string_view name : {"SUM", "AVG", "COUNT"}) {
      Groups groups(find(name, type), 2);
      std::vector<Value> values;
      for (int row = 0; row < 100; ++row) {
        const auto bits = static_cast<int64_t>(random());
        if (row % 7 == 0) {
          values.emplace_back();
        } else if (type.kind() == TypeKind::kDouble) {
          values.emplace_back(
              std::ldexp(static_cast<double>(bits), static_cast<int>(random() % 80)));
        } else if (type.width() == data::Width::k128) {
          values.emplace_back(static_cast<Int128>(bits) * 1000);
        } else {
          values.emplace_back(bits % 1'000'000'000);
        }
      }
      const ColumnPtr column = column_of(type, values);
      const std::vector<Value> kept_values(values.begin(), values.begin() + 10);
      groups.update(column, std::vector<size_t>(100, 0));
      groups.update(column_of(type, kept_values), std::vector<size_t>(10, 1));
      std::vector<Value> gone(values.begin() + 10, values.end());
      std::shuffle(gone.begin(), gone.end(), random);
      groups.update(column_of(type, gone), std::vector<size_t>(90, 0),
                    std::vector<Sign>(90, Sign::kUpdateBefore));
      EXPECT_EQ(groups.result(0), groups.result(1)) << name << " of " << type.to_string();
      groups.update(column_of(type, kept_values), std::vector<size_t>(10, 0),
                    std::vector<Sign>(10, Sign::kDelete));
      EXPECT_TRUE(groups.is_zero(0)) << name << " of " << type.to_string();
    }
  }
}

TEST(Aggregates, CombineAsIfRowsHadComeToOne) {
  std::mt19937_64 random(13);
  for (const std::string_view name : {"SUM", "AVG", "COUNT", "MIN", "MAX"}) {
    Groups groups(find(name, TypeKind::kDouble), 3);
    std::vector<Value> values;
    std::vector<size_t> parts;
    for (int row = 0; row < 50; ++row) {
      values.emplace_back(static_cast<double>(static_cast<int64_t>(random())) / 3e7);
      parts.push_back(row % 2);
    }
    const ColumnPtr column = column_of(TypeKind::kDouble, values);
    groups.update(column, parts);
    groups.update(column, std::vector<size_t>(50, 2));
    groups.combine(0, 1, Sign::kInsert);
    EXPECT_EQ(groups.result(0), groups.result(2)) << name;
    if (!find(name, TypeKind::kDouble)->traits.invertible) continue;
    groups.combine(2, 1, Sign::kDelete);
    groups.combine(2, 1, Sign::kInsert);
    EXPECT_EQ(groups.result(0), groups.result(2)) << name;
  }
}

TEST(Aggregates, ReadColumnsOfEveryEncoding) {
  const ColumnPtr entries = column_of(TypeKind::kBigint, {Value(int64_t{5}), Value(int64_t{7})});
  Buffer indices = Buffer::zeroed(3 * sizeof(uint32_t));
  indices.mutable_as<uint32_t>()[1] = 1;
  Buffer validity = Buffer::zeroed(8);
  validity.mutable_as<uint64_t>()[0] = 0b011;
  const ColumnPtr dictionary = data::Column::dictionary(entries, indices, validity, 3);
  const ColumnPtr constant = data::Column::constant(TypeKind::kBigint, Value(int64_t{4}), 3);
  for (const auto& [name, expected] : {std::pair("SUM", "24"), std::pair("COUNT", "5"),
                                       std::pair("MIN", "4"), std::pair("MAX", "7")}) {
    Groups groups(find(name, TypeKind::kBigint), 1);
    groups.update(dictionary, {0, 0, 0});
    groups.update(constant, {0, 0, 0});
    EXPECT_EQ(groups.result(0), expected) << name;
  }
}

TEST(ExactSum, DependsOnNoOrder) {
  std::mt19937_64 random(17);
  for (int round = 0; round < 200; ++round) {
    std::vector<double> values;
    for (int count = 0; count < 40; ++count) {
      const double sign = random() % 2 == 0 ? 1 : -1;
      values.push_back(sign * std::ldexp(static_cast<double>(random() >> 11),
                                         static_cast<int>(random() % 60) - 60));
    }
    __float128 reference = 0;
    ExactSum first{};
    for (const double value : values) {
      first.add(value, 1);
      reference += value;
    }
    std::shuffle(values.begin(), values.end(), random);
    ExactSum second{};
    for (const double value : values) second.add(value, 1);
    EXPECT_EQ(first.value(), second.value());
    EXPECT_EQ(first.value(), static_cast<double>(reference));
  }
}

TEST(ExactSum, SurvivesCancellationAndNoNumbers) {
  ExactSum sum{};
  for (const double value : {1e300, 1.0, -1e300, 1e-300}) sum.add(value, 1);
  EXPECT_EQ(sum.value(), 1.0);
  sum.add(1.0, -1);
  EXPECT_EQ(sum.value(), 1e-300);
  sum.add(INFINITY, 1);
  EXPECT_EQ(sum.value(), INFINITY);
  sum.add(-INFINITY, 1);
  EXPECT_TRUE(std::isnan(sum.value()));
  sum.add(INFINITY, -1);
  EXPECT_EQ(sum.value(), -INFINITY);
  sum.add(-INFINITY, -1);
  EXPECT_EQ(sum.value(), 1e-300);
  sum.add(1e308, 1);
  sum.add(1e308, 1);
  EXPECT_NE(sum.overflows, 0);
}

}  // namespace
}  // namespace millrace::functions
