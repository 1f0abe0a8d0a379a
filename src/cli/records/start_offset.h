#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.h"

namespace millrace::cli {

// Where reading begins: start, end, N, -N for the last N of each partition, @TIME.
struct StartOffset {
  enum class Kind : uint8_t { kNumber, kFromEnd, kTime };
  Kind kind = Kind::kNumber;
  int64_t number = 0;  // an offset, how many before the end, or ms since 1970

  // In a partition that holds [start, end). REQUIRES: kind is not kTime.
  int64_t in(int64_t start, int64_t end) const;
};

// Failure: kInvalidOption.
Result<StartOffset> parse_start_offset(std::string_view text);

}  // namespace millrace::cli
