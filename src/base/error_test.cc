#include "base/error.h"

#include <gtest/gtest.h>

#include "base/result.h"

namespace millrace {
namespace {

static_assert(sizeof(Error) == sizeof(void*));
enum class Byte : uint8_t { kOne };
static_assert(sizeof(Result<Byte>) <= 16);

Result<int> half(int number) {
  if (number % 2 != 0) {
    return Error(ErrorCode::kInvalidArgument, "an even number is needed, found 3")
        .at("here:1:2")
        .remedy("Give 2 or 4.");
  }
  return number / 2;
}

Result<int> quarter(int number) {
  const int once = MILLRACE_TRY(half(number));
  return MILLRACE_TRY(half(once));
}

TEST(Error, PrintsCodePlaceMessageAndRemedy) {
  EXPECT_EQ(half(3).error().to_string(),
            "MR-3008 here:1:2: an even number is needed, found 3\n  Give 2 or 4.");
}

TEST(Error, TryPassesValuesAndErrorsThrough) {
  EXPECT_EQ(quarter(8).value(), 2);
  EXPECT_EQ(quarter(6).error().code(), ErrorCode::kInvalidArgument);
}

TEST(Error, TableFindsRowsByNumberOnly) {
  ASSERT_NE(find_error(2006), nullptr);
  EXPECT_EQ(find_error(2006)->name, "ColumnNotFound");
  EXPECT_EQ(find_error(2999), nullptr);
}

}  // namespace
}  // namespace millrace
