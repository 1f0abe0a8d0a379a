#pragma once

#include <memory>
#include <vector>

#include "base/result.h"
#include "data/schema.h"
#include "engine/operator.h"
#include "expr/expression.h"

namespace millrace::operators {

// Columns from expressions.
struct ProjectSpec {
  data::SchemaPtr output;
  std::vector<expr::ExpressionPtr> expressions;  // one per output column, of its type
};

// Rows keep their signs. A row of which any column fails, or is NULL where the output forbids it,
// is rejected. NOW() is the last tick. Stateless.
Result<std::unique_ptr<engine::Operator>> make_project(ProjectSpec spec);

}  // namespace millrace::operators
