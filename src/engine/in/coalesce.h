#pragma once

#include <vector>

#include "data/batch.h"

namespace millrace::engine {

// The rows that count of all batches, one behind the other, as one dense batch. REQUIRES: one
// schema, at least one batch, together at most kBatchRowsMax rows. Leaves `batches` empty.
data::Batch coalesce(std::vector<data::Batch>& batches);

}  // namespace millrace::engine
