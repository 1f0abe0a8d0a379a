#include <array>

#include "sql/print/printer.h"

namespace millrace::sql {
namespace {

std::string_view treatment_word(LikeTreatment treatment) {
  constexpr auto kWords =
      std::to_array<std::string_view>({" INCLUDING ", " EXCLUDING ", " OVERWRITING "});
  return kWords[static_cast<size_t>(treatment)];
}

std::string_view feature_word(LikeFeature feature) {
  constexpr auto kWords =
      std::to_array<std::string_view>({"ALL", "CONSTRAINTS", "GENERATED", "METADATA", "OPTIONS",
                                       "PARTITIONS", "WATERMARKS", "DISTRIBUTION"});
  return kWords[static_cast<size_t>(feature)];
}

std::string_view exists_words(bool if_not_exists) {
  return if_not_exists ? "IF NOT EXISTS " : "";
}

}  // namespace

std::string_view object_kind_words(ObjectKind kind) {
  constexpr auto kWords = std::to_array<std::string_view>(
      {"TABLE", "VIEW", "MATERIALIZED VIEW", "CONNECTION", "SECRET", "USER", "FUNCTION", "ALERT",
       "JOB", "TOPIC", "SCHEMA", "DATABASE"});
  return kWords[static_cast<size_t>(kind)];
}

void Printer::print(const Option& option) {
  string(option.key);
  *this << " = ";
  string(option.value);
}

void Printer::options(const Options& options) {
  *this << "(";
  list(options);
  *this << ")";
}

void Printer::with_options(const Options& list) {
  if (list.empty()) return;
  *this << " WITH ";
  options(list);
}

void Printer::comment(const std::optional<std::string>& text) {
  if (!text) return;
  *this << " COMMENT ";
  string(*text);
}

void Printer::print(const ColumnDefinition& column) {
  *this << column.name << " ";
  if (const auto* computed = std::get_if<ComputedColumn>(&column.node)) {
    *this << "AS " << computed->expression;
  } else {
    const auto& physical = std::get<PhysicalColumn>(column.node);
    *this << physical.type << (physical.not_null ? " NOT NULL" : "");
    if (physical.metadata) {
      *this << " METADATA";
      if (physical.metadata->key) {
        *this << " FROM ";
        string(*physical.metadata->key);
      }
      if (physical.metadata->is_virtual) *this << " VIRTUAL";
    }
  }
  comment(column.comment);
}

void Printer::print(const WatermarkDefinition& watermark) {
  *this << "WATERMARK FOR " << watermark.column << " AS " << watermark.expression;
}

void Printer::print(const PrimaryKey& key) {
  if (key.name) *this << "CONSTRAINT " << *key.name << " ";
  *this << "PRIMARY KEY ";
  names(key.columns);
  *this << " NOT ENFORCED";
}

void Printer::print(const LikeTable& like) {
  *this << "LIKE " << like.source;
  for (const LikeRule& rule : like.rules) {
    *this << treatment_word(rule.treatment) << feature_word(rule.feature);
  }
}

void Printer::print(const CreateTable& statement) {
  *this << (statement.temporary ? "CREATE TEMPORARY TABLE " : "CREATE TABLE ")
        << exists_words(statement.if_not_exists) << statement.name;
  std::string_view before = " (\n  ";
  const auto element = [&](const auto& node) {
    *this << before << node;
    before = ",\n  ";
  };
  for (const ColumnDefinition& column : statement.columns) element(column);
  if (statement.watermark) element(*statement.watermark);
  if (statement.primary_key) element(*statement.primary_key);
  if (before[0] == ',') *this << "\n)";
  comment(statement.comment);
  if (!statement.partitioned_by.empty()) {
    *this << " PARTITIONED BY ";
    names(statement.partitioned_by);
  }
  for (size_t i = 0; i < statement.options.size(); ++i) {
    *this << (i == 0 ? " WITH (\n  " : ",\n  ") << statement.options[i];
  }
  if (!statement.options.empty()) *this << "\n)";
  if (statement.like) *this << " " << *statement.like;
  if (statement.as_query) *this << " AS " << *statement.as_query;
}

void Printer::print(const ViewColumn& column) {
  *this << column.name;
  comment(column.comment);
}

void Printer::view_tail(const std::vector<ViewColumn>& columns,
                        const std::optional<std::string>& text, const Options& options,
                        const Query& query) {
  if (!columns.empty()) {
    *this << " (";
    list(columns);
    *this << ")";
  }
  comment(text);
  with_options(options);
  *this << " AS " << query;
}

void Printer::print(const CreateView& statement) {
  *this << "CREATE " << (statement.or_replace ? "OR REPLACE " : "")
        << (statement.temporary ? "TEMPORARY " : "") << "VIEW "
        << exists_words(statement.if_not_exists) << statement.name;
  view_tail(statement.columns, statement.comment, {}, *statement.query);
}

void Printer::print(const CreateMaterializedView& statement) {
  *this << "CREATE " << (statement.or_replace ? "OR REPLACE " : "") << "MATERIALIZED VIEW "
        << exists_words(statement.if_not_exists) << statement.name;
  view_tail(statement.columns, statement.comment, statement.options, *statement.query);
}

void Printer::print(const AlterMaterializedView& statement) {
  *this << "ALTER MATERIALIZED VIEW " << statement.name << " AS " << *statement.query;
}

void Printer::print(const CreateNamespace& statement) {
  *this << (statement.is_database ? "CREATE DATABASE " : "CREATE SCHEMA ")
        << exists_words(statement.if_not_exists) << statement.name;
  with_options(statement.options);
}

void Printer::print(const CreateConnection& statement) {
  *this << "CREATE CONNECTION " << exists_words(statement.if_not_exists) << statement.name
        << " WITH ";
  options(statement.options);
}

void Printer::print(const CreateSecret& statement) {
  *this << "CREATE SECRET " << exists_words(statement.if_not_exists) << statement.name << " AS ";
  string(statement.value);
}

void Printer::print(const CreateUser& statement) {
  *this << (statement.alter ? "ALTER USER " : "CREATE USER ")
        << exists_words(statement.if_not_exists) << statement.name;
  if (statement.password) {
    *this << " PASSWORD ";
    string(*statement.password);
  }
  with_options(statement.options);
}

void Printer::print(const Parameter& parameter) {
  *this << parameter.name << " " << parameter.type;
}

void Printer::print(const CreateFunction& statement) {
  *this << "CREATE " << (statement.or_replace ? "OR REPLACE " : "")
        << (statement.temporary ? "TEMPORARY " : "") << "FUNCTION "
        << exists_words(statement.if_not_exists) << statement.name << "(";
  list(statement.parameters);
  *this << ") RETURNS " << statement.returns << " LANGUAGE " << statement.language << " AS ";
  string(statement.body);
  with_options(statement.options);
}

void Printer::print(const CreateAlert& statement) {
  *this << "CREATE ALERT " << exists_words(statement.if_not_exists) << statement.name << " AS "
        << *statement.query;
  if (statement.duration) *this << " FOR " << *statement.duration;
  *this << " NOTIFY ";
  string(statement.notify);
}

void Printer::print(const Drop& statement) {
  *this << (statement.temporary ? "DROP TEMPORARY " : "DROP ") << object_kind_words(statement.kind)
        << (statement.if_exists ? " IF EXISTS " : " ");
  list(statement.names);
  if (statement.cascade) *this << " CASCADE";
}

}  // namespace millrace::sql
