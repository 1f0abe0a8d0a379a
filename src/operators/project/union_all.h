#pragma once

#include <cstdint>
#include <memory>

#include "base/result.h"
#include "data/schema.h"
#include "engine/operator.h"

namespace millrace::operators {

// The rows of all inputs.
struct UnionAllSpec {
  data::SchemaPtr output;  // the types of every input
  uint32_t ports = 2;
};

// Rows keep their signs; columns are shared, under the output's names. Stateless.
Result<std::unique_ptr<engine::Operator>> make_union_all(UnionAllSpec spec);

}  // namespace millrace::operators
