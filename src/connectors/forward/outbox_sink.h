#pragma once

#include <memory>

#include "commit/ids.h"
#include "connectors/forward/backlog.h"
#include "engine/sink.h"

namespace millrace::connectors {

// The sink of a forwarded table: stages rows, as blocks in records, in a partition of the outbox:
// the internal topic between a job and its forwarder.
std::unique_ptr<engine::Sink> make_outbox_sink(commit::PartitionId outbox,
                                               std::shared_ptr<Backlog> backlog);

}  // namespace millrace::connectors
