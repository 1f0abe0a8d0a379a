#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/result.h"
#include "data/schema.h"
#include "engine/operator.h"
#include "operators/aggregate/aggregate_call.h"

namespace millrace::operators {

// GROUP BY without a window; without calls: DISTINCT.
struct GroupAggregateSpec {
  data::SchemaPtr input;
  data::SchemaPtr output;      // the keys, then a column per call
  std::vector<uint32_t> keys;  // columns of the input; none: one row, always
  std::vector<AggregateCall> calls;
  bool changing_input = false;  // the input may retract
};

// Once per epoch one net change per key: +I, -U +U, -D, or nothing if the row is as it was. A group
// without rows disappears; without keys the one row stays (COUNT 0, SUM NULL), and is there from
// the first epoch on, from shard 0 alone. NULL is a key like any other. A group whose result is out
// of range is rejected and has no row until it is back in range.
//
// State: one entry per key; a multiset per key for DISTINCT, and for what cannot be taken out of an
// accumulator. REQUIRES: rows arrive by hash of `keys`.
// Failure: kNotSupported: a call that cannot be kept up to date over changing input.
Result<std::unique_ptr<engine::Operator>> make_group_aggregate(GroupAggregateSpec spec);

}  // namespace millrace::operators
