#include "data/column.h"

#include <gtest/gtest.h>

#include <random>

#include "data/batch.h"
#include "data/builder.h"
#include "data/random_values_test.h"

namespace millrace::data {
namespace {

using testing_values::every_type;
using testing_values::random_column;

// The same rows in every encoding that can hold them.
std::vector<ColumnPtr> encodings(const Type& type, std::mt19937_64& random) {
  std::vector<ColumnPtr> columns = {random_column(type, 150, random)};
  columns.push_back(Column::constant(type, columns[0]->value(3), 150));
  columns.push_back(Column::nulls(type, 150));
  columns.push_back(slice(columns[0], 37, 101));
  columns.push_back(slice(columns[0], 64, 64));
  columns.push_back(slice(columns[0], 150, 0));
  if (type.kind() != TypeKind::kNull) {
    ColumnBuilder distinct(type);
    for (uint32_t row = 0; row < 150; ++row) {
      if (!columns[0]->is_null(row)) distinct.append_from(*columns[0], row);
    }
    const ColumnPtr dictionary = distinct.finish();
    Buffer indices = Buffer::allocate(90 * sizeof(uint32_t));
    Buffer validity = Buffer::allocate(bitmap_bytes(90));
    for (uint32_t row = 0; row < 90; ++row) {
      indices.mutable_as<uint32_t>()[row] = static_cast<uint32_t>(random() % dictionary->rows());
      put_bit(validity.mutable_as<uint64_t>(), row, random() % 4 != 0);
    }
    columns.push_back(Column::dictionary(dictionary, indices, validity, 90));
    columns.push_back(slice(columns.back(), 5, 70));
  }
  return columns;
}

std::vector<Value> values_of(const ColumnPtr& column) {
  std::vector<Value> values;
  for (uint32_t row = 0; row < column->rows(); ++row) values.push_back(column->value(row));
  return values;
}

TEST(Column, FlattenGatherAndSliceKeepEveryValue) {
  std::mt19937_64 random(7);
  for (const Type& type : every_type()) {
    for (const ColumnPtr& column : encodings(type, random)) {
      const std::vector<Value> expected = values_of(column);
      EXPECT_EQ(values_of(flatten(column)), expected) << type.to_string();
      EXPECT_TRUE(flatten(column)->is_flat());
      if (column->rows() == 0) continue;
      std::vector<uint32_t> rows;
      std::vector<uint16_t> short_rows;
      std::vector<Value> gathered;
      for (int n = 0; n < 99; ++n) {
        rows.push_back(static_cast<uint32_t>(random() % column->rows()));
        short_rows.push_back(static_cast<uint16_t>(rows.back()));
        gathered.push_back(expected[rows.back()]);
      }
      EXPECT_EQ(values_of(gather(column, rows.data(), 99)), gathered) << type.to_string();
      EXPECT_EQ(values_of(gather(column, short_rows.data(), 99)), gathered) << type.to_string();
      const uint32_t first = static_cast<uint32_t>(random() % column->rows());
      const uint32_t count = static_cast<uint32_t>(random() % (column->rows() - first + 1));
      const std::vector<Value> part(expected.begin() + first, expected.begin() + first + count);
      EXPECT_EQ(values_of(slice(column, first, count)), part) << type.to_string();
    }
  }
}

TEST(Column, ConcatenateJoinsEveryEncoding) {
  std::mt19937_64 random(11);
  for (const Type& type : every_type()) {
    const std::vector<ColumnPtr> columns = encodings(type, random);
    for (int round = 0; round < 10; ++round) {
      std::vector<ColumnPtr> pieces;
      std::vector<Value> expected;
      for (int n = 0; n < 4; ++n) {
        pieces.push_back(columns[random() % columns.size()]);
        for (Value& value : values_of(pieces.back())) expected.push_back(std::move(value));
      }
      EXPECT_EQ(values_of(concatenate(pieces)), expected) << type.to_string();
    }
  }
}

TEST(Column, PiecesOfOneDictionaryStayADictionary) {
  std::mt19937_64 random(3);
  const std::vector<ColumnPtr> columns = encodings(TypeKind::kVarchar, random);
  const ColumnPtr& column = columns.back();
  ASSERT_EQ(column->encoding(), Encoding::kDictionary);
  EXPECT_EQ(concatenate({column, slice(column, 3, 20)})->encoding(), Encoding::kDictionary);
}

TEST(Batch, CompactKeepsTheSelectedRowsAndTheirSigns) {
  BatchBuilder builder(make_schema({{"a", TypeKind::kInt}, {"b", TypeKind::kVarchar}}));
  for (int n = 0; n < 10; ++n) {
    builder.append_row({n, "row"}, n % 2 == 0 ? Sign::kInsert : Sign::kDelete);
  }
  const uint16_t rows[] = {1, 4, 9};
  Batch batch = builder.finish().with_selection(Buffer::copy_of(std::as_bytes(std::span(rows))), 3);
  EXPECT_EQ(batch.size(), 3U);
  EXPECT_EQ(batch.slice(1, 2).to_string(), "+I (4, 'row')\n-D (9, 'row')\n");
  const Batch dense = Batch(batch).compact();
  EXPECT_FALSE(dense.has_selection());
  EXPECT_EQ(dense.to_string(), "-D (1, 'row')\n+I (4, 'row')\n-D (9, 'row')\n");
  EXPECT_EQ(dense.slice(1, 1).to_string(), "+I (4, 'row')\n");
  const Batch both[] = {batch, dense.slice(0, 1)};
  EXPECT_EQ(concatenate(both).to_string(), dense.to_string() + "-D (1, 'row')\n");
}

TEST(Value, RealsPrintTheirShortestDigits) {
  const auto text = [](double value) { return to_string(value, TypeKind::kDouble); };
  EXPECT_EQ(text(0), "0");
  EXPECT_EQ(text(-0.0), "-0");
  EXPECT_EQ(text(1), "1");
  EXPECT_EQ(text(-12.5), "-12.5");
  EXPECT_EQ(text(0.1), "0.1");
  EXPECT_EQ(text(0.000123), "0.000123");
  EXPECT_EQ(text(0.0000123), "1.23e-05");
  EXPECT_EQ(text(1234567.25), "1234567.25");
  EXPECT_EQ(text(1e15), "1000000000000000");
  EXPECT_EQ(text(9007199254740993.0), "9007199254740992");
  EXPECT_EQ(text(1e16), "1e+16");
  EXPECT_EQ(text(-1.5e300), "-1.5e+300");
  EXPECT_EQ(text(5e-324), "5e-324");
  EXPECT_EQ(to_string(static_cast<double>(0.1F), TypeKind::kFloat), "0.1");
  std::mt19937_64 random(1);
  for (int n = 0; n < 10'000; ++n) {
    const auto value = std::bit_cast<double>(random() % 2 == 0 ? random() : random() >> 40);
    if (value != value) continue;
    EXPECT_EQ(std::strtod(text(value).c_str(), nullptr), value);
    const double small = static_cast<double>(random() % 1'000'000) / 64;
    EXPECT_EQ(std::stod(text(small)), small);
  }
}

TEST(Schema, FingerprintTellsNamesTypesAndNullabilityApart) {
  const Schema one({{"a", TypeKind::kInt}, {"b c", Type::decimal(10, 2), false}});
  EXPECT_EQ(one.to_string(), "(a INT, \"b c\" DECIMAL(10, 2) NOT NULL)");
  EXPECT_EQ(one.fingerprint(), Schema(one).fingerprint());
  EXPECT_NE(one.fingerprint(),
            Schema({{"a", TypeKind::kInt}, {"b c", Type::decimal(10, 2)}}).fingerprint());
  EXPECT_NE(one.fingerprint(),
            Schema({{"a", TypeKind::kInt}, {"b c", Type::decimal(10, 3), false}}).fingerprint());
}

}  // namespace
}  // namespace millrace::data
