#include "plan/bind/bind_table.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>

#include "expr/build.h"
#include "plan/bind/bind_expression.h"
#include "plan/bind/bind_type.h"
#include "sql/ast/statement.h"
#include "sql/parse.h"
#include "sql/print.h"

namespace millrace::plan {
namespace {

using catalog::ColumnKind;
using expr::ExpressionPtr;

bool is_time(const data::Type& type) {
  return type.is_timestamp();
}

// An expression that a definition keeps as text, over columns of the table.
Result<ExpressionPtr> bind_stored(const std::string& expression, const std::string& name,
                                  const Scope& scope, const expr::FunctionRegistry& functions,
                                  expr::Dialect dialect) {
  const sql::Expression parsed = MILLRACE_TRY(sql::parse_expression(expression, name));
  const sql::SourceText text(expression, name);
  return ExpressionBinder(functions, dialect, scope, text).bind(parsed);
}

// TableMaker: CREATE TABLE -> definition, part by part.
class TableMaker {
 public:
  TableMaker(const sql::CreateTable& create, const catalog::QualifiedName& name,
             const traits::ConnectorRegistry& connectors, const expr::FunctionRegistry& functions,
             const sql::SourceText& text)
      : create_(create), connectors_(connectors), functions_(functions), text_(text) {
    table_.name = name;
  }

  Result<catalog::TablePtr> make(const data::SchemaPtr& query_schema) {
    MILLRACE_TRY(options());
    MILLRACE_TRY(physical_columns(query_schema));
    MILLRACE_TRY(computed_columns());
    MILLRACE_TRY(watermark());
    MILLRACE_TRY(primary_key());
    for (const sql::Identifier& column : create_.partitioned_by) {
      MILLRACE_TRY(existing(column));
      table_.partitioned_by.push_back(column.text);
    }
    table_.comment = create_.comment.value_or("");
    sql::CreateTable canonical = create_;
    canonical.if_not_exists = false;
    canonical.as_query = {};
    canonical.like.reset();
    if (canonical.columns.empty()) add_columns(canonical);
    table_.statement = sql::print(sql::Statement{.node = std::move(canonical), .span = {}});
    return std::make_shared<const catalog::TableDefinition>(std::move(table_));
  }

 private:
  static std::string written(const sql::Options& options, std::string_view key,
                             std::string fallback) {
    for (const sql::Option& option : options) {
      if (option.key == key) return option.value;
    }
    return fallback;
  }

  // The connector's own list counts; without one it takes every format.
  static bool fits(const traits::ConnectorTraits& connector, std::string_view format) {
    if (connector.formats.empty()) return true;
    return fmt::format("|{}|", connector.formats).contains(fmt::format("|{}|", format));
  }

  Error at_option(Error error, std::string_view key) const {
    for (const sql::Option& option : create_.options) {
      if (option.key != key) continue;
      return text_.error(error.code(), option.value_span, error.message()).remedy(error.remedy());
    }
    return text_.error(error.code(), create_.name.span, error.message()).remedy(error.remedy());
  }

  // An error of Options::parse, whose place is that of a name, of a value or of the table.
  Error with_excerpt(const Error& error) const {
    sql::Span at = create_.name.span;
    for (const sql::Option& option : create_.options) {
      for (const sql::Span span : {option.key_span, option.value_span}) {
        if (error.place() == text_.place(span)) at = span;
      }
    }
    return text_.error(error.code(), at, error.message()).remedy(error.remedy());
  }

  Result<void> options() {
    auto connector = connectors_.connector(written(create_.options, "connector", "log"));
    if (!connector) return at_option(connector.error(), "connector");
    table_.connector = *connector;
    std::vector<traits::OptionTable> tables{traits::table_options(), table_.connector->options};
    if (table_.connector->format != traits::FormatUse::kNone) {
      const std::string format =
          written(create_.options, "format", std::string(table_.connector->default_format));
      if (format.empty()) {
        return text_
            .error(ErrorCode::kMissingOption, create_.name.span,
                   fmt::format("connector '{}' needs option 'format'", table_.connector->name))
            .remedy("Add 'format' = '…' to WITH. " + connectors_.format("").error().remedy());
      }
      auto found = connectors_.format(format);
      if (!found) return at_option(found.error(), "format");
      table_.format = *found;
      if (!fits(*table_.connector, format)) {
        return at_option(
            Error(ErrorCode::kInvalidOptionValue, fmt::format("connector '{}' takes no format '{}'",
                                                              table_.connector->name, format))
                .remedy(fmt::format("It takes {}.", table_.connector->formats)),
            "format");
      }
      tables.push_back(table_.format->options);
    }
    std::vector<traits::WrittenOption> options;
    for (const sql::Option& option : create_.options) {
      options.push_back({.name = option.key,
                         .value = option.value,
                         .name_place = text_.place(option.key_span),
                         .value_place = text_.place(option.value_span)});
    }
    auto parsed = traits::Options::parse(tables, options,
                                         fmt::format("connector '{}'", table_.connector->name),
                                         text_.place(create_.name.span));
    if (!parsed) return with_excerpt(parsed.error());
    table_.options = *std::move(parsed);
    return {};
  }

  Result<void> physical_columns(const data::SchemaPtr& query_schema) {
    for (const sql::ColumnDefinition& column : create_.columns) {
      MILLRACE_TRY(check_new(column.name));
      catalog::ColumnDefinition made;
      made.name = column.name.text;
      made.comment = column.comment.value_or("");
      if (const auto* physical = std::get_if<sql::PhysicalColumn>(&column.node)) {
        made.type = MILLRACE_TRY(bind_type(physical->type, text_));
        made.nullable = !physical->not_null;
        if (physical->metadata) MILLRACE_TRY(metadata(*physical->metadata, column, made));
      } else {
        made.kind = ColumnKind::kComputed;
        made.expression = sql::print(std::get<sql::ComputedColumn>(column.node).expression);
      }
      table_.columns.push_back(std::move(made));
    }
    const bool only_computed =
        std::ranges::all_of(table_.columns, [](const catalog::ColumnDefinition& column) {
          return column.kind == ColumnKind::kComputed;
        });
    if (only_computed && query_schema == nullptr && table_.connector->columns != nullptr) {
      std::vector<catalog::ColumnDefinition> computed = std::move(table_.columns);
      table_.columns.clear();
      add_schema(*table_.connector->columns(table_.options));
      known_columns_ = table_.columns.size();
      std::ranges::move(computed, std::back_inserter(table_.columns));
      return {};
    }
    if (!table_.columns.empty()) return {};
    if (query_schema != nullptr) {
      add_schema(*query_schema);
    } else {
      return text_.error(ErrorCode::kInvalidDefinition, create_.name.span,
                         "a table needs at least one column");
    }
    return {};
  }

  void add_schema(const data::Schema& schema) {
    for (const data::Field& field : schema.fields()) {
      catalog::ColumnDefinition column;
      column.name = field.name;
      column.type = field.type;
      column.nullable = field.nullable;
      table_.columns.push_back(std::move(column));
    }
  }

  Result<void> metadata(const sql::Metadata& metadata, const sql::ColumnDefinition& column,
                        catalog::ColumnDefinition& made) const {
    made.kind = ColumnKind::kMetadata;
    made.metadata_key = metadata.key.value_or(made.name);
    const auto& offered = table_.connector->metadata;
    const auto found = std::ranges::find(offered, made.metadata_key, &traits::MetadataColumn::key);
    if (found == offered.end()) {
      std::string known;
      for (const traits::MetadataColumn& one : offered) {
        known += (known.empty() ? "" : ", ") + std::string(one.key);
      }
      return text_
          .error(ErrorCode::kInvalidDefinition, column.span,
                 fmt::format("connector '{}' has no metadata '{}'", table_.connector->name,
                             made.metadata_key))
          .remedy(known.empty() ? "It has none." : "It has " + known + ".");
    }
    if (made.type.kind() != found->type.kind()) {
      return text_.error(ErrorCode::kTypeMismatch, column.span,
                         fmt::format("metadata '{}' is {}, but '{}' is {}", made.metadata_key,
                                     found->type.to_string(), made.name, made.type.to_string()));
    }
    made.is_virtual = metadata.is_virtual || !found->writable;
    return {};
  }

  Result<void> computed_columns() {
    Scope scope;
    for (uint32_t at = 0; at < table_.columns.size(); ++at) {
      const catalog::ColumnDefinition& column = table_.columns[at];
      if (column.kind == ColumnKind::kComputed) continue;
      scope.add({.table = {},
                 .name = column.name,
                 .type = column.type,
                 .nullable = column.nullable,
                 .index = at});
    }
    for (uint32_t at = 0; at < table_.columns.size(); ++at) {
      catalog::ColumnDefinition& column = table_.columns[at];
      if (column.kind != ColumnKind::kComputed) continue;
      const auto& written =
          std::get<sql::ComputedColumn>(create_.columns[at - known_columns_].node).expression;
      const ExpressionBinder binder(functions_, expr::Dialect::kDefault, scope, text_);
      const ExpressionPtr bound = MILLRACE_TRY(binder.bind(written));
      column.type = bound->type();
      // What cannot be computed becomes NULL.
      column.nullable = bound->nullable() || table_.options.text("on-error") == "null";
      scope.add({.table = {},
                 .name = column.name,
                 .type = column.type,
                 .nullable = column.nullable,
                 .index = at});
    }
    return {};
  }

  Result<void> watermark() {
    if (!create_.watermark) return {};
    const sql::WatermarkDefinition& written = *create_.watermark;
    const size_t column = MILLRACE_TRY(existing(written.column));
    if (!is_time(table_.columns[column].type)) {
      return text_.error(ErrorCode::kTypeMismatch, written.column.span,
                         fmt::format("a watermark needs a TIMESTAMP, but '{}' is {}",
                                     written.column.text, table_.columns[column].type.to_string()));
    }
    const data::SchemaPtr schema = table_.schema();
    Scope scope;
    scope.add_all("", *schema, 0);
    const ExpressionBinder binder(functions_, expr::Dialect::kDefault, scope, text_);
    const ExpressionPtr bound = MILLRACE_TRY(binder.bind(written.expression));
    if (!is_time(bound->type())) {
      return text_.error(ErrorCode::kTypeMismatch, written.expression.span,
                         fmt::format("the watermark is to be a TIMESTAMP, but this is {}",
                                     bound->type().to_string()));
    }
    table_.watermark = {.column = table_.columns[column].name,
                        .expression = sql::print(written.expression)};
    return {};
  }

  Result<void> primary_key() {
    if (!create_.primary_key) {
      if (!table_.connector->needs_primary_key) return {};
      return text_.error(ErrorCode::kInvalidDefinition, create_.name.span,
                         fmt::format("connector '{}' needs a PRIMARY KEY", table_.connector->name));
    }
    for (const sql::Identifier& name : create_.primary_key->columns) {
      catalog::ColumnDefinition& column = table_.columns[MILLRACE_TRY(existing(name))];
      if (column.kind != ColumnKind::kPhysical) {
        return text_.error(ErrorCode::kInvalidDefinition, name.span,
                           "a key is of physical columns, not of computed ones or metadata");
      }
      column.nullable = false;
      table_.primary_key.push_back(column.name);
    }
    return {};
  }

  Result<void> check_new(const sql::Identifier& name) const {
    if (!table_.find_column(name.text)) return {};
    return text_.error(ErrorCode::kInvalidDefinition, name.span,
                       fmt::format("there are two columns '{}'", name.text));
  }

  Result<size_t> existing(const sql::Identifier& name) const {
    if (const auto found = table_.find_column(name.text)) return *found;
    Scope scope;
    scope.add_all("", *table_.schema(), 0);
    const sql::QualifiedName wanted{.parts = {name}, .span = name.span};
    const ExpressionPtr column = MILLRACE_TRY(scope.resolve(wanted, text_));
    return size_t{column->as<expr::ColumnRef>()->index};
  }

  void add_columns(sql::CreateTable& canonical) const {
    for (const catalog::ColumnDefinition& column : table_.columns) {
      auto type = sql::parse_type(column.type.to_string(), "");
      MILLRACE_ASSERT(type.has_value());
      canonical.columns.push_back(
          {.name = {column.name, {}},
           .node = sql::PhysicalColumn{.type = std::move(*type), .not_null = !column.nullable}});
    }
  }

  const sql::CreateTable& create_;
  size_t known_columns_ = 0;  // before those that are written: what the connector says
  const traits::ConnectorRegistry& connectors_;
  const expr::FunctionRegistry& functions_;
  const sql::SourceText& text_;
  catalog::TableDefinition table_;
};

}  // namespace

Result<BoundTablePtr> bind_table(const catalog::TablePtr& table,
                                 const expr::FunctionRegistry& functions, expr::Dialect dialect) {
  BoundTable bound;
  bound.definition = table;
  bound.schema = table->schema();
  Scope scope;
  scope.add_all("", *bound.schema, 0);
  const std::string name = table->name.to_short_string();
  for (const catalog::ColumnDefinition& column : table->columns) {
    ExpressionPtr computed;
    if (column.kind == ColumnKind::kComputed) {
      computed = MILLRACE_TRY(
          bind_stored(column.expression, name + "." + column.name, scope, functions, dialect));
    }
    bound.computed.push_back(std::move(computed));
  }
  if (table->watermark) {
    bound.time_column = static_cast<uint32_t>(table->find_column(table->watermark->column).value());
    bound.watermark = MILLRACE_TRY(
        bind_stored(table->watermark->expression, name + ".watermark", scope, functions, dialect));
  }
  return std::make_shared<const BoundTable>(std::move(bound));
}

Result<catalog::TablePtr> define_table(const sql::CreateTable& create,
                                       const catalog::QualifiedName& name,
                                       const data::SchemaPtr& query_schema,
                                       const traits::ConnectorRegistry& connectors,
                                       const expr::FunctionRegistry& functions,
                                       const sql::SourceText& text) {
  return TableMaker(create, name, connectors, functions, text).make(query_schema);
}

}  // namespace millrace::plan
