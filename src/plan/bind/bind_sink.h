#pragma once

#include "plan/bind/bind_query.h"
#include "sql/ast/change.h"

namespace millrace::plan {

// INSERT INTO t [(columns)] query: the query, converted to the target's columns, and the sink.
// Failure: kColumnCount, kTypeMismatch, kNotReadable, kSinkNotUpdatable, kNotSupported.
Result<NodePtr> bind_insert(const sql::Insert& insert, const BoundTablePtr& target,
                            const BindContext& context, const sql::SourceText& text);

// LATE INTO: the late rows, converted to the target's columns, and the sink.
Result<NodePtr> late_sink(const LateOutput& late, const sql::SourceText& text);

// A query whose rows, or whose changes of rows, go to the client.
NodePtr client_sink(NodePtr query, SinkMode mode);

}  // namespace millrace::plan
