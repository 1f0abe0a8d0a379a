#pragma once

#include <memory>
#include <vector>

#include "data/schema.h"
#include "engine/source.h"
#include "expr/expression.h"

namespace millrace::jobs {

// 'scan.order' = 'event-time': a source whose splits give their rows in the order of `time`, rows
// of one time as they came, rows without a time first. Each split is read whole before its first
// row goes on.
//
// `made` (empty: the decoded columns as they are) turns decoded rows into those that `time` is
// over, with `made_schema`; the rows that go on are the decoded ones.
std::shared_ptr<engine::Source> order_by_event_time(std::shared_ptr<engine::Source> source,
                                                    std::vector<expr::ExpressionPtr> made,
                                                    data::SchemaPtr made_schema,
                                                    expr::ExpressionPtr time);

}  // namespace millrace::jobs
