#include "operators/join/hash_join.h"

#include <fmt/core.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <random>

#include "data/builder.h"
#include "expr/build.h"
#include "testing/dataflow_driver.h"

namespace millrace::operators {
namespace {

using testing::DataflowDriver;
using testing::DriverOptions;
using Lines = std::vector<std::string>;

struct Setup {
  JoinKind kind = JoinKind::kInner;
  bool nulls_equal = false;
  bool has_residual = false;
};

// Both sides: key, value, flag; the residual: both flags are TRUE.
DataflowDriver joining(Setup setup, DriverOptions options = {}) {
  const auto side = testing::schema_of("k BIGINT, v STRING, f BOOLEAN");
  const auto output =
      testing::schema_of("k BIGINT, v STRING, f BOOLEAN, k2 BIGINT, v2 STRING, f2 BOOLEAN");
  HashJoinSpec spec{.kind = setup.kind, .left = side, .right = side, .output = output};
  spec.keys = {{0, 0, setup.nulls_equal}};
  spec.changing_left = spec.changing_right = true;
  if (setup.has_residual) {
    spec.residual = *expr::make_and({expr::make_column(*output, 2), expr::make_column(*output, 5)});
  }
  return {[spec] { return std::move(*make_hash_join(spec)); }, {side, side}, options};
}

struct Row {
  std::optional<int> key;
  int value;
  bool flag;

  std::string text() const {
    return fmt::format("{} | {} | {}", key ? std::to_string(*key) : "NULL", value,
                       flag ? "true" : "false");
  }
};

bool match(const Row& left, const Row& right, Setup setup) {
  const bool equal = left.key == right.key && (left.key.has_value() || setup.nulls_equal);
  return equal && (!setup.has_residual || (left.flag && right.flag));
}

// The join by nested loops, as the fold of its changelog.
Lines nested_loops(const std::vector<Row>& left, const std::vector<Row>& right, Setup setup) {
  const std::string nulls = "NULL | NULL | NULL";
  const bool keeps_left = setup.kind == JoinKind::kLeft || setup.kind == JoinKind::kFull;
  const bool keeps_right = setup.kind == JoinKind::kRight || setup.kind == JoinKind::kFull;
  Lines lines;
  std::vector<bool> matched(right.size());
  for (const Row& row : left) {
    bool any = false;
    for (size_t n = 0; n < right.size(); ++n) {
      if (!match(row, right[n], setup)) continue;
      any = matched[n] = true;
      lines.push_back("+I " + row.text() + " | " + right[n].text());
    }
    if (!any && keeps_left) lines.push_back("+I " + row.text() + " | " + nulls);
  }
  for (size_t n = 0; n < right.size(); ++n) {
    if (!matched[n] && keeps_right) lines.push_back("+I " + nulls + " | " + right[n].text());
  }
  return testing::fold(lines);
}

void check_against_nested_loops(Setup setup, uint32_t batch_rows_max, uint64_t seed) {
  std::mt19937_64 random(seed);
  DataflowDriver driver = joining(setup, {.batch_rows_max = batch_rows_max});
  std::vector<Row> sides[2];
  for (int round = 0; round < 24; ++round) {
    const size_t port = random() % 2;
    std::vector<Row>& rows = sides[port];
    std::string text;
    for (int n = 0; n < 40; ++n) {
      if (!rows.empty() && random() % 5 < 2) {
        std::swap(rows[random() % rows.size()], rows.back());
        text += (random() % 2 == 0 ? "-D | " : "-U | ") + rows.back().text() + "\n";
        rows.pop_back();
        continue;
      }
      Row row{static_cast<int>(random() % 6), static_cast<int>(random() % 3), random() % 2 == 0};
      if (random() % 6 == 0) row.key.reset();
      rows.push_back(row);
      text += "+I | " + row.text() + "\n";
    }
    driver.push(static_cast<engine::Port>(port), text);
    if (round % 5 == 1) driver.barrier();
    if (round % 7 == 3) driver.crash_and_replay();
    ASSERT_EQ(driver.net(), nested_loops(sides[0], sides[1], setup)) << "round " << round;
  }
  EXPECT_TRUE(driver.take_rejections().empty());
}

TEST(HashJoin, EveryKindGivesWhatNestedLoopsGive) {
  for (const JoinKind kind :
       {JoinKind::kInner, JoinKind::kLeft, JoinKind::kRight, JoinKind::kFull}) {
    for (const int choice : {0, 1, 2, 3}) {
      for (const uint32_t rows : {1U, 7U, 4096U}) {
        SCOPED_TRACE(
            fmt::format("kind {} choice {} rows {}", static_cast<int>(kind), choice, rows));
        check_against_nested_loops({kind, choice % 2 == 1, choice / 2 == 1}, rows, rows + choice);
      }
    }
  }
}

TEST(HashJoin, TheFirstMatchTakesThePaddedRowBackBeforeItComes) {
  DataflowDriver driver = joining({JoinKind::kLeft});
  driver.push(0, "1 | a | true\n1 | a | true");
  EXPECT_EQ(driver.take(), (Lines{"+I 1 | a | true | NULL | NULL | NULL",
                                  "+I 1 | a | true | NULL | NULL | NULL"}));
  driver.push(1, "1 | x | true");
  EXPECT_EQ(driver.take(),
            (Lines{"-D 1 | a | true | NULL | NULL | NULL", "-D 1 | a | true | NULL | NULL | NULL",
                   "+I 1 | a | true | 1 | x | true", "+I 1 | a | true | 1 | x | true"}));
  driver.push(1, "1 | x | true\n-D | 1 | x | true");
  EXPECT_EQ(driver.take().size(), 4U);
  driver.push(1, "-D | 1 | x | true");
  EXPECT_EQ(
      driver.take(),
      (Lines{"-D 1 | a | true | 1 | x | true", "-D 1 | a | true | 1 | x | true",
             "+I 1 | a | true | NULL | NULL | NULL", "+I 1 | a | true | NULL | NULL | NULL"}));
}

TEST(HashJoin, ARetractionOfWhatNeverCameIsRejected) {
  DataflowDriver driver = joining({JoinKind::kLeft});
  driver.push(1, "1 | x | true");
  driver.push(0, "-D | 1 | a | true\n+I | 1 | b | true");
  EXPECT_EQ(driver.net(), (Lines{"1 | b | true | 1 | x | true"}));
  const auto rejections = driver.take_rejections();
  ASSERT_EQ(rejections.size(), 1U);
  EXPECT_EQ(rejections[0].code, ErrorCode::kOverRetraction);
}

TEST(HashJoin, APairWhoseResidualFailsIsRejectedAndNoMatch) {
  const auto left = testing::schema_of("k BIGINT, n STRING");
  const auto right = testing::schema_of("k BIGINT");
  const auto output = testing::schema_of("k BIGINT, n STRING, k2 BIGINT");
  HashJoinSpec spec{.kind = JoinKind::kLeft, .left = left, .right = right, .output = output};
  spec.keys = {{0, 0}};
  spec.changing_left = spec.changing_right = true;
  const auto number = *expr::make_cast(expr::make_column(*output, 1), data::TypeKind::kInt);
  spec.residual = *expr::make_test(expr::TestKind::kNull, number, true);
  DataflowDriver driver([spec] { return std::move(*make_hash_join(spec)); }, {left, right});
  driver.push(0, "1 | 5\n1 | five");
  driver.push(1, "1");
  EXPECT_EQ(driver.net(), (Lines{"1 | 5 | 1", "1 | five | NULL"}));
  EXPECT_EQ(driver.take_rejections().size(), 1U);
  driver.push(1, "-D | 1");
  EXPECT_EQ(driver.net(), (Lines{"1 | 5 | NULL", "1 | five | NULL"}));
  EXPECT_TRUE(driver.take_rejections().empty());
}

TEST(HashJoin, ANullOnlyEqualsANullWhereTheKeySaysSo) {
  const auto side = testing::schema_of("a BIGINT, b BIGINT");
  HashJoinSpec spec{.kind = JoinKind::kInner,
                    .left = side,
                    .right = side,
                    .output = testing::schema_of("a BIGINT, b BIGINT, a2 BIGINT, b2 BIGINT")};
  spec.keys = {{0, 0}, {1, 1, true}};
  DataflowDriver driver([spec] { return std::move(*make_hash_join(spec)); }, {side, side});
  driver.push(0, "1 | NULL\nNULL | 1\nNULL | NULL\n1 | 1");
  driver.push(1, "1 | NULL\nNULL | 1\nNULL | NULL\n1 | 1");
  EXPECT_EQ(driver.net(), (Lines{"1 | 1 | 1 | 1", "1 | NULL | 1 | NULL"}));
}

TEST(HashJoin, ZerosOfBothSignsAndAllNaNsAreEqualKeys) {
  const auto side = testing::schema_of("k DOUBLE");
  HashJoinSpec spec{.kind = JoinKind::kInner,
                    .left = side,
                    .right = side,
                    .output = testing::schema_of("k DOUBLE, k2 DOUBLE")};
  spec.keys = {{0, 0}};
  DataflowDriver driver([spec] { return std::move(*make_hash_join(spec)); }, {side, side});
  driver.push(0, "-0\nNaN\n1");
  driver.push(1, "0\nNaN\n2");
  EXPECT_EQ(driver.net().size(), 2U);
}

TEST(HashJoin, WithoutKeysEveryPairJoins) {
  const auto left = testing::schema_of("a BIGINT");
  const auto right = testing::schema_of("b BIGINT");
  HashJoinSpec spec{
      .left = left, .right = right, .output = testing::schema_of("a BIGINT, b BIGINT")};
  DataflowDriver driver([spec] { return std::move(*make_hash_join(spec)); }, {left, right});
  driver.push(0, "1\n2\nNULL");
  driver.push(1, "8\n9");
  EXPECT_EQ(driver.net(), (Lines{"1 | 8", "1 | 9", "2 | 8", "2 | 9", "NULL | 8", "NULL | 9"}));
}

// Counts pairs; full after every batch.
class CountingOutput final : public engine::Output {
 public:
  void push(data::Batch batch) override {
    MILLRACE_ASSERT(!full_ && batch.size() <= data::kBatchRowsMax);
    pairs_ += batch.size();
    full_ = true;
  }
  bool full() const override { return full_; }
  void push_late(data::Batch) override { FAIL(); }
  void reject(engine::Rejection) override { FAIL(); }
  void credit() { full_ = false; }
  uint64_t pairs() const { return pairs_; }

 private:
  bool full_ = false;
  uint64_t pairs_ = 0;
};

data::Batch equal_keys(const data::SchemaPtr& schema, int64_t rows) {
  data::BatchBuilder builder(schema);
  for (int64_t row = 0; row < rows; ++row) builder.append_row({data::Value(7), data::Value(row)});
  return builder.finish();
}

TEST(HashJoin, TenMillionPairsOfOneKeySuspendInTheMiddleOfIt) {
  constexpr uint64_t kRows = 3163;
  const auto side = testing::schema_of("k BIGINT, v BIGINT");
  HashJoinSpec spec{.left = side,
                    .right = side,
                    .output = testing::schema_of("k BIGINT, v BIGINT, k2 BIGINT, v2 BIGINT")};
  spec.keys = {{0, 0}};
  const auto join = std::move(*make_hash_join(spec));
  MemoryAccount memory("test");
  state::StateStore store(&memory);
  engine::OpenContext context{.state = &store, .memory = &memory};
  ASSERT_TRUE(join->open(context));
  CountingOutput output;
  ASSERT_EQ(*join->on_batch(0, equal_keys(side, kRows), output), engine::Step::kDone);
  auto step = join->on_batch(1, equal_keys(side, kRows), output);
  uint64_t suspensions = 0;
  for (; *step == engine::Step::kAgain; ++suspensions) {
    output.credit();
    step = join->resume(output);
  }
  EXPECT_EQ(*step, engine::Step::kDone);
  EXPECT_EQ(output.pairs(), kRows * kRows);
  EXPECT_EQ(suspensions, kRows * kRows / data::kBatchRowsMax);
}

}  // namespace
}  // namespace millrace::operators
