#pragma once

#include <cstdint>

#include "broker/transactions/transaction.h"
#include "commit/record_batch.h"

namespace millrace::broker {

// The control batch that ends a producer's transaction in one partition.
commit::RecordBatch make_marker(ProducerIdentity producer, bool commit, int64_t now_ms,
                                int32_t coordinator_epoch = 0);

}  // namespace millrace::broker
