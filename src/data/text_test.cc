#include "data/text.h"

#include <gtest/gtest.h>

#include <string>

namespace millrace::data {
namespace {

TEST(Text, ShortOnesStandInlineWithZeroesBehind) {
  const std::string letters = "abcdefghijkl";
  for (size_t length = 0; length <= Text::kInlineBytesMax; ++length) {
    // Nothing past the text may be read: it ends where its allocation ends.
    const std::string bytes = letters.substr(0, length);
    const Text text = Text::inlined(bytes);
    EXPECT_TRUE(text.is_inline());
    EXPECT_EQ(text.inlined_view(), bytes);
    char expected[16] = {};
    expected[0] = static_cast<char>(length);
    bytes.copy(expected + 4, length);
    EXPECT_EQ(std::memcmp(&text, expected, sizeof(expected)), 0) << length;
  }
}

TEST(Text, CopyShortCopiesExactlyItsBytes) {
  const std::string letters = "abcdefghijklmnop";
  for (size_t length = 0; length <= 16; ++length) {
    std::string to(20, '.');
    copy_short(to.data() + 2, letters.data(), length);
    EXPECT_EQ(to, ".." + letters.substr(0, length) + std::string(18 - length, '.'));
  }
}

}  // namespace
}  // namespace millrace::data
