#include "sql/text/source_text.h"

#include <gtest/gtest.h>

namespace millrace::sql {
namespace {

TEST(SourceText, PlacesCountLinesAndCharactersFromOne) {
  const SourceText source("a\nbü c\n", "x.sql");
  EXPECT_EQ(source.place({0, 1}), "x.sql:1:1");
  EXPECT_EQ(source.place({2, 1}), "x.sql:2:1");
  EXPECT_EQ(source.place({6, 1}), "x.sql:2:4");
  EXPECT_EQ(source.place({8, 0}), "x.sql:3:1");
  EXPECT_EQ(SourceText("a", "").place({0, 1}), "1:1");
}

TEST(SourceText, TheExcerptHasCaretsUnderTheSpan) {
  EXPECT_EQ(SourceText("a\nbü cde f\n", "").excerpt({6, 3}),
            "  2 | bü cde f\n"
            "    |    ^^^");
  EXPECT_EQ(SourceText("\tab", "").excerpt({1, 2}),
            "  1 |  ab\n"
            "    |  ^^");
}

TEST(SourceText, ASpanOfSeveralLinesIsMarkedToTheEndOfItsFirst) {
  EXPECT_EQ(SourceText("abc\r\ndef", "").excerpt({1, 6}),
            "  1 | abc\n"
            "    |  ^^");
}

TEST(SourceText, TheEndOfTheTextHasACaretBehindIt) {
  EXPECT_EQ(SourceText("ab", "").excerpt({2, 0}),
            "  1 | ab\n"
            "    |   ^");
  EXPECT_EQ(SourceText("", "").excerpt({0, 0}),
            "  1 | \n"
            "    | ^");
}

TEST(SourceText, LongLinesAreCutAroundTheSpan) {
  const std::string text = std::string(200, 'a') + "XYZ" + std::string(200, 'b');
  const std::string excerpt = SourceText(text, "").excerpt({200, 3});
  EXPECT_EQ(excerpt, "  1 | …" + std::string(60, 'a') + "XYZ" + std::string(33, 'b') + "…\n" +
                         "    | " + std::string(61, ' ') + "^^^");
}

TEST(SourceText, ControlCharactersAreNotShown) {
  EXPECT_EQ(SourceText("a\x1B[31m", "").excerpt({0, 1}),
            "  1 | a [31m\n"
            "    | ^");
}

}  // namespace
}  // namespace millrace::sql
