#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/result.h"
#include "data/schema.h"
#include "engine/operator.h"

namespace millrace::operators {

// Upserts as a changelog.
struct UpsertNormalizeSpec {
  data::SchemaPtr schema;  // of input and output
  std::vector<uint32_t> keys;
};

// +I and +U: the newest row of their key; -D removes it, whatever its other columns say; -U means
// nothing. One net change per key, +I, -U +U, -D, or nothing, at each barrier and before each
// watermark that passes.
//
// State: the row of every key. REQUIRES: rows arrive by hash of `keys`, a key's rows in order.
Result<std::unique_ptr<engine::Operator>> make_upsert_normalize(UpsertNormalizeSpec spec);

}  // namespace millrace::operators
