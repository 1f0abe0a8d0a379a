#include "slt/script.h"

#include <gtest/gtest.h>

namespace millrace::slt {
namespace {

std::vector<Block> parsed(std::string_view text) {
  auto blocks = parse_script(text, "f.slt");
  EXPECT_TRUE(blocks) << blocks.error().to_string();
  return blocks ? *blocks : std::vector<Block>();
}

std::string refusal(std::string_view text) {
  const auto blocks = parse_script(text, "f.slt");
  return blocks ? "read" : blocks.error().to_string();
}

TEST(Script, ReadsAQueryWithItsRowsAndItsLine) {
  const auto blocks = parsed("# about\n\nquery rowsort\nSELECT 1,\n  2\n----\n1\t2\n3 | 4  \n");
  ASSERT_EQ(blocks.size(), 1U);
  EXPECT_EQ(blocks[0].line, 3);
  const auto& query = std::get<QueryBlock>(blocks[0].content);
  EXPECT_TRUE(query.sorted);
  EXPECT_EQ(query.sql, "SELECT 1,\n  2;\n");
  EXPECT_EQ(query.rows, (Lines{"1 | 2", "3 | 4"}));
}

TEST(Script, ReadsWhatAnErrorMustBe) {
  const auto blocks = parsed("statement error MR-2006 did you mean\nSELECT x;");
  const auto& statement = std::get<StatementBlock>(blocks.at(0).content);
  EXPECT_TRUE(statement.fails);
  EXPECT_EQ(statement.error.code, "MR-2006");
  EXPECT_EQ(statement.error.part, "did you mean");
  EXPECT_EQ(statement.sql, "SELECT x;\n");
}

TEST(Script, ReadsDurationsAndStreams) {
  const auto blocks = parsed("advance 5 min\n\nstream s\nSELECT 1\n\nexpect fold s\na\n\ncrash");
  ASSERT_EQ(blocks.size(), 4U);
  EXPECT_EQ(std::get<AdvanceBlock>(blocks[0].content).us, 300'000'000);
  EXPECT_EQ(std::get<StreamBlock>(blocks[1].content).name, "s");
  EXPECT_EQ(std::get<ExpectBlock>(blocks[2].content).what, Expected::kFold);
  EXPECT_TRUE(std::holds_alternative<CrashBlock>(blocks[3].content));
}

TEST(Script, SkipsABlockOrTheRest) {
  const auto blocks = parsed("skip a b\nstatement ok\nSELECT 1\n\nskip c\n\nbarrier");
  ASSERT_EQ(blocks.size(), 4U);
  EXPECT_EQ(std::get<SkipBlock>(blocks[0].content).worlds, (Lines{"a", "b"}));
  EXPECT_FALSE(std::get<SkipBlock>(blocks[0].content).rest_of_file);
  EXPECT_TRUE(std::get<SkipBlock>(blocks[2].content).rest_of_file);
}

TEST(Script, SaysWhereItIsWrong) {
  EXPECT_TRUE(refusal("\nqurey\nSELECT 1").starts_with("MR-2001 f.slt:2: 'qurey' begins no block"));
  EXPECT_TRUE(refusal("query\nSELECT 1").starts_with("MR-2001 f.slt:1"));
  EXPECT_TRUE(refusal("statement maybe\nSELECT 1").starts_with("MR-2001"));
  EXPECT_TRUE(refusal("statement error\nSELECT 1").starts_with("MR-2001"));
  EXPECT_TRUE(refusal("advance 5 parsecs").starts_with("MR-2001"));
  EXPECT_TRUE(refusal("expect something s").starts_with("MR-2001"));
  EXPECT_TRUE(refusal("push t").starts_with("MR-2001"));
}

}  // namespace
}  // namespace millrace::slt
