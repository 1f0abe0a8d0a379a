#include "plan/show.h"

#include <fmt/core.h>

#include <algorithm>

namespace millrace::plan {
namespace {

using data::Value;

data::SchemaPtr text_schema(std::initializer_list<const char*> names) {
  std::vector<data::Field> fields;
  for (const char* name : names) fields.push_back({name, data::TypeKind::kVarchar});
  return data::make_schema(std::move(fields));
}

// LIKE with % and _.
bool like(std::string_view text, std::string_view pattern) {
  if (pattern.empty()) return text.empty();
  if (pattern.front() == '%') {
    for (size_t skip = 0; skip <= text.size(); ++skip) {
      if (like(text.substr(skip), pattern.substr(1))) return true;
    }
    return false;
  }
  if (text.empty() || (pattern.front() != '_' && pattern.front() != text.front())) return false;
  return like(text.substr(1), pattern.substr(1));
}

BoundRows relations(const sql::Show& show, const catalog::Catalog& catalog, bool views) {
  BoundRows rows{text_schema({"name", "kind", "comment"}), {}};
  for (const catalog::Relation* relation : catalog.relations()) {
    const std::string name = relation->name.to_short_string();
    if ((relation->view != nullptr) != views) continue;
    if (!shows(show, name)) continue;
    const std::string comment = views             ? relation->view->comment
                                : relation->table ? relation->table->comment
                                                  : "broken";
    rows.rows.push_back({name, std::string(relation->noun()), comment});
  }
  return rows;
}

}  // namespace

BoundRows text_rows(std::string_view column, std::string_view text) {
  BoundRows rows{text_schema({std::string(column).c_str()}), {}};
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    rows.rows.push_back({std::string(text.substr(0, end))});
    text.remove_prefix(std::min(text.size(), end + 1));
  }
  return rows;
}

BoundRows describe_table(const catalog::TableDefinition& table) {
  BoundRows rows{text_schema({"column", "type", "nullable", "extra"}), {}};
  for (const catalog::ColumnDefinition& column : table.columns) {
    std::string extra;
    const auto add = [&extra](const std::string& part) {
      extra += (extra.empty() ? "" : ", ") + part;
    };
    if (column.kind == catalog::ColumnKind::kComputed) add("AS " + column.expression);
    if (column.kind == catalog::ColumnKind::kMetadata) add("METADATA FROM " + column.metadata_key);
    if (std::ranges::find(table.primary_key, column.name) != table.primary_key.end()) {
      add("PRIMARY KEY");
    }
    if (table.watermark && table.watermark->column == column.name) {
      add("WATERMARK AS " + table.watermark->expression);
    }
    if (!column.comment.empty()) add(column.comment);
    rows.rows.push_back(
        {column.name, column.type.to_string(), std::string(column.nullable ? "yes" : "no"), extra});
  }
  return rows;
}

BoundRows describe_schema(const data::Schema& schema) {
  BoundRows rows{text_schema({"column", "type", "nullable", "extra"}), {}};
  for (const data::Field& field : schema.fields()) {
    rows.rows.push_back({field.name, field.type.to_string(),
                         std::string(field.nullable ? "yes" : "no"), std::string()});
  }
  return rows;
}

bool shows(const sql::Show& show, std::string_view name) {
  return !show.like || like(name, *show.like) != show.not_like;
}

std::optional<BoundRows> show_rows(const sql::Show& show, const catalog::Catalog& catalog,
                                   const expr::FunctionRegistry& functions) {
  switch (show.subject) {
    case sql::ShowSubject::kTables:
      return relations(show, catalog, false);
    case sql::ShowSubject::kViews:
      return relations(show, catalog, true);
    case sql::ShowSubject::kFunctions:
      break;
    default:
      return std::nullopt;
  }
  BoundRows rows{text_schema({"function", "signature", "description", "example"}), {}};
  for (const expr::FunctionDoc* doc : functions.documentation()) {
    const std::string name(doc->name);
    if (!shows(show, name)) continue;
    rows.rows.push_back({name, std::string(doc->signature), std::string(doc->sentence),
                         fmt::format("{} = {}", doc->example, doc->result)});
  }
  return rows;
}

}  // namespace millrace::plan
