#include "operators/sort/sort_limit.h"

#include <fmt/core.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "testing/dataflow_driver.h"

namespace millrace::operators {
namespace {

using testing::DataflowDriver;
using testing::DriverOptions;
using Lines = std::vector<std::string>;

DataflowDriver sorting(SortLimitSpec spec, DriverOptions options = {}) {
  spec.schema = testing::schema_of("a BIGINT, s STRING");
  return {[spec] { return std::move(*make_sort_limit(spec)); }, {spec.schema}, options};
}

TEST(SortLimit, RowsComeInOrderWhenTheInputHasEnded) {
  DataflowDriver driver = sorting({.keys = {{.column = 0, .descending = true}, {.column = 1}}});
  driver.push("1 | b\n2 | z\nNULL | n\n1 | a\n-5 | q");
  EXPECT_TRUE(driver.take().empty());
  driver.end();
  driver.barrier();
  EXPECT_EQ(driver.take(), (Lines{"+I 2 | z", "+I 1 | a", "+I 1 | b", "+I -5 | q", "+I NULL | n"}));
}

TEST(SortLimit, NullsComeFirstWhereTheyAreToAndLimitAndOffsetCut) {
  DataflowDriver driver =
      sorting({.keys = {{.column = 0, .nulls_first = true}}, .limit = 3, .offset = 1});
  driver.push("3 | c\n3 | c\n1 | a\n9 | i\nNULL | n\n2 | b");
  driver.barrier();
  driver.crash();
  driver.push("0 | zero");
  driver.end();
  driver.barrier();
  EXPECT_EQ(driver.take(), (Lines{"+I 0 | zero", "+I 1 | a", "+I 2 | b"}));
}

TEST(SortLimit, WithoutKeysTheFirstRowsStayAcrossACrash) {
  for (const uint32_t rows : {1U, 7U, 4096U}) {
    DataflowDriver driver = sorting({.limit = 3}, {.batch_rows_max = rows});
    driver.push("9 | a\n1 | b");
    driver.barrier();
    driver.crash();
    driver.push("5 | c\n0 | d");
    driver.end();
    driver.barrier();
    EXPECT_EQ(driver.take(), (Lines{"+I 9 | a", "+I 1 | b", "+I 5 | c"}));
  }
}

TEST(SortLimit, RetractionsFoldAndThoseOfNothingAreRejected) {
  DataflowDriver driver = sorting({.keys = {{.column = 0}}, .limit = 2, .changing_input = true});
  driver.push("1 | a\n1 | a\n2 | b\n3 | c\n-D 1 | a\n-U 2 | b\n-D 7 | x");
  driver.end();
  driver.barrier();
  EXPECT_EQ(driver.take(), (Lines{"+I 1 | a", "+I 3 | c"}));
  EXPECT_EQ(driver.take_rejections().size(), 1U);
}

TEST(SortLimit, WhatWasEmittedDoesNotComeAgainAfterACrash) {
  DataflowDriver driver = sorting({.keys = {{.column = 0}}});
  driver.push("2 | b\n1 | a");
  driver.end();
  driver.barrier();
  driver.crash_and_replay();
  driver.barrier();
  driver.crash();
  EXPECT_EQ(driver.changes(), (Lines{"+I 1 | a", "+I 2 | b"}));
}

TEST(SortLimit, AppendOnlyInputKeepsNoMoreThanMayBeEmitted) {
  DataflowDriver driver = sorting({.keys = {{.column = 0}}, .limit = 10, .offset = 5});
  std::mt19937_64 random(1);
  std::vector<int64_t> all;
  for (int round = 0; round < 20; ++round) {
    std::string text;
    for (int n = 0; n < 100; ++n) {
      all.push_back(static_cast<int64_t>(random() % 500));
      text += fmt::format("{} | x\n", all.back());
    }
    driver.push(text);
    EXPECT_LE(driver.state().entries(), 15U);
  }
  driver.end();
  driver.barrier();
  std::ranges::sort(all);
  Lines expected;
  for (size_t n = 5; n < 15; ++n) expected.push_back(fmt::format("+I {} | x", all[n]));
  EXPECT_EQ(driver.take(), expected);
}

TEST(SortLimit, LongResultsComeInSeveralBatches) {
  DataflowDriver driver = sorting({.keys = {{.column = 0}}, .changing_input = true});
  for (int part = 2; part >= 0; --part) {
    std::string text;
    for (int n = 3999; n >= 0; --n) text += fmt::format("{} | x\n", part * 4000 + n);
    driver.push(text);
  }
  driver.end();
  driver.barrier();
  const Lines lines = driver.take();
  ASSERT_EQ(lines.size(), 12000U);
  for (int n = 0; n < 12000; ++n) ASSERT_EQ(lines[n], fmt::format("+I {} | x", n));
  EXPECT_GE(driver.suspensions(), 2U);
}

}  // namespace
}  // namespace millrace::operators
