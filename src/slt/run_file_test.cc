#include "slt/run_file.h"

#include <gtest/gtest.h>

namespace millrace::slt {
namespace {

struct Outcome {
  Tally tally;
  std::string text;
};

Outcome run(std::string text, const TestWorld& world = {}, uint64_t seed = 1) {
  Outcome outcome;
  outcome.tally = run_file({"f.slt", std::move(text)}, world, seed,
                           [&](std::string_view lines) { outcome.text += lines; });
  return outcome;
}

constexpr std::string_view kCounts =
    "statement ok\nCREATE TABLE t (k STRING);\n\n"
    "stream s\nSELECT k, COUNT(*) FROM t GROUP BY k\n\n"
    "push t\n'a'\n'b'\n'a'\n\n"
    "expect changes s\n+I a | 2\n+I b | 1\n\n"
    "push t\n'b'\n\n"
    "expect changes s\n-U b | 1\n+U b | 2\n\n"
    "expect fold s\na | 2\nb | 2\n";

TEST(RunFile, CountsChecksAndShowsWhatDiffers) {
  const Outcome outcome = run("query\nSELECT 1\n----\n1\n\nquery\nSELECT 2\n----\n3\n");
  EXPECT_EQ(outcome.tally.passed, 1U);
  EXPECT_EQ(outcome.tally.failed, 1U);
  EXPECT_EQ(outcome.text, "f.slt:6: the rows differ (- expected, + came out)\n    - 3\n    + 2\n");
}

TEST(RunFile, PlacesErrorsInTheFile) {
  const Outcome outcome = run("# one\nstatement ok\nSELECT zz;\n");
  EXPECT_NE(outcome.text.find("MR-2006 f.slt:3:8"), std::string::npos) << outcome.text;
}

TEST(RunFile, GivesNetChangesWhateverTheWorld) {
  TestWorld crashing{.name = "crash", .workers = 3, .crash_at_barriers = true, .settings = {}};
  crashing.settings = {{"parallelism", "3"}, {"batch.rows", "1"}};
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    for (const TestWorld& world : {TestWorld(), crashing}) {
      const Outcome outcome = run(std::string(kCounts), world, seed);
      EXPECT_EQ(outcome.tally.passed, 4U) << outcome.text;
      EXPECT_EQ(outcome.tally.failed, 0U) << outcome.text;
    }
  }
}

TEST(RunFile, AWrongExpectationFailsInEveryWorld) {
  std::string wrong(kCounts);
  wrong.replace(wrong.find("+U b | 2"), 8, "+U b | 3");
  EXPECT_EQ(run(wrong).tally.failed, 1U);
  EXPECT_EQ(run(wrong, {.name = "c", .crash_at_barriers = true, .settings = {}}).tally.failed, 1U);
}

TEST(RunFile, LeavesOutWhatAWorldSkips) {
  const std::string text =
      "skip w\nquery\nSELECT 1\n----\n2\n\nskip w\n\nquery\nSELECT 1\n----\n2\n";
  EXPECT_EQ(run(text).tally.failed, 2U);
  const Outcome skipped = run(text, {.name = "w", .settings = {}});
  EXPECT_EQ(skipped.tally.failed, 0U);
  EXPECT_EQ(skipped.tally.skipped, 2U);
}

TEST(RunFile, AStatementThatNeverEndsIsStopped) {
  const Outcome outcome =
      run("statement ok\nCREATE TABLE t (x INT);\n\nstatement ok\n"
          "SUBSCRIBE SELECT * FROM t;\n");
  EXPECT_EQ(outcome.tally.failed, 1U);
  EXPECT_NE(outcome.text.find("MR-2020"), std::string::npos) << outcome.text;
}

TEST(RunFile, ANodeThatHasCrashedAnswersNothing) {
  const Outcome outcome =
      run("crash\n\nquery\nSELECT 1\n----\n1\n\nrestore\n\n"
          "query\nSELECT 1\n----\n1\n");
  EXPECT_EQ(outcome.tally.passed, 1U);
  EXPECT_EQ(outcome.tally.failed, 1U);
}

}  // namespace
}  // namespace millrace::slt
