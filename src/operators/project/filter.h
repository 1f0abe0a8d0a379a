#pragma once

#include <memory>

#include "base/result.h"
#include "engine/operator.h"
#include "expr/expression.h"

namespace millrace::operators {

// Rows where a condition is TRUE.
struct FilterSpec {
  expr::ExpressionPtr predicate;  // BOOLEAN, over the input's columns
};

// Rows keep their signs and columns; only the selection changes. A row whose condition fails is
// rejected. NOW() is the last tick. Stateless.
Result<std::unique_ptr<engine::Operator>> make_filter(FilterSpec spec);

}  // namespace millrace::operators
