#include <fmt/core.h>
#include <gtest/gtest.h>

#include <random>

#include "data/builder.h"
#include "operators/join/hash_join.h"
#include "testing/dataflow_driver.h"

namespace millrace::operators {
namespace {

using testing::DataflowDriver;
using testing::DriverOptions;
using Lines = std::vector<std::string>;

constexpr int64_t kSecondUs = 1'000'000;
// b.ts BETWEEN a.ts - 2 s AND a.ts + 3 s: a.ts - b.ts lies between -3 s and 2 s.
constexpr int64_t kLeastUs = -3 * kSecondUs;
constexpr int64_t kMostUs = 2 * kSecondUs;

struct Row {
  int64_t key = 0;
  int64_t time_us = 0;
  int64_t id = 0;
};

const data::SchemaPtr& side_schema() {
  static const data::SchemaPtr schema = data::make_schema({{"k", data::TypeKind::kBigint},
                                                           {"ts", data::TypeKind::kBigint},
                                                           {"id", data::TypeKind::kBigint}});
  return schema;
}

// Times are BIGINT here, so that rows are easy to write; the join reads them as µs all the same.
DataflowDriver joining(JoinKind kind, DriverOptions options = {}) {
  const auto output =
      testing::schema_of("k BIGINT, ts BIGINT, id BIGINT, k2 BIGINT, ts2 BIGINT, id2 BIGINT");
  HashJoinSpec spec{.kind = kind, .left = side_schema(), .right = side_schema(), .output = output};
  spec.keys = {{0, 0, false}};
  spec.left_time = {.late = TimeLimit{1, 0}, .expires = TimeLimit{1, -kLeastUs}};
  spec.right_time = {.late = TimeLimit{1, 0}, .expires = TimeLimit{1, kMostUs}};
  return {
      [spec] { return std::move(*make_hash_join(spec)); }, {side_schema(), side_schema()}, options};
}

data::Batch batch_of(const std::vector<Row>& rows) {
  data::BatchBuilder builder(side_schema());
  for (const Row& row : rows) builder.append_row({row.key, row.time_us, row.id});
  return builder.finish();
}

std::string text(const Row& row) {
  return fmt::format("{} | {} | {}", row.key, row.time_us, row.id);
}

TEST(JoinTime, RowsLeaveTheStateWhenNothingCanMatchThemAnyMore) {
  DataflowDriver driver = joining(JoinKind::kInner);
  driver.push(0, "1 | 10000000 | 1");
  driver.push(1, "1 | 10000000 | 2");
  EXPECT_EQ(driver.take().size(), 1U);
  EXPECT_EQ(driver.state().entries(), 2U);
  driver.watermark(1, 13 * kSecondUs);
  driver.watermark(0, 12 * kSecondUs);
  EXPECT_EQ(driver.state().entries(), 2U);
  driver.watermark(1, 14 * kSecondUs);
  EXPECT_EQ(driver.state().entries(), 1U);
  driver.watermark(0, 13 * kSecondUs);
  EXPECT_EQ(driver.state().entries(), 0U);
}

TEST(JoinTime, ALateRowIsToldAndNotJoined) {
  DataflowDriver driver = joining(JoinKind::kLeft);
  driver.push(1, "1 | 10000000 | 2");
  driver.watermark(0, 11 * kSecondUs);
  driver.push(0, "1 | 10000000 | 1\n1 | 11000000 | 3");
  EXPECT_EQ(driver.take(), (Lines{"+I 1 | 11000000 | 3 | 1 | 10000000 | 2"}));
  EXPECT_EQ(driver.take_late(), (Lines{"+I 1 | 10000000 | 1"}));
}

TEST(JoinTime, ARowThatComesTooLateForTheOtherSideIsNotKept) {
  DataflowDriver driver = joining(JoinKind::kLeft);
  driver.watermark(1, 60 * kSecondUs);
  driver.push(0, "1 | 10000000 | 1");
  EXPECT_EQ(driver.take(), (Lines{"+I 1 | 10000000 | 1 | NULL | NULL | NULL"}));
  EXPECT_EQ(driver.state().entries(), 0U);
  driver.end(1);
  driver.push(0, "1 | 90000000 | 1");
  EXPECT_EQ(driver.state().entries(), 0U);
}

TEST(JoinTime, AMillionRowsThatExpireTogetherLetOthersRun) {
  DataflowDriver driver = joining(JoinKind::kInner);
  std::vector<Row> rows;
  for (int n = 0; n < 50; ++n) {
    rows.clear();
    for (int row = 0; row < 4000; ++row) rows.push_back({row, 10 * kSecondUs, n});
    driver.push(0, batch_of(rows));
  }
  driver.watermark(1, 3600 * kSecondUs);
  EXPECT_EQ(driver.state().entries(), 0U);
}

// Rows of both sides as time goes on, some of them a little out of order.
struct History {
  std::vector<Row> left;
  std::vector<Row> right;
  Lines expected;

  History(JoinKind kind, uint64_t seed) {
    std::mt19937_64 random(seed);
    for (int n = 0; n < 300; ++n) {
      const int64_t now = n * kSecondUs / 4;
      const auto next = [&] {
        return Row{static_cast<int64_t>(random() % 3),
                   now - static_cast<int64_t>(random() % kSecondUs), n % 50};
      };
      if (random() % 3 != 0) left.push_back(next());
      if (random() % 3 != 0) right.push_back(next());
    }
    Lines lines;
    std::vector<bool> matched(right.size());
    for (const Row& a : left) {
      bool any = false;
      for (size_t n = 0; n < right.size(); ++n) {
        const Row& b = right[n];
        // The join has the key alone as its condition; what lies out of reach has expired or not,
        // as it happens, and is left out on both sides.
        const bool near = a.time_us - b.time_us >= kLeastUs && a.time_us - b.time_us <= kMostUs;
        if (a.key != b.key || !near) continue;
        any = matched[n] = true;
        lines.push_back("+I " + text(a) + " | " + text(b));
      }
      if (!any && kind != JoinKind::kInner) {
        lines.push_back("+I " + text(a) + " | NULL | NULL | NULL");
      }
    }
    expected = testing::fold(lines);
  }
};

void check(JoinKind kind, uint32_t batch_rows_max, uint64_t seed, bool crashes) {
  const History history(kind, seed);
  std::mt19937_64 random(seed);
  DataflowDriver driver = joining(kind, {.batch_rows_max = batch_rows_max});
  size_t next[2] = {0, 0};
  const std::vector<Row>* sides[2] = {&history.left, &history.right};
  size_t most = 0;
  while (next[0] < history.left.size() || next[1] < history.right.size()) {
    const auto port = static_cast<engine::Port>(random() % 2);
    const std::vector<Row>& rows = *sides[port];
    const size_t count = std::min<size_t>(rows.size() - next[port], 1 + random() % 9);
    if (count == 0) continue;
    // One side is not read far ahead of the other.
    const int64_t other = next[1 - port] < sides[1 - port]->size()
                              ? (*sides[1 - port])[next[1 - port]].time_us
                              : engine::kTimeMax;
    if (rows[next[port]].time_us > other && other != engine::kTimeMax) continue;
    driver.push(port, batch_of({rows.begin() + static_cast<int64_t>(next[port]),
                                rows.begin() + static_cast<int64_t>(next[port] + count)}));
    next[port] += count;
    driver.watermark(port, rows[next[port] - 1].time_us - kSecondUs);
    most = std::max(most, driver.state().entries());
    if (random() % 4 == 0) driver.barrier();
    if (crashes && random() % 5 == 0) driver.crash_and_replay();
  }
  driver.end();
  // Pairs out of reach that were still kept.
  Lines near;
  for (const std::string& line : driver.net()) {
    std::vector<int64_t> cells;
    size_t from = 0;
    while (from != std::string::npos) {
      const size_t to = line.find(" | ", from);
      const std::string cell = line.substr(from, to - from);
      cells.push_back(cell == "NULL" ? INT64_MIN : std::stoll(cell));
      from = to == std::string::npos ? to : to + 3;
    }
    const int64_t distance = cells[4] == INT64_MIN ? 0 : cells[1] - cells[4];
    if (distance >= kLeastUs && distance <= kMostUs) near.push_back(line);
  }
  EXPECT_EQ(near, history.expected) << "seed " << seed;
  EXPECT_TRUE(driver.take_late().empty());
  EXPECT_LT(most, 120U);
}

TEST(JoinTime, GivesWhatNestedLoopsGiveInEveryBatchSizeAndAfterCrashes) {
  for (const uint32_t rows : {1U, 7U, 4096U}) {
    for (uint64_t seed = 1; seed <= 20; ++seed) check(JoinKind::kInner, rows, seed, seed % 2 == 0);
  }
}

}  // namespace
}  // namespace millrace::operators
