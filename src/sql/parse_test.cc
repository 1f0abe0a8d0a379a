#include "sql/parse.h"

#include <gtest/gtest.h>

#include "sql/text/source_text.h"

namespace millrace::sql {
namespace {

std::string text_of(std::string_view script, Span span) {
  return std::string(SourceText(script, {}).of(span));
}

TEST(Parse, ScriptKeepsItsStatementsInOrderWithTheirPlaces) {
  constexpr std::string_view kScript = ";; SELECT 1;\n-- two\nFLUSH ;;INSERT INTO t VALUES (1)";
  const auto statements = parse_script(kScript, "x.sql");
  ASSERT_TRUE(statements);
  ASSERT_EQ(statements->size(), 3U);
  EXPECT_EQ(text_of(kScript, (*statements)[0].span), "SELECT 1");
  EXPECT_EQ(text_of(kScript, (*statements)[1].span), "FLUSH");
  EXPECT_EQ(text_of(kScript, (*statements)[2].span), "INSERT INTO t VALUES (1)");
  EXPECT_EQ(statement_name((*statements)[2]), "INSERT");
}

TEST(Parse, AnEmptyTextHasNoStatements) {
  for (const std::string_view text : {"", " \n\t", "-- a\n", "/* b */", ";", "\xEF\xBB\xBF"}) {
    const auto statements = parse_script(text, "");
    ASSERT_TRUE(statements) << text;
    EXPECT_TRUE(statements->empty());
  }
}

TEST(Parse, ExpressionsAndNamesCarryTheirPlaces) {
  constexpr std::string_view kText = "a.b + f(c, 'x') * (d || e)";
  const auto parsed = parse_expression(kText, "");
  ASSERT_TRUE(parsed);
  EXPECT_EQ(text_of(kText, parsed->span), kText);
  const auto& sum = std::get<Binary>(parsed->node);
  EXPECT_EQ(text_of(kText, sum.left->span), "a.b");
  EXPECT_EQ(text_of(kText, std::get<ColumnRef>(sum.left->node).name.parts[1].span), "b");
  const auto& product = std::get<Binary>(sum.right->node);
  EXPECT_EQ(text_of(kText, product.left->span), "f(c, 'x')");
  EXPECT_EQ(text_of(kText, std::get<Call>(product.left->node).arguments[1].value.span), "'x'");
  EXPECT_EQ(text_of(kText, product.right->span), "d || e");
}

TEST(Parse, OperatorsBindAsInPostgreSql) {
  const auto same = [](std::string_view written, std::string_view meant) {
    const auto a = parse_expression(written, "");
    const auto b = parse_expression(meant, "");
    ASSERT_TRUE(a && b) << written;
    EXPECT_TRUE(*a == *b) << written << " is not " << meant;
  };
  same("a OR b AND NOT c = d + e * f ^ -g", "a OR (b AND (NOT (c = (d + (e * (f ^ (-g)))))))");
  same("a - b - c", "(a - b) - c");
  same("a ^ b ^ c", "(a ^ b) ^ c");
  same("a || b + c", "a || (b + c)");
  same("a || b LIKE c || d", "(a || b) LIKE (c || d)");
  same("a + b BETWEEN c - d AND e || f AND g", "((a + b) BETWEEN (c - d) AND (e || f)) AND g");
  same("a = b IS NULL", "(a = b) IS NULL");
  same("NOT a IS NULL", "NOT (a IS NULL)");
  same("a IN (1) = b", "(a IN (1)) = b");
  same("j -> 'a' ->> 'b' = 'c'", "((j -> 'a') ->> 'b') = 'c'");
  same("-1::INT", "-(1::INT)");
  same("a + b AT TIME ZONE c", "a + (b AT TIME ZONE c)");
  same("-a ^ b", "(-a) ^ b");
  same("a::INT[1]", "CAST(a AS INT)[1]");
  same("a = b OR c = d OR e", "a = b OR c = d OR e");
}

TEST(Parse, SeveralKindsOfQuotesGiveTheSameString) {
  for (const std::string_view text : {"'it''s'", "E'it\\'s'", "$$it's$$", "$q$it's$q$",
                                      "U&'it''\\0073'", "e'\\x69t\\047\\u0073'"}) {
    const auto parsed = parse_expression(text, "");
    ASSERT_TRUE(parsed) << text;
    EXPECT_EQ(std::get<Literal>(parsed->node).text, "it's") << text;
  }
}

TEST(Parse, WindowFunctionsByNameAndByPositionAreTheSame) {
  const auto by_position = parse_query(
      "SELECT * FROM TABLE(HOP(TABLE t, DESCRIPTOR(ts), INTERVAL '5' MINUTE, INTERVAL '1' HOUR))",
      "");
  const auto by_name = parse_query(
      "SELECT * FROM TABLE(HOP(TIMECOL => DESCRIPTOR(ts), SIZE => INTERVAL '1' HOUR, DATA => TABLE "
      "t, SLIDE => INTERVAL '5' MINUTE))",
      "");
  ASSERT_TRUE(by_position && by_name);
  EXPECT_TRUE(*by_position == *by_name);
}

TEST(Parse, OneConstructMustBeTheWholeText) {
  EXPECT_FALSE(parse_expression("a b", ""));
  EXPECT_FALSE(parse_expression("a;", ""));
  EXPECT_FALSE(parse_expression("", ""));
  EXPECT_FALSE(parse_type("INT INT", ""));
  EXPECT_FALSE(parse_query("SELECT 1;", ""));
  EXPECT_TRUE(parse_type("MAP<STRING, ARRAY<INT>>", ""));
}

TEST(StatementEnd, IsTheFirstSemicolonOutsideQuotesCommentsAndStatementSets) {
  const auto first = [](std::string_view text) {
    const std::optional<size_t> end = find_statement_end(text);
    return end ? std::string(text.substr(0, *end)) : "more";
  };
  EXPECT_EQ(first("SELECT 1; SELECT 2;"), "SELECT 1;");
  EXPECT_EQ(first("SELECT ';' -- ;\n, \";\" /* ; */, $$;$$; x"),
            "SELECT ';' -- ;\n, \";\" /* ; */, $$;$$;");
  EXPECT_EQ(first("SELECT 1"), "more");
  EXPECT_EQ(first(""), "more");
  EXPECT_EQ(first("SELECT 'a; "), "more");
  EXPECT_EQ(first("SELECT /* a; "), "more");
  EXPECT_EQ(first("SELECT $x$ a; $y$"), "more");
  EXPECT_EQ(first("EXECUTE STATEMENT SET BEGIN INSERT INTO a SELECT CASE x WHEN 1 THEN 2 END; "),
            "more");
  EXPECT_EQ(first("BEGIN STATEMENT SET; INSERT INTO a VALUES (1); END; x;"),
            "BEGIN STATEMENT SET; INSERT INTO a VALUES (1); END;");
  EXPECT_EQ(first("BEGIN; x;"), "BEGIN;");
  EXPECT_EQ(first("SELECT 1 @@@"), "SELECT 1 @@@");  // an error is worth showing at once
}

}  // namespace
}  // namespace millrace::sql
