#include "operators/aggregate/group_aggregate.h"

#include <algorithm>
#include <map>
#include <set>

#include "operators/operator_driving_test.h"

namespace millrace::operators {
namespace {

using testing::schema_of;

const data::SchemaPtr& rows_schema() {
  static const data::SchemaPtr schema = schema_of("k INT, v BIGINT, s STRING, f BOOLEAN");
  return schema;
}

data::SchemaPtr output_of(const GroupAggregateSpec& spec) {
  std::vector<data::Field> fields;
  for (const uint32_t key : spec.keys) fields.push_back(spec.input->field(key));
  for (const AggregateCall& call : spec.calls) {
    fields.push_back({"c" + std::to_string(fields.size()), call.function->result, true});
  }
  return data::make_schema(std::move(fields));
}

GroupAggregateSpec spec_of(std::vector<uint32_t> keys, std::vector<AggregateCall> calls,
                           bool changing) {
  GroupAggregateSpec spec{.input = rows_schema(),
                          .output = nullptr,
                          .keys = std::move(keys),
                          .calls = std::move(calls),
                          .changing_input = changing};
  spec.output = output_of(spec);
  return spec;
}

GroupAggregateSpec every_kind(std::vector<uint32_t> keys, bool changing) {
  const data::Schema& in = *rows_schema();
  return spec_of(std::move(keys),
                 {call_of("COUNT", in, {}), call_of("COUNT", in, {1}), call_of("SUM", in, {1}),
                  call_of("MIN", in, {1}), call_of("MAX", in, {2}), call_of("MAX", in, {1}, 3),
                  call_of("COUNT", in, {1}, std::nullopt, true), call_of("SUM", in, {1}, 3, true),
                  call_of("COUNT", in, {}, 3)},
                 changing);
}

std::string extreme(const std::set<std::string>& values, bool greatest) {
  if (values.empty()) return "NULL";
  return greatest ? *values.rbegin() : *values.begin();
}

// One row at a time, from all live rows.
Lines model(const std::vector<std::string>& live, bool has_keys) {
  std::map<std::string, std::vector<std::vector<std::string>>> groups;
  if (!has_keys) groups[""];
  for (const std::string& row : live) {
    const auto cells = cells_of(row);
    groups[has_keys ? cells[0] + " | " : ""].push_back(cells);
  }
  Lines lines;
  for (const auto& [key, rows] : groups) {
    int64_t values = 0, sum = 0, distinct_sum = 0, passed = 0;
    std::set<std::string> numbers, texts, passing, distinct;  // one digit: texts sort as numbers
    for (const auto& cells : rows) {
      const bool passes = cells[3] == "true";
      passed += passes;
      if (cells[2] != "NULL") texts.insert(cells[2]);
      if (cells[1] == "NULL") continue;
      ++values;
      sum += std::stoi(cells[1]);
      numbers.insert(cells[1]);
      if (passes && passing.insert(cells[1]).second) distinct_sum += std::stoi(cells[1]);
    }
    const auto or_null = [](int64_t n, bool any) { return any ? std::to_string(n) : "NULL"; };
    lines.push_back(key + std::to_string(rows.size()) + " | " + std::to_string(values) + " | " +
                    or_null(sum, values > 0) + " | " + extreme(numbers, false) + " | " +
                    extreme(texts, true) + " | " + extreme(passing, true) + " | " +
                    std::to_string(numbers.size()) + " | " +
                    or_null(distinct_sum, !passing.empty()) + " | " + std::to_string(passed));
  }
  std::ranges::sort(lines);
  return lines;
}

std::string random_row(std::mt19937_64& random) {
  const auto pick = [&](std::vector<std::string> from) { return from[random() % from.size()]; };
  return pick({"NULL", "0", "1", "2", "-7"}) + " | " + pick({"NULL", "1", "2", "3", "9"}) + " | " +
         pick({"NULL", "a", "b", "a text that stands in a heap"}) + " | " +
         pick({"true", "false", "NULL"});
}

void run_against_model(bool has_keys, bool changing, uint32_t cut) {
  const auto spec =
      every_kind(has_keys ? std::vector<uint32_t>{0} : std::vector<uint32_t>(), changing);
  auto driver = drive(make_group_aggregate, spec, {rows_schema()}, {.batch_rows_max = cut});
  RandomChanges changes(cut + 2 * has_keys, random_row);
  for (int epoch = 0; epoch < 60; ++epoch) {
    const size_t rows = changes.random()() % 20;
    // Towards the end nearly everything is taken out again.
    driver.push(changes.next_rows(rows, !changing ? 0 : epoch < 40 ? 40 : 90));
    if (changes.chance(30)) driver.crash_and_replay();
    driver.barrier();
    ASSERT_EQ(driver.net(), model(changes.live(), has_keys)) << "epoch " << epoch;
    ASSERT_TRUE(driver.take_rejections().empty());
    if (changes.chance(20)) driver.crash();
  }
}

TEST(GroupAggregate, IsWhatAModelSaysOverChangingRows) {
  for (const uint32_t cut : batch_cuts()) run_against_model(true, true, cut);
}

TEST(GroupAggregate, IsWhatAModelSaysOverAppendedRows) {
  for (const uint32_t cut : batch_cuts()) run_against_model(true, false, cut);
}

TEST(GroupAggregate, IsWhatAModelSaysWithoutKeys) {
  for (const uint32_t cut : batch_cuts()) run_against_model(false, true, cut);
}

TEST(GroupAggregate, EmitsOneNetChangePerKeyAndEpoch) {
  auto driver = drive(
      make_group_aggregate,
      spec_of({0}, {call_of("COUNT", *rows_schema(), {}), call_of("MAX", *rows_schema(), {1})},
              true),
      {rows_schema()});
  driver.push("1 | 5 | a | true\n1 | 7 | a | true\n2 | 1 | a | true");
  EXPECT_TRUE(driver.take().empty());
  driver.barrier();
  EXPECT_EQ(driver.take(), (Lines{"+I 1 | 2 | 7", "+I 2 | 1 | 1"}));
  driver.push("-D 1 | 7 | a | true\n-D 2 | 1 | a | true");
  driver.barrier();
  EXPECT_EQ(driver.take(), (Lines{"-U 1 | 2 | 7", "+U 1 | 1 | 5", "-D 2 | 1 | 1"}));
  driver.push("-U 1 | 5 | a | true\n+U 1 | 5 | b | true\n3 | 1 | a | true\n-D 3 | 1 | a | true");
  driver.barrier();
  EXPECT_TRUE(driver.take().empty());
}

TEST(GroupAggregate, WithoutKeysTheRowIsThereFromTheStart) {
  auto driver = drive(make_group_aggregate, every_kind({}, true), {rows_schema()});
  driver.barrier();
  EXPECT_EQ(driver.take(), (Lines{"+I 0 | 0 | NULL | NULL | NULL | NULL | 0 | NULL | 0"}));
  driver.crash();
  driver.barrier();
  EXPECT_TRUE(driver.take().empty());
}

TEST(GroupAggregate, ARetractionOfWhatWasNeverAddedIsRejected) {
  auto driver = drive(make_group_aggregate, every_kind({0}, true), {rows_schema()});
  driver.push("1 | 5 | a | true\n-D 2 | 5 | a | true\n-D 1 | 6 | a | true\n-D 1 | 5 | z | true");
  const auto rejections = driver.take_rejections();
  ASSERT_EQ(rejections.size(), 3U);
  EXPECT_EQ(rejections[0].code, ErrorCode::kOverRetraction);
  EXPECT_EQ(rejections[0].row, R"({"k":2,"v":5,"s":"a","f":true})");
  driver.barrier();
  EXPECT_EQ(driver.take(), (Lines{"+I 1 | 1 | 1 | 5 | 5 | a | 5 | 1 | 5 | 1"}));
}

TEST(GroupAggregate, ARetractionFromAGroupWithoutRowsIsRejectedWhereOnlyTheyAreCounted) {
  auto driver = drive(
      make_group_aggregate,
      spec_of({0}, {call_of("COUNT", *rows_schema(), {}), call_of("SUM", *rows_schema(), {1})},
              true),
      {rows_schema()});
  driver.push("-D 1 | 5 | a | true\n2 | 5 | a | true\n-D 2 | 5 | a | true\n-D 2 | 5 | a | true");
  EXPECT_EQ(driver.take_rejections().size(), 2U);
  driver.push("1 | 7 | a | true");
  driver.barrier();
  EXPECT_EQ(driver.take(), (Lines{"+I 1 | 1 | 7"}));
}

GroupAggregateSpec over(const data::SchemaPtr& schema, std::vector<AggregateCall> calls) {
  GroupAggregateSpec spec{.input = schema,
                          .output = nullptr,
                          .keys = {0},
                          .calls = std::move(calls),
                          .changing_input = true};
  std::vector<data::Field> fields = {schema->field(0)};
  for (const AggregateCall& call : spec.calls) {
    fields.push_back({"c" + std::to_string(fields.size()), call.function->result, true});
  }
  spec.output = data::make_schema(std::move(fields));
  return spec;
}

TEST(GroupAggregate, ZerosOfBothSignsAreOneGroupAndSoAreAllNaNs) {
  const auto schema = schema_of("k DOUBLE, v BIGINT");
  auto driver = drive(make_group_aggregate,
                      over(schema, {call_of("COUNT", *schema, {}),
                                    call_of("COUNT", *schema, {0}, std::nullopt, true)}),
                      {schema});
  driver.push("0 | 1\n-0 | 1\nNaN | 1\nNaN | 2\nNULL | 1\nNULL | 2");
  driver.barrier();
  EXPECT_EQ(driver.net(), (Lines{"0 | 2 | 1", "NULL | 2 | 0", "NaN | 2 | 1"}));
  driver.push("-D -0 | 1\n-D 0 | 1");
  driver.barrier();
  EXPECT_EQ(driver.net(), (Lines{"NULL | 2 | 0", "NaN | 2 | 1"}));
}

TEST(GroupAggregate, WhatIsTakenOutOfASumLeavesNoTrace) {
  const auto schema = schema_of("k INT, d DOUBLE, b BIGINT, n DECIMAL(38, 2)");
  auto driver = drive(make_group_aggregate,
                      over(schema, {call_of("SUM", *schema, {1}), call_of("AVG", *schema, {1}),
                                    call_of("SUM", *schema, {2}), call_of("SUM", *schema, {3})}),
                      {schema});
  const std::string most = std::to_string(INT64_MAX);
  driver.push("1 | 1e300 | " + most + " | 0.01\n1 | 0.5 | " + most +
              " | 0.02\n1 | Infinity | 3 | " + std::string(36, '9') + ".99");
  driver.barrier();
  EXPECT_TRUE(driver.take_rejections().size() <= 1U);
  driver.push("-D 1 | 1e300 | " + most + " | 0.01\n-D 1 | Infinity | 3 | " + std::string(36, '9') +
              ".99");
  driver.barrier();
  EXPECT_EQ(driver.net(), (Lines{"1 | 0.5 | 0.5 | " + most + " | 0.02"}));
}

TEST(GroupAggregate, WithoutCallsItIsDistinct) {
  auto driver = drive(make_group_aggregate, spec_of({0, 2}, {}, true), {rows_schema()});
  driver.push("1 | 5 | a | true\n1 | 6 | a | true\nNULL | 6 | NULL | true\n2 | 1 | b | true");
  driver.barrier();
  driver.push("-D 1 | 5 | a | true\n-D 2 | 1 | b | true");
  driver.barrier();
  EXPECT_EQ(driver.net(), (Lines{"1 | a", "NULL | NULL"}));
}

TEST(GroupAggregate, ManyGroupsComeInBatchesWithinCredit) {
  auto driver = drive(make_group_aggregate, every_kind({1}, true), {rows_schema()});
  for (int round = 0; round < 3; ++round) {
    std::string rows;
    for (int n = 0; n < 4000; ++n)
      rows += "1 | " + std::to_string(round * 4000 + n) + " | a | true\n";
    driver.push(rows);
  }
  driver.barrier();
  EXPECT_EQ(driver.net().size(), 12'000U);
  EXPECT_GE(driver.suspensions(), 5U);
}

TEST(GroupAggregate, AResultOutOfRangeIsRejectedUntilItIsBackInRange) {
  const auto schema = schema_of("k INT, d DECIMAL(38, 0)");
  GroupAggregateSpec spec{.input = schema,
                          .output = nullptr,
                          .keys = {0},
                          .calls = {call_of("SUM", *schema, {1})},
                          .changing_input = true};
  spec.output = output_of(spec);
  auto driver = drive(make_group_aggregate, spec, {schema});
  const std::string most(38, '9');
  driver.push("1 | " + most);
  driver.barrier();
  driver.push("1 | " + most);
  driver.barrier();
  const auto rejections = driver.take_rejections();
  ASSERT_EQ(rejections.size(), 1U);
  EXPECT_EQ(rejections[0].code, ErrorCode::kNumericOverflow);
  EXPECT_TRUE(driver.net().empty());
  driver.push("-D 1 | " + most);
  driver.barrier();
  EXPECT_EQ(driver.net(), (Lines{"1 | " + most}));
}

}  // namespace
}  // namespace millrace::operators
