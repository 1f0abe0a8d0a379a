#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "expr/aggregate.h"

namespace millrace::operators {

// One aggregate function over columns of the input. What was an expression has been projected
// before, so its row errors have been consumed.
struct AggregateCall {
  expr::BoundAggregatePtr function;
  std::vector<uint32_t> arguments;  // columns, of the function's argument types; COUNT(*): none
  std::optional<uint32_t> filter;   // BOOLEAN column: rows where it is TRUE
  bool distinct = false;
};

}  // namespace millrace::operators
