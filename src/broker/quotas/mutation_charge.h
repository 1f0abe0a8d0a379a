#pragma once

#include <cstddef>

#include "broker/call.h"
#include "broker/refusal.h"

namespace millrace::broker {

// So many partitions are about to be made or removed for a client: counts them against its
// `controller_mutation_rate`. Newer versions of requests are refused while it is used up
// (THROTTLING_QUOTA_EXCEEDED), older ones only told to wait.
Refusal charge_mutations(const Call& call, size_t partitions);

}  // namespace millrace::broker
