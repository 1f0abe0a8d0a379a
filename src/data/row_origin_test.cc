#include "data/row_origin.h"

#include <gtest/gtest.h>

#include <array>
#include <vector>

#include "data/batch.h"
#include "data/builder.h"

namespace millrace::data {
namespace {

// Rows that were read from `first` on.
class Rows final : public ReadRows {
 public:
  explicit Rows(int64_t first) : first_(first) {}
  ReadPosition position(uint32_t row) const override { return {0, 0, first_ + row}; }

 private:
  const int64_t first_;
};

Batch numbers(int64_t first, uint32_t count) {
  const SchemaPtr schema = make_schema({{"n", TypeKind::kBigint}});
  BatchBuilder builder(schema, count);
  for (uint32_t n = 0; n < count; ++n) builder.append_row({first + n});
  return builder.finish().with_origin(std::make_shared<Rows>(first));
}

// Whether every row that counts is where it was read.
bool is_true(const Batch& batch) {
  bool all = batch.origin() != nullptr;
  batch.for_each_row([&](uint32_t row) {
    if (!all) return;
    const auto [rows, at] = batch.origin()->locate(row);
    all = rows->position(at).row == batch.column(0)->value(row).integer();
  });
  return all;
}

Batch selected(Batch batch, const std::vector<uint16_t>& rows) {
  Buffer selection = Buffer::allocate(rows.size() * sizeof(uint16_t));
  std::ranges::copy(rows, selection.mutable_as<uint16_t>());
  return std::move(batch).with_selection(std::move(selection), static_cast<uint32_t>(rows.size()));
}

TEST(RowOrigin, StaysTrueWhenBatchesAreSlicedSelectedAndMadeDense) {
  EXPECT_TRUE(is_true(numbers(10, 8)));
  EXPECT_TRUE(is_true(numbers(10, 8).slice(3, 4)));
  const Batch some = selected(numbers(10, 8), {1, 4, 7});
  EXPECT_TRUE(is_true(some));
  EXPECT_TRUE(is_true(some.slice(1, 2)));
  EXPECT_TRUE(is_true(Batch(some).compact()));
  EXPECT_TRUE(is_true(Batch(some.slice(1, 2)).compact().slice(1, 1)));
}

TEST(RowOrigin, StaysTrueWhenBatchesArePutTogether) {
  const std::array<Batch, 3> parts = {numbers(100, 3), selected(numbers(10, 8), {0, 5}),
                                      numbers(50, 1)};
  const Batch whole = concatenate(parts);
  EXPECT_EQ(whole.rows(), 6U);
  EXPECT_TRUE(is_true(whole));
  EXPECT_TRUE(is_true(whole.slice(2, 4)));
}

TEST(RowOrigin, IsNotKnownWhereItIsNotKnownOfAPart) {
  const std::array<Batch, 2> parts = {numbers(100, 3), numbers(10, 2).with_origin(nullptr)};
  EXPECT_EQ(concatenate(parts).origin(), nullptr);
  EXPECT_EQ(gather_origin(nullptr, std::span<const uint32_t>()), nullptr);
}

}  // namespace
}  // namespace millrace::data
