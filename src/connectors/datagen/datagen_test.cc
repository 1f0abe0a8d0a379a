#include "connectors/datagen/datagen.h"

#include <gtest/gtest.h>

#include "connectors/connector_world_test.h"
#include "connectors/datagen/field_generator.h"

namespace millrace::connectors {
namespace {

using Options = std::vector<std::pair<std::string, std::string>>;

TestTable table(const std::string& columns, Options options) {
  return {.connector = "datagen",
          .columns = columns,
          .options = std::move(options),
          .format = "",
          .metadata = {},
          .key = {}};
}

const std::string kMany =
    "id BIGINT, b BOOLEAN, t TINYINT, f DOUBLE, s STRING, ts TIMESTAMP(3), y BYTES";
const Options kManyOptions = {{"number-of-rows", "3000"},     {"rows-per-second", "100000"},
                              {"fields.id.kind", "sequence"}, {"fields.id.start", "1"},
                              {"fields.id.end", "1000000"},   {"fields.s.length", "5"},
                              {"fields.s.null-rate", "0.25"}, {"fields.ts.max-past", "1 min"},
                              {"fields.y.length", "3"},       {"fields.y.var-len", "true"}};

TEST(Datagen, SequencesCountAndEndTheTable) {
  ConnectorWorld world;
  EXPECT_EQ(
      world.rows(table("a BIGINT, s STRING, d DECIMAL(5), f DOUBLE", {{"fields.a.kind", "sequence"},
                                                                      {"fields.a.start", "-1"},
                                                                      {"fields.a.end", "1"},
                                                                      {"fields.s.kind", "sequence"},
                                                                      {"fields.s.start", "7"},
                                                                      {"fields.s.end", "100"},
                                                                      {"fields.d.kind", "sequence"},
                                                                      {"fields.d.start", "7"},
                                                                      {"fields.d.end", "100"},
                                                                      {"fields.f.kind", "sequence"},
                                                                      {"fields.f.start", "2"},
                                                                      {"fields.f.end", "100"}})),
      (Lines{"+I -1 | 7 | 7 | 2", "+I 0 | 8 | 8 | 3", "+I 1 | 9 | 9 | 4"}));
}

TEST(Datagen, BatchSizesAndShardsGiveTheSameRows) {
  const Lines whole = ConnectorWorld().rows(table(kMany, kManyOptions));
  ASSERT_EQ(whole.size(), 3000U);
  for (const uint32_t rows : {1U, 7U}) {
    for (const uint32_t shards : {1U, 3U}) {
      ConnectorWorld world;
      Lines lines = world.rows(table(kMany, kManyOptions),
                               {.shards = shards, .batch_rows_max = rows, .slice_batches_max = 1});
      EXPECT_EQ(testing::fold(lines), testing::fold(whole));
    }
  }
}

TEST(Datagen, AColumnIsTheSameWhicheverOthersAreRead) {
  const Lines alone = ConnectorWorld().rows(
      table("x INT, y INT", {{"number-of-rows", "100"}, {"fields.x.max", "9"}}));
  Lines other_seed = ConnectorWorld().rows(
      table("x INT, y INT", {{"number-of-rows", "100"}, {"fields.x.max", "9"}, {"seed", "1"}}));
  EXPECT_NE(alone, other_seed);
}

TEST(Datagen, ACrashGivesTheSameRowsAsNone) {
  const TestTable rows = table(kMany, kManyOptions);
  ConnectorWorld world;
  auto outcome = std::make_shared<testing::Collected>();
  const commit::PartitionId out = world.log.make_partition("out");
  auto run = [&](const TestRun& how) {
    return world.run(*world.source(rows, how.shards), testing::collecting_sink(out, outcome), how);
  };
  TestRun dying{.shards = 2, .slice_batches_max = 1, .rows_per_second = 1e6};
  dying.crash = [](commit::Epoch epoch, engine::EpochPhase phase) {
    return epoch.value() == 4 && phase == engine::EpochPhase::kStaged;
  };
  ASSERT_FALSE(run(dying));
  ASSERT_TRUE(run({.shards = 2}));
  EXPECT_EQ(testing::fold(testing::committed_lines(world.log, out)),
            testing::fold(ConnectorWorld().rows(rows)));
}

TEST(Datagen, NestedValuesFollowTheirPaths) {
  using data::Type;
  using data::TypeKind;
  const Type type =
      Type::row({{"n", Type::decimal(30, 2), true},
                 {"l", Type::array(Type(TypeKind::kInt)), true},
                 {"m", Type::map(Type(TypeKind::kInt), Type(TypeKind::kVarchar)), true}});
  FieldOptions options({{"fields.r.n.min", "1.5"},
                        {"fields.r.n.max", "1.5"},
                        {"fields.r.l.length", "2"},
                        {"fields.r.l.element.min", "7"},
                        {"fields.r.l.element.max", "7"},
                        {"fields.r.m.length", "1"},
                        {"fields.r.m.key.min", "1"},
                        {"fields.r.m.key.max", "1"},
                        {"fields.r.m.value.length", "0"},
                        {"fields.r.m.null-rate", "1"}});
  const auto made = make_field_generator(type, "r", 0, {}, options);
  ASSERT_TRUE(made) << error_of(made);
  ASSERT_TRUE(options.all_taken());
  data::ColumnBuilder builder(type);
  (*made)->append(5, 2, builder);
  const data::ColumnPtr column = builder.finish();
  ASSERT_EQ(column->rows(), 2U);
  EXPECT_EQ(data::to_string(column->value(1), type), "(1.50, [7, 7], NULL)");
}

TEST(Datagen, BoundsAndLengthsHold) {
  ConnectorWorld world;
  const Lines lines =
      world.rows(table("a INT, d DECIMAL(20), s STRING, f FLOAT", {{"number-of-rows", "500"},
                                                                   {"fields.a.min", "3"},
                                                                   {"fields.a.max", "5"},
                                                                   {"fields.d.min", "10"},
                                                                   {"fields.d.max", "12"},
                                                                   {"fields.s.length", "4"},
                                                                   {"fields.f.min", "2"},
                                                                   {"fields.f.max", "2"}}));
  std::set<std::string> as;
  std::set<std::string> ds;
  for (const std::string& line : lines) {
    as.insert(line.substr(3, 1));
    ds.insert(line.substr(7, 2));
    EXPECT_EQ(line.size(), std::string("+I 3 | 10 | abcd | 2").size()) << line;
  }
  EXPECT_EQ(as, (std::set<std::string>{"3", "4", "5"}));
  EXPECT_EQ(ds, (std::set<std::string>{"10", "11", "12"}));
}

TEST(Datagen, TimesGoOnWithTheRows) {
  ConnectorWorld world;
  EXPECT_EQ(world.rows(table("t TIMESTAMP(3), d DATE, n TIMESTAMP(9)",
                             {{"number-of-rows", "2"}, {"rows-per-second", "4"}})),
            (Lines{"+I 2024-01-01 00:00:00.000 | 2024-01-01 | 2024-01-01 00:00:00.000000000",
                   "+I 2024-01-01 00:00:00.250 | 2024-01-01 | 2024-01-01 00:00:00.250000000"}));
}

TEST(Datagen, OptionsThatMeanNothingAreRefused) {
  const struct {
    Options options;
    ErrorCode code;
    std::string part;
  } cases[] = {
      {{{"fields.a.knd", "random"}}, ErrorCode::kUnknownOption, "Did you mean 'fields.a.kind'?"},
      {{{"fields.b.kind", "random"}}, ErrorCode::kUnknownOption, "fields.b.kind"},
      {{{"fields.a.end", "5"}}, ErrorCode::kInvalidOptionValue, "means nothing"},
      {{{"fields.a.kind", "x"}}, ErrorCode::kInvalidOptionValue, "'random' or 'sequence'"},
      {{{"fields.a.min", "x"}}, ErrorCode::kInvalidOptionValue, "fields.a.min"},
      {{{"fields.a.min", "300"}}, ErrorCode::kInvalidOptionValue, "TINYINT"},
      {{{"fields.a.min", "3"}, {"fields.a.max", "2"}}, ErrorCode::kInvalidOptionValue, "below"},
      {{{"fields.a.kind", "sequence"}}, ErrorCode::kMissingOption, "fields.a.start"},
      {{{"fields.a.null-rate", "2"}}, ErrorCode::kInvalidOptionValue, "from 0 to 1"},
      {{{"fields.s.length", "-5"}}, ErrorCode::kInvalidOptionValue, "from 0 to"},
  };
  for (const auto& each : cases) {
    ConnectorWorld world;
    const auto refused = world.read(table("a TINYINT, s STRING", each.options));
    ASSERT_FALSE(refused) << each.part;
    EXPECT_EQ(refused.error().code(), each.code) << error_of(refused);
    EXPECT_NE(error_of(refused).find(each.part), std::string::npos) << error_of(refused);
  }
}

}  // namespace
}  // namespace millrace::connectors
