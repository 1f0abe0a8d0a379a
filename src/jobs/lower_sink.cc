#include "jobs/lowering.h"

namespace millrace::jobs {

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
  // Rows of one key in the order in which they came, on one shard.
  if (upsert && !node->input()->properties.unique_on(sink.key_columns)) {
    pipeline = gather(pipeline, "by_key", sink.key_columns);
  }
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
  const uint32_t shards = dataflow_.pipelines[pipeline].shards;
  dataflow_.pipelines[pipeline].sink = [table, connector, format, columns, shards,
                                        keys = upsert ? sink.key_columns : std::vector<uint32_t>(),
                                        &outside = context_.outside](uint32_t shard) {
    const catalog::TableDefinition& target = *table->definition;
    return connector->sink({.table = target.name.to_short_string(),
                            .topic = target.topic(),
                            .options = target.options,
                            .format = format,
                            .columns = columns,
                            .primary_key = keys,
                            .shard = shard,
                            .shards = shards},
                           outside);
  };
  return {};
}

}  // namespace millrace::jobs
