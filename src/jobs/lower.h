#pragma once

#include <cstdint>
#include <memory>

#include "base/result.h"
#include "connectors/builtin.h"
#include "connectors/connector.h"
#include "engine/dataflow.h"
#include "expr/registry.h"
#include "formats/builtin.h"
#include "jobs/forwarding.h"
#include "jobs/result_sink.h"
#include "plan/logical/logical_plan.h"

namespace millrace::jobs {

// What a plan is lowered with. References outlive the dataflow that is made.
struct LowerContext {
  const expr::FunctionRegistry& functions;
  const connectors::Connectors& connectors;
  const formats::Formats& formats;
  connectors::Outside& outside;
  uint32_t parallelism = 1;
  // Where rows for the client go; needed where a sink of the plan has no table.
  std::shared_ptr<ResultRows> result;
  // Takes the sinks whose rows are delivered behind the commit.
  Forwarding& forwarding;
};

// Logical plan -> dataflow: operators by their properties, pipelines cut where rows must change
// shards.
//
// Threading:  a client's thread, none of an executor; connectors list topics and files, outboxes
//             are made.
// Ownership:  the dataflow shares the plan's nodes, tables and expressions.
// Failure:    what connectors, formats and expressions say of a table that cannot be read or
//             written.
Result<engine::Dataflow> lower(const plan::LogicalPlan& plan, const LowerContext& context);

}  // namespace millrace::jobs
