#pragma once

#include <memory>
#include <vector>

#include "base/result.h"
#include "data/schema.h"
#include "engine/row_functions.h"
#include "expr/expression.h"

namespace millrace::jobs {

// What a source task evaluates, from expressions over the columns that it decodes. One object a
// task.
//
// Failure: kInvalidArgument for a constant that can never work.

// The columns of `schema`, one expression each. With `null_on_error` a value that cannot be
// computed is NULL, else its row is rejected.
Result<std::unique_ptr<engine::RowProjection>> make_row_projection(
    data::SchemaPtr schema, std::vector<expr::ExpressionPtr> columns, bool null_on_error);

// Rows where `condition` is TRUE.
Result<std::unique_ptr<engine::RowFilter>> make_row_filter(expr::ExpressionPtr condition);

// Event time from `time` and the watermark from `watermark`, both of a TIMESTAMP type.
Result<std::unique_ptr<engine::EventTime>> make_event_time(expr::ExpressionPtr time,
                                                           expr::ExpressionPtr watermark);

}  // namespace millrace::jobs
