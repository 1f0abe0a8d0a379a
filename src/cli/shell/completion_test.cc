#include "cli/shell/completion.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace millrace::cli {
namespace {

using Words = std::vector<std::string>;

class Names final : public NameSource {
 public:
  Words tables() override { return {"flights", "airports", "sys.errors"}; }
  Words columns(const std::string& table) override {
    return table == "flights" ? Words{"origin", "delay"} : Words{"code", "city"};
  }
  Words functions() override { return {"UPPER", "COUNT"}; }
  Words settings() override { return {"parallelism", "job.name"}; }
};

Words words_for(std::string_view before, std::string_view after = "") {
  Names names;
  return complete_statement(before, after, names).words;
}

bool offers(const Words& words, std::string_view word) {
  return std::ranges::find(words, word) != words.end();
}

TEST(Completion, OffersStatementsAtTheBeginningInTheCaseInWhichTheyWereBegun) {
  EXPECT_EQ(words_for("sel"), Words{"select "});
  EXPECT_EQ(words_for("SEL"), Words{"SELECT "});
  EXPECT_EQ(words_for("-- a comment\nDESCR"), Words{"DESCRIBE "});
  EXPECT_EQ(words_for("EXPLAIN INS"), Words{"INSERT INTO "});
}

TEST(Completion, OffersTablesWhereATableStands) {
  EXPECT_EQ(words_for("SELECT * FROM fl"), Words{"flights "});
  EXPECT_EQ(words_for("SELECT * FROM airports AS a, fl"), Words{"flights "});
  EXPECT_EQ(words_for("INSERT INTO "), (Words{"airports ", "flights ", "sys.errors "}));
  EXPECT_EQ(words_for("SELECT * FROM sys."), Words{"errors "});
  EXPECT_TRUE(offers(words_for("DROP TABLE "), "IF EXISTS "));
}

TEST(Completion, OffersColumnsOfTheTablesThatAreNamedBeforeOrBehind) {
  EXPECT_EQ(words_for("SELECT * FROM flights WHERE dela"), Words{"delay "});
  EXPECT_EQ(words_for("SELECT dela", " FROM flights"), Words{"delay "});
  EXPECT_EQ(words_for("SELECT * FROM flights AS f JOIN airports a ON f."),
            (Words{"delay ", "origin "}));
  EXPECT_EQ(words_for("SELECT * FROM flights AS f JOIN airports a ON f.origin = a.ci"),
            Words{"city "});
  EXPECT_EQ(words_for("SELECT x."), Words{});
}

TEST(Completion, OffersFunctionsWithTheirBracket) {
  EXPECT_EQ(words_for("SELECT upp"), Words{"upper("});
  EXPECT_EQ(words_for("SELECT UPP"), Words{"UPPER("});
}

TEST(Completion, OffersSettingsWithQuotesWhereTheyAreMissing) {
  EXPECT_EQ(words_for("SET par"), Words{"'parallelism' = '"});
  EXPECT_EQ(words_for("SET 'par"), Words{"parallelism' = '"});
  EXPECT_EQ(words_for("RESET 'job"), Words{"job.name'"});
  EXPECT_TRUE(offers(words_for("SHOW t"), "tables "));
}

TEST(Completion, OffersOptionsOfTheConnectorAndFormatThatAreNamed) {
  const std::string begun = "CREATE TABLE t (a INT) WITH ('connector' = 'filesystem', ";
  EXPECT_TRUE(offers(words_for(begun), "'path' = '"));
  EXPECT_FALSE(offers(words_for(begun), "'rows-per-second' = '"));
  EXPECT_FALSE(offers(words_for(begun), "'connector' = '"));
  EXPECT_EQ(words_for(begun + "'format' = 'cs"), Words{"csv'"});
  EXPECT_TRUE(offers(words_for(begun + "'format' = 'csv', 'csv."), "csv.header' = '"));
  EXPECT_EQ(words_for("CREATE TABLE t (a INT) WITH (conn"), Words{"'connector' = '"});
  EXPECT_TRUE(offers(words_for("CREATE TABLE t (a INT) WITH ('connector' = '"), "datagen'"));
}

TEST(Completion, OffersNothingInsideOfTextsNamesAndComments) {
  EXPECT_EQ(words_for("SELECT 'sel"), Words{});
  EXPECT_EQ(words_for("SELECT \"ori", "\" FROM flights"), Words{});
  EXPECT_EQ(words_for("SELECT 1 -- sel"), Words{});
  EXPECT_EQ(words_for("SELECT 1 /* sel"), Words{});
  EXPECT_EQ(words_for("WITH x AS (SELECT 'it''s', "), Words{});
}

}  // namespace
}  // namespace millrace::cli
