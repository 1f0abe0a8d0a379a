#include "data/block.h"

#include <gtest/gtest.h>

#include <random>

#include "data/builder.h"
#include "data/random_values_test.h"

namespace millrace::data {
namespace {

using testing_values::every_type;
using testing_values::random_column;

Batch random_batch(std::mt19937_64& random) {
  const std::vector<Type> types = every_type();
  std::vector<Field> fields;
  std::vector<ColumnPtr> columns;
  const auto rows = static_cast<uint32_t>(random() % 150);
  for (size_t count = random() % 6; count > 0; --count) {
    const Type& type = types[random() % types.size()];
    fields.push_back({"c" + std::to_string(count), type});
    ColumnPtr column = random_column(type, rows, random, random() % 2 == 0 ? 5 : 1 << 30);
    const auto form = random() % 3;
    if (form == 1)
      column = Column::constant(type, testing_values::random_value(type, random), rows);
    if (form == 2 && !column->may_have_nulls() && rows != 0 && type.kind() != TypeKind::kNull) {
      Buffer indices = Buffer::allocate(rows * sizeof(uint32_t));
      for (uint32_t n = 0; n < rows; ++n) {
        indices.mutable_as<uint32_t>()[n] = static_cast<uint32_t>(random() % rows);
      }
      column = Column::dictionary(column, indices, Buffer(), rows);
    }
    columns.push_back(column);
  }
  Batch batch(make_schema(fields), columns, rows);
  if (random() % 2 == 0) {
    Buffer signs = Buffer::allocate(rows);
    for (uint32_t n = 0; n < rows; ++n) {
      signs.mutable_as<Sign>()[n] = static_cast<Sign>(random() % 4);
    }
    batch = std::move(batch).with_signs(signs);
  }
  if (random() % 2 == 0) {
    std::vector<uint16_t> selection;
    for (uint32_t row = 0; row < rows; row += 1 + random() % 3) {
      selection.push_back(static_cast<uint16_t>(row));
    }
    batch = std::move(batch).with_selection(Buffer::copy_of(std::as_bytes(std::span(selection))),
                                            static_cast<uint32_t>(selection.size()));
  }
  return batch;
}

TEST(Block, EveryBatchComesBackAsItWas) {
  std::mt19937_64 random(5);
  for (int round = 0; round < 300; ++round) {
    const Batch first = random_batch(random);
    const Batch second = random_batch(random);
    std::string bytes;
    append_block(bytes, first);
    append_block(bytes, second);
    std::span<const std::byte> from = std::as_bytes(std::span(bytes));
    const auto one = take_block(from, first.schema());
    ASSERT_TRUE(one) << one.error().to_string();
    EXPECT_EQ(one->to_string(), first.to_string());
    const auto two = take_block(from, second.schema());
    ASSERT_TRUE(two) << two.error().to_string();
    EXPECT_EQ(two->to_string(), second.to_string());
    EXPECT_TRUE(from.empty());
  }
}

TEST(Block, EveryFlippedBitAndEveryCutIsNoticed) {
  std::mt19937_64 random(9);
  Batch batch;
  while (batch.columns().size() < 3 || batch.size() < 10) batch = random_batch(random);
  std::string bytes;
  append_block(bytes, batch);
  for (size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    std::string damaged = bytes;
    damaged[bit / 8] ^= static_cast<char>(1 << (bit % 8));
    std::span<const std::byte> from = std::as_bytes(std::span(damaged));
    const auto read = take_block(from, batch.schema());
    ASSERT_FALSE(read) << bit;
    EXPECT_EQ(read.error().code(), ErrorCode::kCorruptState);
    EXPECT_EQ(from.size(), damaged.size());
  }
  for (size_t cut = 0; cut < bytes.size(); ++cut) {
    std::span<const std::byte> from = std::as_bytes(std::span(bytes)).first(cut);
    EXPECT_FALSE(take_block(from, batch.schema()));
  }
}

TEST(Block, AnotherSchemaIsRefused) {
  BatchBuilder builder(make_schema({{"a", TypeKind::kInt}}));
  builder.append_row({1});
  std::string bytes;
  append_block(bytes, builder.finish());
  std::span<const std::byte> from = std::as_bytes(std::span(bytes));
  const auto read = take_block(from, make_schema({{"b", TypeKind::kInt}}));
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().message(), "a stored block was written with another schema");
}

}  // namespace
}  // namespace millrace::data
