#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "base/result.h"
#include "data/schema.h"
#include "engine/operator.h"

namespace millrace::operators {

struct SortKey {
  uint32_t column = 0;
  bool descending = false;
  bool nulls_first = false;
};

// ORDER BY, LIMIT and OFFSET of an input that ends.
struct SortLimitSpec {
  data::SchemaPtr schema;     // of input and output
  std::vector<SortKey> keys;  // none: as they come (changing input: by the full row)
  bool by_source = false;     // batches know their origin, which decides between equal keys
  std::optional<uint64_t> limit;
  uint64_t offset = 0;
  bool changing_input = false;  // the input may retract
};

// Emits at the barrier behind the input's end: what is left of the changes, in order, as +I. Ties
// are broken by the place where the rows were read, or by the full row. With a limit over
// append-only input it keeps limit + offset rows.
//
// State: every row that may be emitted; gone when it was. REQUIRES: one shard.
Result<std::unique_ptr<engine::Operator>> make_sort_limit(SortLimitSpec spec);

}  // namespace millrace::operators
