#include "cli/rows/text_width.h"

#include <gtest/gtest.h>

namespace millrace::cli {
namespace {

TEST(TextWidth, CountsColumnsNotBytes) {
  EXPECT_EQ(width_of(""), 0);
  EXPECT_EQ(width_of("abc"), 3);
  EXPECT_EQ(width_of("Zürich"), 6);
  EXPECT_EQ(width_of("日本"), 4);
}

TEST(TextWidth, CountsWhatIsDrawnAsOneOnce) {
  EXPECT_EQ(width_of("e\u0301"), 1);             // a letter with its mark
  EXPECT_EQ(width_of("👍🏽"), 2);                // with a tone of skin
  EXPECT_EQ(width_of("👩‍👩‍👧"), 2);  // a family, joined
  EXPECT_EQ(width_of("\u2764\uFE0F"), 2);        // a heart that asks to be an emoji
}

TEST(TextWidth, CountsABytewiseFaultAsOneColumn) {
  EXPECT_EQ(width_of("\xff\xfe"), 2);
}

TEST(TextWidth, OneLineShowsWhatATerminalWouldObey) {
  EXPECT_EQ(on_one_line("plain 日本"), "plain 日本");
  EXPECT_EQ(on_one_line("a\nb\tc\rd"), "a\\nb\\tc\\rd");
  EXPECT_EQ(on_one_line("\x1b[31m"), "\\x1B[31m");
  EXPECT_EQ(on_one_line("\xff!"), "\\xFF!");
  EXPECT_EQ(on_one_line("\u009b"), "\\xC2\\x9B");
}

TEST(TextWidth, CutsBetweenLettersOnly) {
  EXPECT_EQ(cut_to_width("abcdef", 3), "abc");
  EXPECT_EQ(cut_to_width("日本語", 5), "日本");
  EXPECT_EQ(cut_to_width("e\u0301e\u0301", 1), "e\u0301");
  EXPECT_EQ(cut_to_width("ab", 9), "ab");
}

}  // namespace
}  // namespace millrace::cli
