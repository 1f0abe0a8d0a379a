#include <gtest/gtest.h>

#include <string>

#include "sql/print.h"
#include "sql/round_trip_test.h"
#include "sql/text/keyword.h"

namespace millrace::sql {
namespace {

// `$` stands for the word.
constexpr std::string_view kPlaces[] = {
    "SELECT $ FROM t",
    "SELECT t.$, $.a, x.$.y FROM t",
    "SELECT a AS $ FROM b AS $",
    "SELECT $ + 1, -$, $ = $, f($), $ IS NULL, $ BETWEEN $ AND $, CAST($ AS INT) FROM t",
    "SELECT CASE $ WHEN $ THEN $ ELSE $ END, ($), ($, $), COUNT(DISTINCT $), ARRAY[$] FROM t",
    "SELECT * FROM $ WHERE $ > 1 GROUP BY $, a HAVING $ ORDER BY $ DESC, $ LIMIT 1",
    "SELECT * FROM $, $ AS a JOIN $ AS b USING ($)",
    "SELECT SUM($) OVER (PARTITION BY $, $ ORDER BY $) FROM t",
    "WITH $ ($) AS (SELECT 1) SELECT * FROM $",
    "CREATE TABLE $ ($ INT NOT NULL, b AS $ + 1, WATERMARK FOR $ AS $ - INTERVAL '1' DAY, "
    "PRIMARY KEY ($))",
    "CREATE TABLE t (a ROW<$ INT, b STRING>)",
    "CREATE VIEW $ ($) AS SELECT 1",
    "INSERT INTO $ ($, a) SELECT $ FROM $",
    "UPDATE $ SET $ = $ WHERE $",
    "DELETE FROM $ WHERE $ = 1",
    "SELECT * FROM TABLE(TUMBLE(TABLE $, DESCRIPTOR($), INTERVAL '1' DAY))",
    "DROP TABLE $, a.$",
    "DESCRIBE $",
    "PAUSE JOB $",
    "TAP $.$",
    "GRANT SELECT ON TABLE $ TO $",
};

std::string fill(std::string_view place, std::string_view word) {
  std::string text;
  for (const char byte : place) {
    if (byte == '$') {
      text += word;
    } else {
      text += byte;
    }
  }
  return text;
}

TEST(Names, EveryKeywordThatIsNotReservedIsANameWithoutQuotes) {
  for (const Keyword& keyword : keywords()) {
    if (keyword.use == Keyword::Use::kReserved || keyword.use == Keyword::Use::kOpening) continue;
    for (const std::string_view place : kPlaces) check_round_trip(fill(place, keyword.word));
  }
}

TEST(Names, EveryWordIsANameInQuotes) {
  for (const Keyword& keyword : keywords()) {
    for (const std::string_view place : kPlaces) {
      check_round_trip(fill(place, '"' + std::string(keyword.word) + '"'));
      check_round_trip(fill(place, '`' + std::string(keyword.word) + '`'));
    }
  }
}

TEST(Names, WordsThatOpenAConstructAreNamesWhereNoneCanBegin) {
  for (const Keyword& keyword : keywords()) {
    if (keyword.use != Keyword::Use::kOpening) continue;
    const std::string word(keyword.word);
    check_round_trip("SELECT " + word + " FROM t");
    check_round_trip("CREATE TABLE t (" + word + " INT, b INT)");
    check_round_trip("SELECT t." + word + ", a AS " + word + " FROM t");
  }
}

TEST(Names, EveryWordIsANameAfterAsAndAfterADot) {
  for (const Keyword& keyword : keywords()) {
    const std::string word(keyword.word);
    check_round_trip("SELECT a AS " + word + ", t." + word + " FROM t");
  }
}

TEST(Names, ThatStreamsUseNeedNoQuotesWhenPrinted) {
  for (const std::string_view name :
       {"date",  "value",  "timestamp", "count",    "key",      "offset", "partition", "day",
        "user",  "time",   "type",      "name",     "year",     "month",  "hour",      "topic",
        "level", "status", "window",    "language", "position", "start",  "version"}) {
    EXPECT_EQ(print_name(name), name);
  }
}

TEST(Names, WithQuotesKeepWhatIsInside) {
  EXPECT_EQ(print_name("a b"), "\"a b\"");
  EXPECT_EQ(print_name("a\"b"), "\"a\"\"b\"");
  EXPECT_EQ(print_name("order"), "\"order\"");
  EXPECT_EQ(print_name("1a"), "\"1a\"");
  EXPECT_EQ(print_name(""), "\"\"");
  EXPECT_EQ(print_string("it's"), "'it''s'");
}

}  // namespace
}  // namespace millrace::sql
