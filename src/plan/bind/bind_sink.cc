#include "plan/bind/bind_sink.h"

#include <fmt/core.h>

#include <algorithm>

#include "expr/build.h"
#include "expr/evaluator.h"
#include "sql/ast/statement.h"

namespace millrace::plan {
namespace {

using catalog::TableDefinition;

// Columns of the target that the query fills, in the query's order.
Result<std::vector<uint32_t>> target_columns(const sql::Insert& insert, const BoundTable& target,
                                             const sql::SourceText& text) {
  std::vector<uint32_t> columns;
  const auto& defined = target.definition->columns;
  if (insert.columns.empty()) {
    for (uint32_t at = 0; at < defined.size(); ++at) {
      if (TableDefinition::is_writable(defined[at])) columns.push_back(at);
    }
    return columns;
  }
  Scope scope;
  scope.add_all("", *target.schema, 0);
  for (const sql::Identifier& name : insert.columns) {
    const sql::QualifiedName wanted{.parts = {name}, .span = name.span};
    const auto column = MILLRACE_TRY(scope.resolve(wanted, text));
    const uint32_t at = column->as<expr::ColumnRef>()->index;
    if (!TableDefinition::is_writable(defined[at])) {
      return text.error(ErrorCode::kInvalidDefinition, name.span,
                        fmt::format("'{}' is computed and cannot be written", name.text));
    }
    if (std::ranges::find(columns, at) != columns.end()) {
      return text.error(ErrorCode::kInvalidDefinition, name.span,
                        fmt::format("column '{}' is given twice", name.text));
    }
    columns.push_back(at);
  }
  for (uint32_t at = 0; at < defined.size(); ++at) {
    const bool missing = std::ranges::find(columns, at) == columns.end();
    if (missing && !defined[at].nullable && TableDefinition::is_writable(defined[at])) {
      return text.error(ErrorCode::kNullNotAllowed, insert.span,
                        fmt::format("column '{}' is NOT NULL and is not given", defined[at].name));
    }
  }
  return columns;
}

// INSERT … VALUES: texts among the values are read as literals of the column they go to.
Result<NodePtr> with_literals(const NodePtr& query, const BoundTable& target,
                              const std::vector<uint32_t>& columns, sql::Span span,
                              const sql::SourceText& text) {
  const auto* values = query->as<Values>();
  if (values == nullptr) return query;
  Values typed = *values;
  std::vector<data::Field> fields = query->schema->fields();
  for (size_t at = 0; at < columns.size(); ++at) {
    const data::Type& type = target.schema->field(columns[at]).type;
    if (!fields[at].type.is_text() || type.is_text()) continue;
    for (std::vector<data::Value>& row : typed.rows) {
      auto literal = expr::convert(expr::make_literal(std::move(row[at]), fields[at].type), type,
                                   expr::Conversion::kImplicit);
      if (!literal) return query;
      auto value = expr::evaluate_constant(*literal);
      if (!value) return text.error(value.error().code(), span, value.error().message());
      row[at] = std::move(*value);
    }
    fields[at].type = type;
  }
  return make_node(std::move(typed), {}, data::make_schema(std::move(fields)));
}

// Where the query writes what goes to its column `at` (in row `row` of VALUES); the whole query, if
// that cannot be said.
sql::Span span_of_value(const sql::Query& query, size_t row, size_t at) {
  if (const auto* values = std::get_if<sql::Values>(&query.body)) {
    return values->rows[row].expressions[at].span;
  }
  const auto* select = std::get_if<sql::Select>(&query.body);
  if (select == nullptr || at >= select->items.size()) return query.span;
  for (size_t item = 0; item <= at; ++item) {
    if (std::holds_alternative<sql::Star>(select->items[item])) return query.span;
  }
  return std::get<sql::ComputedItem>(select->items[at]).expression.span;
}

bool is_null_literal(const expr::ExpressionPtr& expression) {
  const auto* literal = expression->as<expr::Literal>();
  return literal != nullptr && literal->value.is_null();
}

// A NULL that is written for a column that must not be NULL. What is NULL only in some rows is
// rejected row by row.
Result<void> forbid_constant_nulls(const NodePtr& node, const BoundTable& target,
                                   const std::vector<uint32_t>& columns, const sql::Query& query,
                                   const sql::SourceText& text) {
  const auto* values = node->as<Values>();
  const auto* project = node->as<Project>();
  const size_t rows = values != nullptr ? values->rows.size() : project != nullptr ? 1 : 0;
  for (size_t row = 0; row < rows; ++row) {
    for (size_t at = 0; at < columns.size(); ++at) {
      const data::Field& field = target.schema->field(columns[at]);
      const bool is_null = values != nullptr ? values->rows[row][at].is_null()
                                             : is_null_literal(project->expressions[at]);
      if (field.nullable || !is_null) continue;
      return text
          .error(ErrorCode::kNullNotAllowed, span_of_value(query, row, at),
                 fmt::format("column '{}' is NOT NULL", field.name))
          .remedy("Give it a value.");
    }
  }
  return {};
}

Result<NodePtr> converted(NodePtr query, const BoundTable& target,
                          const std::vector<uint32_t>& columns, sql::Span query_span,
                          const sql::SourceText& text) {
  std::vector<expr::ExpressionPtr> expressions;
  std::vector<data::Field> fields;
  for (uint32_t at = 0; at < columns.size(); ++at) {
    const data::Field& field = target.schema->field(columns[at]);
    auto made = expr::convert(expr::make_column(*query->schema, at), field.type,
                              expr::Conversion::kAssignment);
    if (!made) {
      return text
          .error(ErrorCode::kTypeMismatch, query_span,
                 fmt::format("column {} of the query is {}, but '{}' is {}", at + 1,
                             query->schema->field(at).type.to_string(), field.name,
                             field.type.to_string()))
          .remedy("Write CAST around it.");
    }
    // A projection rejects rows that are NULL where its output must not be.
    fields.push_back({field.name, field.type, field.nullable && (*made)->nullable()});
    expressions.push_back(std::move(*made));
  }
  return make_node(Project{std::move(expressions)}, {std::move(query)},
                   data::make_schema(std::move(fields)));
}

Result<Sink> choose_mode(const NodePtr& query, const BoundTablePtr& target,
                         const std::vector<uint32_t>& columns, sql::Span target_span,
                         const sql::SourceText& text) {
  const traits::SinkTraits& takes = target->definition->connector->sink;
  const Properties& rows = query->properties;
  const std::string name = target->definition->name.to_short_string();
  Sink sink;
  sink.table = target;
  sink.columns = columns;
  for (const std::string& key : target->definition->primary_key) {
    const auto column = static_cast<uint32_t>(target->schema->find(key).value());
    const auto at = std::ranges::find(columns, column);
    if (at != columns.end())
      sink.key_columns.push_back(static_cast<uint32_t>(at - columns.begin()));
  }
  if (takes.upserts && !sink.key_columns.empty()) {
    sink.mode = SinkMode::kUpsert;
    sink.materialize = !rows.append_only() && !rows.unique_on(sink.key_columns);
    return sink;
  }
  if (takes.changes) {
    sink.mode = SinkMode::kChanges;
    return sink;
  }
  if (!takes.inserts) {
    return text.error(ErrorCode::kNotReadable, target_span,
                      fmt::format("'{}' can only be read: connector '{}' writes nothing", name,
                                  target->definition->connector->name));
  }
  if (rows.append_only()) return sink;
  return text
      .error(ErrorCode::kSinkNotUpdatable, target_span,
             fmt::format("'{}' takes appended rows only, but the query changes rows: {}", name,
                         rows.changes_because))
      .remedy("Give the target a PRIMARY KEY … NOT ENFORCED, or aggregate by window.");
}

}  // namespace

Result<NodePtr> bind_insert(const sql::Insert& insert, const BoundTablePtr& target,
                            const BindContext& context, const sql::SourceText& text) {
  if (insert.overwrite) {
    return text.error(ErrorCode::kNotSupported, insert.span,
                      "INSERT OVERWRITE cannot be planned yet");
  }
  const std::vector<uint32_t> columns = MILLRACE_TRY(target_columns(insert, *target, text));
  NodePtr query = MILLRACE_TRY(QueryBinder(context, text).bind(*insert.query));
  if (query->schema->columns() != columns.size()) {
    return text.error(ErrorCode::kColumnCount, insert.query->span,
                      fmt::format("'{}' takes {} column{}, but the query gives {}",
                                  target->definition->name.to_short_string(), columns.size(),
                                  columns.size() == 1 ? "" : "s", query->schema->columns()));
  }
  MILLRACE_TRY(forbid_constant_nulls(query, *target, columns, *insert.query, text));
  query = MILLRACE_TRY(with_literals(query, *target, columns, insert.query->span, text));
  query = MILLRACE_TRY(converted(std::move(query), *target, columns, insert.query->span, text));
  Sink sink = MILLRACE_TRY(choose_mode(query, target, columns, insert.table.span, text));
  const data::SchemaPtr schema = query->schema;
  return make_node(std::move(sink), {std::move(query)}, schema);
}

Result<NodePtr> late_sink(const LateOutput& late, const sql::SourceText& text) {
  NodePtr rows = MILLRACE_TRY(converted(late.rows, *late.target, late.columns, late.span, text));
  Sink sink = MILLRACE_TRY(choose_mode(rows, late.target, late.columns, late.span, text));
  const data::SchemaPtr schema = rows->schema;
  return make_node(std::move(sink), {std::move(rows)}, schema);
}

NodePtr client_sink(NodePtr query, SinkMode mode) {
  Sink sink;
  sink.mode = mode;
  sink.ordered = query->as<Sort>() != nullptr ||
                 (query->as<Project>() != nullptr && query->input()->as<Sort>() != nullptr);
  const data::SchemaPtr schema = query->schema;
  return make_node(std::move(sink), {std::move(query)}, schema);
}

}  // namespace millrace::plan
