#include "catalog/definition.h"

namespace millrace::catalog {

data::SchemaPtr TableDefinition::schema() const {
  std::vector<data::Field> fields;
  for (const ColumnDefinition& column : columns) {
    fields.push_back({column.name, column.type, column.nullable});
  }
  return data::make_schema(std::move(fields));
}

std::optional<size_t> TableDefinition::find_column(std::string_view column) const {
  for (size_t i = 0; i < columns.size(); ++i) {
    if (columns[i].name == column) return i;
  }
  return std::nullopt;
}

bool TableDefinition::is_writable(const ColumnDefinition& column) {
  return column.kind == ColumnKind::kPhysical ||
         (column.kind == ColumnKind::kMetadata && !column.is_virtual);
}

bool TableDefinition::bounded() const {
  return connector->bounded != nullptr && connector->bounded(options);
}

bool TableDefinition::is_upsert() const {
  return connector->keyed_reads_are_upserts && !primary_key.empty();
}

std::string TableDefinition::topic() const {
  return options.has("topic") ? options.text("topic") : name.to_topic();
}

Relation Relation::of(TablePtr table) {
  Relation relation{.name = table->name, .statement = table->statement};
  relation.table = std::move(table);
  return relation;
}

Relation Relation::of(ViewPtr view) {
  Relation relation{.name = view->name, .statement = view->statement};
  relation.view = std::move(view);
  return relation;
}

}  // namespace millrace::catalog
