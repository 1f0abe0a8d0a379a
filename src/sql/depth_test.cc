#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "sql/parse.h"
#include "sql/print.h"
#include "sql/round_trip_test.h"

namespace millrace::sql {
namespace {

constexpr int kDeep = 10000;

std::string repeat(std::string_view text, int count) {
  std::string repeated;
  for (int i = 0; i < count; ++i) repeated += text;
  return repeated;
}

// `open` and `close` around `inside`, `count` times.
std::string nested(std::string_view open, std::string_view inside, std::string_view close,
                   int count) {
  return repeat(open, count) + std::string(inside) + repeat(close, count);
}

void expect_too_deep(const std::string& text) {
  const Result<std::vector<Statement>> parsed = parse_script(text, "deep.sql");
  ASSERT_FALSE(parsed) << text.substr(0, 60);
  EXPECT_EQ(parsed.error().code(), ErrorCode::kTooDeep) << parsed.error().to_string();
}

struct Nesting {
  std::string_view before;
  std::string_view open;
  std::string_view inside;
  std::string_view close;
  std::string_view after;
};

constexpr Nesting kNestings[] = {
    {"SELECT ", "(", "1", ")", ""},
    {"SELECT ", "((", "1", ") + 1)", ""},
    {"SELECT ", "NOT ", "a", "", ""},
    {"SELECT ", "- ", "a", "", ""},
    {"SELECT ", "~", "a", "", ""},
    {"SELECT ", "a = NOT ", "b", "", ""},
    {"SELECT ", "a + -", "b", "", ""},
    {"SELECT ", "CASE WHEN a THEN ", "1", " END", ""},
    {"SELECT ", "CASE ", "1", " WHEN 1 THEN 2 END", ""},
    {"SELECT ", "CASE WHEN a THEN 1 ELSE ", "1", " END", ""},
    {"SELECT ", "(SELECT ", "1", ")", ""},
    {"SELECT ", "a IN (SELECT ", "1", ")", ""},
    {"SELECT ", "EXISTS (SELECT ", "1", ")", ""},
    {"SELECT ", "a = ANY (SELECT ", "1", ")", ""},
    {"SELECT ", "ARRAY(SELECT ", "1", ")", ""},
    {"SELECT ", "a IN (", "1", ")", ""},
    {"SELECT ", "a BETWEEN (", "1", ") AND 2", ""},
    {"SELECT ", "ARRAY[", "1", "]", ""},
    {"SELECT ARRAY", "[", "1", "]", ""},
    {"SELECT ", "MAP['k', ", "1", "]", ""},
    {"SELECT ", "ROW(", "1", ")", ""},
    {"SELECT ", "f(", "1", ")", ""},
    {"SELECT ", "f(x => ", "1", ")", ""},
    {"SELECT ", "a[", "1", "]", ""},
    {"SELECT ", "CAST(", "1", " AS INT)", ""},
    {"SELECT ", "TRIM(BOTH FROM ", "a", ")", ""},
    {"SELECT ", "POSITION(", "a", " IN b)", ""},
    {"SELECT ", "JSON_OBJECT(KEY (", "a", ") VALUE 1)", ""},
    {"SELECT ", "JSON_VALUE(a, '$' DEFAULT ", "1", " ON EMPTY)", ""},
    {"SELECT ", "FINAL f(", "a", ")", ""},
    {"SELECT ", "SUM(a) OVER (PARTITION BY ", "a", ")", ""},
    {"SELECT ", "SUM(a) FILTER (WHERE ", "a", ")", ""},
    {"SELECT CAST(a AS ", "ARRAY<", "INT", ">", ")"},
    {"SELECT CAST(a AS ", "MAP<INT, ", "INT", ">", ")"},
    {"SELECT CAST(a AS ", "ROW<a ", "INT", ">", ")"},
    {"SELECT * FROM ", "(SELECT * FROM ", "t", ")", ""},
    {"SELECT * FROM ", "(", "t", ")", ""},
    {"SELECT * FROM ", "(", "t", " CROSS JOIN u)", ""},
    {"SELECT * FROM ", "(u CROSS JOIN ", "t", ")", ""},
    {"SELECT * FROM t ", "JOIN t ", "", "ON a ", ""},
    {"SELECT * FROM ", "f(TABLE (SELECT * FROM ", "t", "))", ""},
    {"SELECT * FROM ", "UNNEST(ARRAY(SELECT * FROM ", "t", "))", ""},
    {"SELECT * FROM t MATCH_RECOGNIZE (PATTERN (", "(", "A", ")", ") DEFINE A AS TRUE)"},
    {"SELECT * FROM t MATCH_RECOGNIZE (PATTERN (", "{- ", "A", " -}", "))"},
    {"SELECT * FROM t MATCH_RECOGNIZE (PATTERN (", "PERMUTE(", "A", ")", "))"},
    {"SELECT * FROM t", "", "", " MATCH_RECOGNIZE (PATTERN (A))", ""},
    {"SELECT a FROM t GROUP BY ", "GROUPING SETS (", "a", ")", ""},
    {"SELECT a FROM t GROUP BY ", "ROLLUP (", "a", ")", ""},
    {"", "(", "SELECT 1", ")", ""},
    {"", "(SELECT 1 UNION ", "SELECT 2", ")", ""},
    {"", "(", "SELECT 1", ") LIMIT 1", ""},
    {"", "WITH a AS (", "SELECT 1", ") SELECT 1", ""},
    {"", "EXPLAIN ", "SELECT 1", "", ""},
    {"INSERT INTO t ", "(", "SELECT 1", ")", ""},
    {"CREATE TABLE t (a ", "ARRAY<", "INT", ">", ")"},
    {"CREATE TABLE t (a INT, b AS ", "(", "a", ")", ")"},
};

TEST(Depth, TenThousandLevelsOfAnyConstructAreTooDeepAndNoDanger) {
  for (const Nesting& n : kNestings) {
    const std::string text = std::string(n.before) + nested(n.open, n.inside, n.close, kDeep);
    expect_too_deep(text + std::string(n.after));
    expect_too_deep(text);  // cut short
    expect_too_deep(std::string(n.before) + nested(n.open, n.inside, n.close, 700) +
                    std::string(n.after));
  }
}

TEST(Depth, AHundredLevelsOfAnyConstructAreReadAndPrinted) {
  for (const Nesting& n : kNestings) {
    check_round_trip(std::string(n.before) + nested(n.open, n.inside, n.close, 100) +
                     std::string(n.after));
  }
}

TEST(Depth, TheDeepestTextsThatAreReadCanBePrintedReadAgainCopiedAndDestroyed) {
  for (const Nesting& n : kNestings) {
    const auto text = [&n](int count) {
      return std::string(n.before) + nested(n.open, n.inside, n.close, count) +
             std::string(n.after);
    };
    int accepted = 100;
    int refused = kNestingMax + 1;
    while (accepted + 1 < refused) {
      const int middle = (accepted + refused) / 2;
      (parse_script(text(middle), "") ? accepted : refused) = middle;
    }
    check_round_trip(text(accepted));
  }
}

TEST(Depth, ConstructsMixedAtRandomCanBePrintedAndReadAgainAtTheLimit) {
  uint32_t state = 1;
  const auto any_expression = [&]() -> const Nesting& {
    while (true) {
      state = state * 1664525U + 1013904223U;
      const Nesting& nesting = kNestings[(state >> 8) % std::size(kNestings)];
      if (nesting.before == "SELECT " && nesting.after.empty()) return nesting;
    }
  };
  constexpr std::string_view kLinks[] = {"",         "",      " + a",   "::INT",   "[1]",
                                         " IS NULL", " OR b", " AND c", " LIKE a", ".f",
                                         " = -1",    " || b", " ^ 2"};
  for (int round = 0; round < 20; ++round) {
    std::string last = "a";
    for (bool too_deep = false; !too_deep;) {
      const Nesting& nesting = any_expression();
      const std::string text = std::string(nesting.open) + last + std::string(nesting.close) +
                               std::string(kLinks[(state >> 16) % std::size(kLinks)]);
      const Result<Expression> parsed = parse_expression(text, "");
      too_deep = !parsed && parsed.error().code() == ErrorCode::kTooDeep;
      if (parsed) last = text;
    }
    const Result<Expression> parsed = parse_expression(last, "");
    ASSERT_TRUE(parsed);
    const Result<Expression> again = parse_expression(print(*parsed), "");
    ASSERT_TRUE(again) << again.error().to_string() << "\nin: " << last;
    EXPECT_TRUE(*again == *parsed) << last;
  }
}

TEST(Depth, FlatChainsOfTenThousandAreRead) {
  const std::string chains[] = {
      "SELECT a" + repeat(" AND a", kDeep),
      "SELECT a" + repeat(" OR a", kDeep),
      "SELECT a" + repeat(" OR b AND c", kDeep),
      "SELECT 1" + repeat(" UNION ALL SELECT 1", kDeep),
      "SELECT 1" + repeat(" EXCEPT SELECT 1", kDeep),
      "SELECT * FROM t" + repeat(" CROSS JOIN t", kDeep),
      "SELECT * FROM t" + repeat(" JOIN t ON a = b", kDeep),
      "SELECT * FROM t" + repeat(", t", kDeep),
      "SELECT 1" + repeat(", 1", kDeep),
      "SELECT a IN (1" + repeat(", 1", kDeep) + ")",
      "SELECT ARRAY[1" + repeat(", 1", kDeep) + "]",
      "SELECT CASE" + repeat(" WHEN a THEN b", kDeep) + " END",
      "VALUES (1)" + repeat(", (1)", kDeep),
      "WITH a AS (SELECT 1)" + repeat(", a AS (SELECT 1)", kDeep) + " SELECT 1",
      "SELECT a" + repeat(".a", kDeep),
  };
  for (const std::string& chain : chains) check_round_trip(chain);
}

TEST(Depth, LeftDeepChainsAreReadToTheHeightOfATree) {
  const std::string_view links[] = {" + 1",
                                    " || 'a'",
                                    " - 1",
                                    " IS NULL",
                                    "::INT",
                                    "[1]",
                                    " -> 'a'",
                                    " ISNULL",
                                    " < 1",
                                    " AT TIME ZONE 'UTC'",
                                    " LIKE a",
                                    " IN (1)",
                                    " BETWEEN 1 AND 2",
                                    " COLLATE c"};
  for (const std::string_view link : links) {
    check_round_trip("SELECT a" + repeat(link, 390));
    expect_too_deep("SELECT a" + repeat(link, kDeep));
  }
  check_round_trip("SELECT a * b" + repeat(" + a * b", 390));
  check_round_trip("SELECT 1" + repeat(" UNION SELECT 1 UNION ALL SELECT 1", 98));
  expect_too_deep("SELECT 1" + repeat(" UNION SELECT 1 UNION ALL SELECT 1", kDeep));
  expect_too_deep("SELECT CAST(a AS INT" + repeat("[]", kDeep) + ")");
}

TEST(Depth, ChainsInsideParenthesesAddUp) {
  // 200 levels, each with a chain of 100 on its left edge: a tree 20,000 high.
  expect_too_deep("SELECT " + nested("(", "a", repeat(" + 1", 100) + ")", 200));
  // The same chains side by side are no higher than one of them.
  check_round_trip("SELECT f(a" + repeat(" + 1", 100) + repeat(", a" + repeat(" + 1", 100), 200) +
                   ")");
}

}  // namespace
}  // namespace millrace::sql
