#include "base/zeroed_pages.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <utility>

namespace millrace {
namespace {

TEST(ZeroedPages, AreZeroAndStayWhereTheyAreWhenMoved) {
  for (const size_t bytes : {size_t{512}, size_t{3} << 20}) {
    ZeroedPages pages(bytes);
    EXPECT_EQ(std::count(pages.data(), pages.data() + bytes, std::byte{0}),
              static_cast<std::ptrdiff_t>(bytes));
    pages.data()[bytes - 1] = std::byte{7};
    std::byte* const data = pages.data();
    ZeroedPages moved = std::move(pages);
    EXPECT_EQ(moved.data(), data);
    EXPECT_EQ(moved.data()[bytes - 1], std::byte{7});
    moved = ZeroedPages();
    EXPECT_EQ(moved.data(), nullptr);
  }
}

}  // namespace
}  // namespace millrace
