#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "catalog/definition.h"
#include "data/schema.h"
#include "expr/expression.h"

namespace millrace::plan {

// BoundTable: a table's definition with its expressions bound: over the table's own columns, all of
// them, in the order of the definition. Immutable, shared.
struct BoundTable {
  catalog::TablePtr definition;
  data::SchemaPtr schema;  // definition->schema()
  // Per column: its expression, or null where it is not computed. A computed column may use any
  // column but itself and, through others, itself.
  std::vector<expr::ExpressionPtr> computed;
  // Event time and the watermark's value for a row; both or neither.
  std::optional<uint32_t> time_column;
  expr::ExpressionPtr watermark;
};
using BoundTablePtr = std::shared_ptr<const BoundTable>;

}  // namespace millrace::plan
