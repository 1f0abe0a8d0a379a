#pragma once

#include <memory>

#include "connectors/connector.h"

namespace millrace::connectors {

// Rows -> records of a topic, staged in the epoch's unit. Without a primary key a shard writes to
// its own partition; with one the key columns are the record's key and murmur2 of it names the
// partition, +I and +U write the row, -D a record without value, and -U nothing (a +U or -D of the
// same key follows).
//
// Failure: kTopicNotFound; kRecordTooLarge for one row.
Result<std::unique_ptr<engine::Sink>> make_topic_sink(const SinkRequest& request, Outside& outside);

}  // namespace millrace::connectors
