#pragma once

#include <memory>

#include "commit/ids.h"
#include "connectors/forward/backlog.h"
#include "data/schema.h"
#include "engine/sink.h"

namespace millrace::connectors {

// The sink of a forwarded table: stages rows, as blocks in records, in a partition of the outbox:
// the internal topic between a job and its forwarder. `schema`: what the forwarder reads them as;
// what a query gives has its types, maybe with other names, and NULLs in fewer columns.
std::unique_ptr<engine::Sink> make_outbox_sink(commit::PartitionId outbox, data::SchemaPtr schema,
                                               std::shared_ptr<Backlog> backlog);

}  // namespace millrace::connectors
