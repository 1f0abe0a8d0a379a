#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/result.h"
#include "data/schema.h"
#include "engine/operator.h"

namespace millrace::operators {

// Rows that change under other keys than the target's.
struct MaterializeSpec {
  data::SchemaPtr schema;  // of input and output
  std::vector<uint32_t> keys;
};

// Of all live rows of a key the one that came last counts; when it goes, the one before it counts
// again. Once per epoch one net change per key: +I, -U +U, -D, or nothing. A retraction of a row
// that is not live is rejected (kOverRetraction).
//
// State: every live row. REQUIRES: rows arrive by hash of `keys`.
Result<std::unique_ptr<engine::Operator>> make_materialize(MaterializeSpec spec);

}  // namespace millrace::operators
