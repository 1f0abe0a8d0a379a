#pragma once

#include "jobs/result_sink.h"

namespace millrace::session {

// What SUBSCRIBE tells: a query's columns, then _op ("+I", "-U", "+U", "-D") and _epoch.
data::SchemaPtr change_schema(const data::Schema& query);

// Changes of an epoch as such rows, all +I themselves.
data::Batch change_rows(const data::SchemaPtr& schema, const jobs::ResultRows::Chunk& chunk);

}  // namespace millrace::session
