#include "jobs/lowering.h"
#include "operators/changelog/consolidate.h"
#include "operators/changelog/materialize.h"

namespace millrace::jobs {

// The changes of a key, on one shard and in the order in which they came, as one per epoch. A
// change of rows that are only added takes nothing back: the last one counts as it is.
Lowering::Pipeline Lowering::fold_upserts(Pipeline from, const plan::Node& node,
                                          const plan::Sink& sink) {
  const plan::Properties& rows = node.input()->properties;
  if (rows.append_only() && rows.unique_on(sink.key_columns)) return from;
  const Pipeline pipeline = gather(from, "by_key", sink.key_columns);
  if (rows.append_only()) return pipeline;
  if (sink.materialize) {
    operators::MaterializeSpec spec{.schema = node.schema, .keys = sink.key_columns};
    append(pipeline, [spec](uint32_t) { return operators::make_materialize(spec); }, node);
  } else {
    operators::ConsolidateSpec spec{.schema = node.schema, .keys = sink.key_columns};
    append(pipeline, [spec](uint32_t) { return operators::make_consolidate(spec); });
  }
  return pipeline;
}

Result<void> Lowering::lower_sink(const plan::NodePtr& node) {
  const auto& sink = std::get<plan::Sink>(node->operation);
  Pipeline pipeline = MILLRACE_TRY(stream(node->input()));
  if (sink.table == nullptr) {
    dataflow_.pipelines[pipeline].sink = result_sink(context_.result);
    return {};
  }
  const plan::BoundTablePtr table = sink.table;
  const catalog::TableDefinition& definition = *table->definition;
  const bool upsert = sink.mode == plan::SinkMode::kUpsert;
  if (upsert) pipeline = fold_upserts(pipeline, *node, sink);
  const connectors::Connector* connector =
      MILLRACE_TRY(context_.connectors.find(definition.connector->name));
  const formats::Format* format = nullptr;
  if (definition.format != nullptr) {
    format = MILLRACE_TRY(context_.formats.find(definition.format->name));
  }
  std::vector<connectors::TableColumn> columns;
  for (const uint32_t column : sink.columns) {
    columns.push_back({.field = table->schema->field(column),
                       .metadata_key = definition.columns[column].metadata_key});
  }
  const connectors::SinkRequest request{
      .table = definition.name.to_short_string(),
      .topic = definition.topic(),
      .options = definition.options,
      .format = format,
      .columns = std::move(columns),
      .primary_key = upsert ? sink.key_columns : std::vector<uint32_t>(),
      .shards = dataflow_.pipelines[pipeline].shards,
      .declared = physical_schema(definition),
      .partitioned_by = definition.partitioned_by};
  if (connector->traits().sink.forwarded) {
    dataflow_.pipelines[pipeline].sink = MILLRACE_TRY(context_.forwarding.add(*connector, request));
    return {};
  }
  dataflow_.pipelines[pipeline].sink = [table, connector, request,
                                        &outside = context_.outside](uint32_t shard) {
    connectors::SinkRequest of_shard = request;
    of_shard.shard = shard;
    return connector->sink(of_shard, outside);
  };
  return {};
}

}  // namespace millrace::jobs
