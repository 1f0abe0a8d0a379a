#include "testing/dataflow_driver.h"

#include <gtest/gtest.h>

#include "testing/count_by_key.h"

namespace millrace::testing {
namespace {

using Lines = std::vector<std::string>;

DataflowDriver counting(DriverOptions options = {}) {
  return {[] { return std::make_unique<CountByKey>(0); }, {schema_of("k BIGINT")}, options};
}

TEST(RowsText, RowsComeBackAsTheyWere) {
  const auto schema = schema_of("a INT NOT NULL, s STRING, d DECIMAL(10, 2), t TIMESTAMP(3)");
  const data::Batch rows = rows_of(schema, R"(
      +I | 1 | abc | 1.50 | 2024-02-29 12:00:00.5
      -D 2 | NULL | NULL | 00:05
      3 | x y | -0.01 | 7)");
  EXPECT_FALSE(schema->field(0).nullable);
  EXPECT_EQ(lines_of(rows), (Lines{"+I 1 | abc | 1.50 | 2024-02-29 12:00:00.500",
                                   "-D 2 | NULL | NULL | 1970-01-01 00:05:00.000",
                                   "+I 3 | x y | -0.01 | 1970-01-01 00:00:00.000"}));
}

TEST(RowsText, FoldingAChangelogLeavesTheTable) {
  EXPECT_EQ(fold({"+I 1 | a", "+I 1 | a", "-U 2 | b", "+U 2 | c", "+I 2 | b", "-D 3 | d"}),
            (Lines{"1 | a x2", "2 | c", "3 | d x-1"}));
}

TEST(DataflowDriver, TheOperatorSuspendsAndGoesOn) {
  DataflowDriver driver = counting();
  driver.push("1\n2\n3\n4\n5\n1");
  EXPECT_TRUE(driver.take().empty());
  driver.barrier();
  EXPECT_EQ(driver.net(), (Lines{"1 | 2", "2 | 1", "3 | 1", "4 | 1", "5 | 1"}));
  EXPECT_GE(driver.suspensions(), 2U);
}

TEST(DataflowDriver, ACrashFallsBackToTheLastBarrier) {
  DataflowDriver driver = counting({.batch_rows_max = 1});
  driver.push("1\n2");
  driver.barrier();
  driver.push("1");
  driver.crash();
  driver.push("2\n2");
  driver.barrier();
  EXPECT_EQ(driver.net(), (Lines{"1 | 1", "2 | 3"}));
  driver.push("-D 1");
  driver.crash_and_replay();
  driver.barrier();
  EXPECT_EQ(driver.take().back(), "-U 1 | 1");
  EXPECT_EQ(driver.net(), (Lines{"2 | 3"}));
}

}  // namespace
}  // namespace millrace::testing
