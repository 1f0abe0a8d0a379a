#include "expr/build.h"
#include "jobs/lowering.h"
#include "operators/aggregate/group_aggregate.h"
#include "operators/window/window_aggregate.h"

namespace millrace::jobs {
namespace {

Result<std::vector<operators::AggregateCall>> calls_of(const plan::Node& node,
                                                       const plan::Aggregate& aggregate,
                                                       const expr::FunctionRegistry& functions) {
  std::vector<operators::AggregateCall> calls;
  const data::Schema& input = *node.input()->schema;
  for (const plan::AggregateCall& call : aggregate.calls) {
    std::vector<data::Type> types;
    for (const uint32_t column : call.arguments) types.push_back(input.field(column).type);
    calls.push_back({.function = MILLRACE_TRY(functions.aggregate(call.function, types)),
                     .arguments = call.arguments,
                     .filter = call.filter,
                     .distinct = call.distinct});
  }
  return calls;
}

}  // namespace

Result<Lowering::Pipeline> Lowering::lower_aggregate(const plan::Node& node,
                                                     const plan::Aggregate& aggregate) {
  const Pipeline pipeline = gather(MILLRACE_TRY(stream(node.input())), "aggregate", aggregate.keys);
  operators::GroupAggregateSpec spec{
      .input = node.input()->schema,
      .output = node.schema,
      .keys = aggregate.keys,
      .calls = MILLRACE_TRY(calls_of(node, aggregate, context_.functions)),
      .changing_input = !node.input()->properties.append_only()};
  append(pipeline, [spec](uint32_t) { return operators::make_group_aggregate(spec); }, node);
  return pipeline;
}

Result<Lowering::Pipeline> Lowering::lower_window_aggregate(const plan::Node& node,
                                                            const plan::Aggregate& aggregate) {
  const plan::AggregateWindow& window = *aggregate.window;
  const Pipeline input = MILLRACE_TRY(stream(node.input()));
  Pipeline pipeline = gather(input, "window_aggregate", aggregate.keys);
  if (pipeline == input && window.late_columns > 0) {
    // No other operator of its pipeline finds rows late.
    pipeline = begin("window_aggregate", dataflow_.pipelines[input].shards);
    connect(input, pipeline, 0, engine::Routing::kForward);
  }
  operators::WindowAggregateSpec spec{
      .window = {.size_us = window.window.size_us,
                 .slide_us = window.window.slide_us,
                 .offset_us = window.window.offset_us},
      .time_column = window.time_column,
      .input = node.input()->schema,
      .output = node.schema,
      .keys = aggregate.keys,
      .calls = MILLRACE_TRY(calls_of(node, aggregate, context_.functions)),
      .changing_input = !node.input()->properties.append_only(),
      .allowed_lateness_us = window.emit.allowed_lateness_us,
      .early = window.emit.early != plan::Emit::Early::kNone,
      .early_every_us = window.emit.every_us,
      .early_rows = static_cast<uint64_t>(window.emit.after_rows),
      .discarding = window.emit.discarding};
  append(pipeline, [spec](uint32_t) { return operators::make_window_aggregate(spec); }, node);
  return pipeline;
}

Result<Lowering::Pipeline> Lowering::lower_late_rows(const plan::Node& node) {
  const Pipeline from = MILLRACE_TRY(lower_shared(node.input()));
  const Pipeline late = begin("late", dataflow_.pipelines[from].shards);
  dataflow_.edges.push_back(
      {.from = from, .to = late, .port = 0, .routing = engine::Routing::kForward, .late = true});
  const data::Schema& rows = *node.input()->input()->schema;
  std::vector<expr::ExpressionPtr> first;
  for (uint32_t column = 0; column < node.schema->columns(); ++column) {
    first.push_back(expr::make_column(rows, column));
  }
  add_projection(late, node.schema, std::move(first));
  return late;
}

}  // namespace millrace::jobs
