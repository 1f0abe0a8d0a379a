#include <fmt/core.h>

#include <algorithm>

#include "expr/build.h"
#include "jobs/event_time_order.h"
#include "jobs/lowering.h"
#include "jobs/row_json.h"
#include "jobs/source_functions.h"
#include "jobs/values_source.h"

namespace millrace::jobs {
namespace {

using catalog::ColumnKind;
using expr::ExpressionPtr;

// ScanColumns: the three shapes of a scan's rows: what the connector decodes, what the source task
// makes of it (computed columns; what the filter and the event time need), both in the table's
// order; what goes on.
class ScanColumns {
 public:
  ScanColumns(const plan::BoundTable& table, const plan::Scan& scan) : table_(table) {
    for (const uint32_t column : scan.columns) add(made_, column);
    for (const uint32_t column : scan.reads) add(made_, column);
    if (scan.filter != nullptr) need(*scan.filter);
    if (table.time_column) {
      need(*expr::make_column(*table.schema, *table.time_column));
      need(*table.watermark);
    }
    std::ranges::sort(made_);
    for (const uint32_t column : made_) need_decoded(column);
    std::ranges::sort(decoded_);
  }

  // Table columns that the connector decodes, and that the projection makes of them.
  const std::vector<uint32_t>& decoded() const { return decoded_; }
  const std::vector<uint32_t>& made() const { return made_; }

  bool needs_projection() const { return made_ != decoded_; }

  // An expression over the table's columns, as one over the made ones.
  ExpressionPtr over_made(const ExpressionPtr& expression) const {
    return expr::with_columns(expression, places(made_));
  }
  // Column `column` of the table from the decoded ones.
  ExpressionPtr from_decoded(uint32_t column) const {
    const ExpressionPtr& computed = table_.computed[column];
    if (computed == nullptr) {
      const auto at = std::ranges::find(decoded_, column) - decoded_.begin();
      const data::Field& field = table_.schema->field(column);
      return expr::make_column(static_cast<uint32_t>(at), field.name, field.type, field.nullable);
    }
    std::vector<ExpressionPtr> inputs(table_.schema->columns());
    for (const uint32_t input : expr::columns_of(*computed)) inputs[input] = from_decoded(input);
    return expr::with_inputs(computed, inputs);
  }
  data::SchemaPtr made_schema() const {
    std::vector<data::Field> fields;
    for (const uint32_t column : made_) fields.push_back(table_.schema->field(column));
    return data::make_schema(std::move(fields));
  }

 private:
  void need(const expr::Expression& expression) {
    for (const uint32_t column : expr::columns_of(expression)) add(made_, column);
  }
  void need_decoded(uint32_t column) {
    const ExpressionPtr& computed = table_.computed[column];
    if (computed == nullptr) {
      add(decoded_, column);
      return;
    }
    for (const uint32_t input : expr::columns_of(*computed)) need_decoded(input);
  }
  static void add(std::vector<uint32_t>& to, uint32_t column) {
    if (std::ranges::find(to, column) == to.end()) to.push_back(column);
  }
  std::vector<uint32_t> places(const std::vector<uint32_t>& columns) const {
    std::vector<uint32_t> map(table_.schema->columns());
    for (size_t at = 0; at < columns.size(); ++at) map[columns[at]] = static_cast<uint32_t>(at);
    return map;
  }

  const plan::BoundTable& table_;
  std::vector<uint32_t> made_;
  std::vector<uint32_t> decoded_;
};

// Conjuncts of the filter that a connector may skip by: over physical columns.
std::vector<data::SimplePredicate> simple_predicates(const plan::BoundTable& table,
                                                     const ExpressionPtr& filter,
                                                     const data::Schema& declared) {
  std::vector<data::SimplePredicate> predicates;
  if (filter == nullptr) return predicates;
  for (const ExpressionPtr& conjunct : expr::conjuncts(filter)) {
    auto predicate = expr::as_simple_predicate(*conjunct);
    if (!predicate) continue;
    const auto at = declared.find(table.schema->field(predicate->column).name);
    if (!at || table.computed[predicate->column] != nullptr) continue;
    predicate->column = *at;
    predicates.push_back(std::move(*predicate));
  }
  return predicates;
}

std::vector<uint32_t> upsert_key(const catalog::TableDefinition& definition,
                                 const data::Schema& declared) {
  std::vector<uint32_t> key;
  if (!definition.is_upsert()) return key;
  for (const std::string& name : definition.primary_key) {
    key.push_back(static_cast<uint32_t>(declared.find(name).value()));
  }
  return key;
}

// The lower of what every table may set and of what the connector's own options say; 0: no limit.
double rows_per_second(const catalog::TableDefinition& definition) {
  const double common = definition.options.real("scan.rows-per-second");
  const auto own_limit = definition.connector->rows_per_second;
  const double own = own_limit != nullptr ? own_limit(definition.options) : 0;
  return common > 0 && own > 0 ? std::min(common, own) : std::max(common, own);
}

Result<std::shared_ptr<engine::Source>> open_source(const plan::BoundTable& table,
                                                    const plan::Scan& scan,
                                                    const ScanColumns& columns,
                                                    const LowerContext& context) {
  const catalog::TableDefinition& definition = *table.definition;
  const connectors::Connector* connector =
      MILLRACE_TRY(context.connectors.find(definition.connector->name));
  const data::SchemaPtr declared = physical_schema(definition);
  connectors::SourceRequest request{.table = definition.name.to_short_string(),
                                    .topic = definition.topic(),
                                    .options = definition.options,
                                    .declared = declared,
                                    .null_on_error = definition.options.text("on-error") == "null",
                                    .until_now = scan.until_now,
                                    .upsert_key = upsert_key(definition, *declared),
                                    .splits_wanted = context.parallelism,
                                    .partitioned_by = definition.partitioned_by};
  if (definition.format != nullptr) {
    request.format = MILLRACE_TRY(context.formats.find(definition.format->name));
  }
  for (const uint32_t column : columns.decoded()) {
    request.columns.push_back({.field = table.schema->field(column),
                               .metadata_key = definition.columns[column].metadata_key});
  }
  // Rows that a format skips would not reach the watermark.
  if (!table.time_column) {
    request.predicates = simple_predicates(table, scan.filter, *declared);
  }
  return connector->source(request, context.outside);
}

}  // namespace

Result<Lowering::Pipeline> Lowering::lower_scan(const plan::Node& node, const plan::Scan& scan) {
  const plan::BoundTablePtr table = scan.table;
  const traits::Options& options = table->definition->options;
  const ScanColumns columns(*table, scan);

  engine::SourceSpec source;
  source.table = table->definition->name.to_short_string();
  source.id = fmt::format("{}#{}", source.table, source_ordinals_[source.table]++);
  source.source = MILLRACE_TRY(open_source(*table, scan, columns, context_));
  source.rows_per_second = rows_per_second(*table->definition);
  source.row_text = row_as_json;
  const std::string& on_error = options.text("on-error");
  if (on_error == "fail") source.on_rejection = engine::OnRejection::kFail;
  if (on_error == "skip") source.on_rejection = engine::OnRejection::kSkip;
  std::vector<ExpressionPtr> made;
  for (const uint32_t column : columns.made()) made.push_back(columns.from_decoded(column));
  const data::SchemaPtr made_schema = columns.made_schema();
  if (columns.needs_projection()) {
    source.projection = [made_schema, made, null_on_error = on_error == "null"](uint32_t) {
      return make_row_projection(made_schema, made, null_on_error);
    };
  }
  if (scan.filter != nullptr) {
    source.filter = [condition = columns.over_made(scan.filter)](uint32_t) {
      return make_row_filter(condition);
    };
  }
  if (table->time_column) {
    const ExpressionPtr time =
        columns.over_made(expr::make_column(*table->schema, *table->time_column));
    const ExpressionPtr watermark = columns.over_made(table->watermark);
    source.event_time = engine::EventTimeSpec{
        .event_time = [time, watermark](uint32_t) { return make_event_time(time, watermark); },
        .granularity_us = granularity_us_,
        .far_future_us = options.duration_us("scan.far-future"),
        .idle_timeout_us = options.duration_us("scan.watermark.idle-timeout")};
    if (options.text("scan.order") == "event-time") {
      source.source = order_by_event_time(
          source.source, columns.needs_projection() ? made : std::vector<ExpressionPtr>(),
          made_schema, time);
    }
  }
  const Pipeline pipeline = begin(source.table, context_.parallelism);
  dataflow_.pipelines[pipeline].source = std::move(source);
  if (columns.made() != scan.columns) {
    std::vector<ExpressionPtr> kept;
    for (const uint32_t column : scan.columns) {
      kept.push_back(columns.over_made(expr::make_column(*table->schema, column)));
    }
    add_projection(pipeline, node.schema, std::move(kept));
  }
  return pipeline;
}

Result<Lowering::Pipeline> Lowering::lower_values(const plan::Node& node,
                                                  const plan::Values& values) {
  engine::SourceSpec source;
  source.table = "VALUES";
  source.id = fmt::format("VALUES#{}", source_ordinals_[source.table]++);
  source.source = make_values_source(node.schema, values.rows);
  source.row_text = row_as_json;
  const Pipeline pipeline = begin(source.table, 1);
  dataflow_.pipelines[pipeline].source = std::move(source);
  return pipeline;
}

}  // namespace millrace::jobs
