#include <algorithm>
#include <map>
#include <optional>

#include "operators/changelog/consolidate.h"
#include "operators/changelog/materialize.h"
#include "operators/changelog/upsert_normalize.h"
#include "operators/operator_driving_test.h"

namespace millrace::operators {
namespace {

using testing::schema_of;

const data::SchemaPtr& rows_schema() {
  static const data::SchemaPtr schema = schema_of("k INT, v STRING");
  return schema;
}

TEST(Consolidate, AnEpochsChangesOfAKeyBecomeOne) {
  for (const uint32_t cut : batch_cuts()) {
    auto driver = drive(make_consolidate, ConsolidateSpec{rows_schema(), {0}}, {rows_schema()},
                        {.batch_rows_max = cut});
    driver.push("1 | a\n-U 1 | a\n+U 1 | b");                           // none -> b
    driver.push("-U 2 | a\n+U 2 | b\n-D 2 | b");                        // a -> none
    driver.push("-U NULL | a\n+U NULL | b\n-U NULL | b\n+U NULL | c");  // a -> c
    driver.push("+U 4 | b\n-U 4 | a");                                  // overtaken: a -> b
    driver.push("-D 5 | a\n+I 5 | a\n6 | x\n-D 6 | x");                 // nothing
    driver.push("7 | NULL\n7 | z");                                     // the last one counts
    EXPECT_TRUE(driver.take().empty());
    driver.barrier();
    EXPECT_EQ(driver.take(), (Lines{"+I 1 | b", "-D 2 | a", "-U NULL | a", "+U NULL | c",
                                    "-U 4 | a", "+U 4 | b", "+I 7 | z"}));
    driver.push("-D 1 | b");
    driver.end();
    EXPECT_EQ(driver.take(), (Lines{"-D 1 | b"}));
    driver.barrier();
    EXPECT_TRUE(driver.take().empty());
  }
}

TEST(Consolidate, ManyKeysComeInBatchesWithinCredit) {
  auto driver = drive(make_consolidate, ConsolidateSpec{rows_schema(), {0}}, {rows_schema()});
  for (int batch = 0; batch < 3; ++batch) {
    std::string rows;
    for (int n = 0; n < 4000; ++n) rows += std::to_string(batch * 4000 + n) + " | a\n";
    driver.push(rows);
  }
  driver.barrier();
  EXPECT_EQ(driver.take().size(), 12'000U);
  EXPECT_GE(driver.suspensions(), 2U);
}

TEST(UpsertNormalize, IsTheNewestRowOfEveryKey) {
  for (const uint32_t cut : batch_cuts()) {
    std::mt19937_64 random(cut);
    auto driver = drive(make_upsert_normalize, UpsertNormalizeSpec{rows_schema(), {0}},
                        {rows_schema()}, {.batch_rows_max = cut});
    std::map<std::string, std::string> model;
    for (int epoch = 0; epoch < 60; ++epoch) {
      std::string rows;
      for (size_t n = random() % 12; n > 0; --n) {
        const std::string key = random() % 6 == 0 ? "NULL" : std::to_string(random() % 5);
        const std::string value = random() % 5 == 0 ? "NULL" : std::string(random() % 30, 'v');
        const char* const signs[] = {"+I ", "+U ", "-U ", "-D "};
        const size_t sign = random() % 4;
        rows += signs[sign] + key + " | " + value + "\n";
        if (sign < 2) model[key] = key + " | " + value;
        if (sign == 3) model.erase(key);
      }
      driver.push(rows);
      if (random() % 4 == 0) driver.crash_and_replay();
      driver.barrier();
      Lines expected;
      for (const auto& [key, row] : model) expected.push_back(row);
      std::ranges::sort(expected);
      ASSERT_EQ(driver.net(), expected);
      if (random() % 4 == 0) driver.crash();
    }
  }
}

TEST(UpsertNormalize, EmitsOneNetChangePerKeyAndEpoch) {
  auto driver =
      drive(make_upsert_normalize, UpsertNormalizeSpec{rows_schema(), {0}}, {rows_schema()});
  driver.push("1 | a\n+U 1 | b\n2 | a\n-D 3 | x");
  driver.barrier();
  EXPECT_EQ(driver.take(), (Lines{"+I 1 | b", "+I 2 | a"}));
  driver.push("1 | c\n-D 2 | whatever\n2 | a");
  driver.barrier();
  EXPECT_EQ(driver.take(), (Lines{"-U 1 | b", "+U 1 | c"}));
  driver.push("-D 1 | NULL");
  driver.end();
  EXPECT_EQ(driver.take(), (Lines{"-D 1 | c"}));
}

TEST(UpsertNormalize, GivesARowOutBeforeTheWatermarkThatWouldMakeItLate) {
  auto driver =
      drive(make_upsert_normalize, UpsertNormalizeSpec{rows_schema(), {0}}, {rows_schema()});
  driver.push("1 | a");
  driver.watermark(10);
  EXPECT_EQ(driver.take(), (Lines{"+I 1 | a"}));
  driver.push("1 | b");
  driver.barrier();
  EXPECT_EQ(driver.take(), (Lines{"-U 1 | a", "+U 1 | b"}));
}

TEST(Consolidate, FoldsRandomChangesIntoWhatATableOfThemHolds) {
  for (const uint32_t cut : batch_cuts()) {
    // One live row per key, changed by retractions that may come before or behind their successor.
    std::mt19937_64 random(cut);
    auto driver = drive(make_consolidate, ConsolidateSpec{rows_schema(), {0}}, {rows_schema()},
                        {.batch_rows_max = cut});
    std::map<std::string, std::string> model;
    for (int epoch = 0; epoch < 60; ++epoch) {
      std::string rows;
      for (size_t n = random() % 12; n > 0; --n) {
        const std::string key = random() % 6 == 0 ? "NULL" : std::to_string(random() % 5);
        const auto before = model.find(key);
        const bool is_live = before != model.end();
        std::string taken = is_live ? "-U " + before->second + "\n" : "";
        std::string added;
        if (!is_live || random() % 3 != 0) {
          model[key] = key + " | " + std::string(1, static_cast<char>('a' + random() % 4));
          added = "+U " + model[key] + "\n";
        } else {
          model.erase(before);
        }
        rows += random() % 2 == 0 ? taken + added : added + taken;
      }
      driver.push(rows);
      if (random() % 4 == 0) driver.crash_and_replay();
      driver.barrier();
      Lines expected;
      for (const auto& [key, row] : model) expected.push_back(row);
      std::ranges::sort(expected);
      ASSERT_EQ(driver.net(), expected);
      // At most one pair per key.
      std::map<std::string, int> seen;
      for (const std::string& line : driver.take()) ++seen[cells_of(line.substr(3))[0]];
      for (const auto& [key, count] : seen) ASSERT_LE(count, 2);
    }
  }
}

// Live rows of a key in the order in which they came; no row comes twice.
using Arrivals = std::map<std::string, Lines>;

void add_or_take(Arrivals& model, const std::string& change) {
  const std::string row = change.substr(3);
  Lines& rows = model[cells_of(row)[0]];
  if (!change.starts_with("-")) {
    rows.push_back(row);
    return;
  }
  rows.erase(std::ranges::find(rows, row));
}

std::optional<std::string> newest(const Lines& rows) {
  return rows.empty() ? std::nullopt : std::optional(rows.back());
}

TEST(Materialize, TheLastLiveRowOfAKeyCountsAndThenTheOneBefore) {
  auto driver = drive(make_materialize, MaterializeSpec{rows_schema(), {0}}, {rows_schema()});
  driver.push("1 | a\n1 | b\n1 | c\nNULL | x");
  driver.barrier();
  EXPECT_EQ(driver.take(), (Lines{"+I 1 | c", "+I NULL | x"}));
  driver.push("-U 1 | b\n+U 2 | b");
  driver.barrier();
  EXPECT_EQ(driver.take(), (Lines{"+I 2 | b"}));
  driver.crash();
  driver.push("-D 1 | c");
  driver.barrier();
  EXPECT_EQ(driver.take(), (Lines{"-U 1 | c", "+U 1 | a"}));
  driver.push("-D 1 | a\n-D NULL | x");
  driver.end();
  EXPECT_EQ(driver.take(), (Lines{"-D 1 | a", "-D NULL | x"}));
}

TEST(Materialize, ARowThatComesAgainIsTheLastOneAlsoAfterARestart) {
  auto driver = drive(make_materialize, MaterializeSpec{rows_schema(), {0}}, {rows_schema()});
  driver.push("1 | a\n1 | b\n1 | a");
  driver.barrier();
  EXPECT_EQ(driver.take(), (Lines{"+I 1 | a"}));
  driver.crash();
  driver.push("-D 1 | b");
  driver.barrier();
  EXPECT_TRUE(driver.take().empty());
}

TEST(Materialize, RandomChangesAgainstAModel) {
  for (const uint32_t cut : batch_cuts()) {
    RandomChanges changes(cut, [](std::mt19937_64& random) {
      const std::string key = random() % 6 == 0 ? "NULL" : std::to_string(random() % 4);
      static int number = 0;
      return key + " | " + std::to_string(++number);
    });
    auto driver = drive(make_materialize, MaterializeSpec{rows_schema(), {0}}, {rows_schema()},
                        {.batch_rows_max = cut});
    Arrivals model;
    for (int epoch = 0; epoch < 80; ++epoch) {
      std::string rows;
      for (size_t n = changes.random()() % 10; n > 0; --n) {
        const std::string change = changes.next(50);
        add_or_take(model, change);
        rows += change + "\n";
      }
      driver.push(rows);
      if (changes.chance(25)) driver.crash_and_replay();
      driver.barrier();
      Lines expected;
      for (const auto& [key, live] : model) {
        if (const auto row = newest(live)) expected.push_back(*row);
      }
      std::ranges::sort(expected);
      ASSERT_EQ(driver.net(), expected);
      if (changes.chance(25)) driver.crash();
    }
    EXPECT_TRUE(driver.take_rejections().empty());
  }
}

TEST(Materialize, ARetractionOfARowThatIsNotLiveIsRejected) {
  auto driver = drive(make_materialize, MaterializeSpec{rows_schema(), {0}}, {rows_schema()});
  driver.push("1 | a\n-D 1 | b\n-D 1 | a\n-D 1 | a\n1 | c");
  driver.barrier();
  EXPECT_EQ(driver.take(), (Lines{"+I 1 | c"}));
  const auto rejected = driver.take_rejections();
  ASSERT_EQ(rejected.size(), 2U);
  EXPECT_EQ(rejected[0].code, ErrorCode::kOverRetraction);
}

}  // namespace
}  // namespace millrace::operators
