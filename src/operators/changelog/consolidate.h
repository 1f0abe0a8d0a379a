#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/result.h"
#include "data/schema.h"
#include "engine/operator.h"

namespace millrace::operators {

// The changes of an epoch, folded per key.
struct ConsolidateSpec {
  data::SchemaPtr schema;  // of input and output
  std::vector<uint32_t> keys;
};

// Once per epoch and key: the changes as a multiset of full rows. A row that was taken out and one
// that is left decide: none -> row +I, row -> none -D, row -> other -U +U, equal nothing. Of
// several rows that are left the one that came last counts.
//
// State: none beyond the epoch. REQUIRES: rows arrive by hash of `keys`.
Result<std::unique_ptr<engine::Operator>> make_consolidate(ConsolidateSpec spec);

}  // namespace millrace::operators
