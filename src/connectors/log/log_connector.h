#pragma once

#include "connectors/connector.h"

namespace millrace::connectors {

// 'log': a topic of the embedded log, and what a table without connector is. Reads committed
// records only; writes in the epoch's unit. With a primary key: upserts, key columns as the
// record's key, a record without value deletes.
const Connector& log_connector();

// Metadata columns of topics, by key: partition, offset, timestamp, key, headers.
const std::vector<traits::MetadataColumn>& topic_metadata();

}  // namespace millrace::connectors
