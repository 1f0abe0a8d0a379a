#include <fmt/core.h>

#include <array>
#include <numeric>
#include <optional>

#include "base/nearest.h"
#include "expr/build.h"
#include "plan/bind/bind_literal.h"
#include "plan/bind/bind_query.h"
#include "sql/ast/statement.h"
#include "sql/parse.h"
#include "sql/print.h"

namespace millrace::plan {

std::vector<std::string> parts_of(const sql::QualifiedName& name) {
  std::vector<std::string> parts;
  for (const sql::Identifier& part : name.parts) parts.push_back(part.text);
  return parts;
}

namespace {

using expr::ExpressionPtr;

// A table function whose name is nearly that of a window.
std::optional<Error> misspelt_window(const sql::QualifiedName& name, const sql::SourceText& text) {
  constexpr auto kWindows =
      std::to_array<std::string_view>({"TUMBLE", "HOP", "CUMULATE", "SESSION"});
  const std::string_view near = nearest_name(name.parts.back().text, kWindows);
  if (near.empty()) return std::nullopt;
  return text
      .error(ErrorCode::kFunctionNotFound, name.span,
             fmt::format("there is no table function '{}'", sql::print(name)))
      .remedy(fmt::format("Did you mean '{}'?", near));
}

// One row without a column that anyone can name: what SELECT without FROM reads.
NodePtr one_row() {
  return make_node(Values{{{data::Value(true)}}}, {},
                   data::make_schema({{"", data::TypeKind::kBoolean, false}}));
}

data::SchemaPtr with_window_columns(const data::Schema& schema) {
  std::vector<data::Field> fields = schema.fields();
  fields.push_back({"window_start", data::Type::timestamp(3), false});
  fields.push_back({"window_end", data::Type::timestamp(3), false});
  fields.push_back({"window_time", data::Type::timestamp(3), false});
  return data::make_schema(std::move(fields));
}

}  // namespace

Result<NodePtr> QueryBinder::scan(const BoundTablePtr& table) {
  Scan scan;
  scan.table = table;
  scan.until_now = context_.until_now && !table->definition->bounded() &&
                   table->definition->connector->name == "log";
  scan.columns.resize(table->schema->columns());
  std::iota(scan.columns.begin(), scan.columns.end(), 0U);
  const bool upsert = table->definition->is_upsert();
  NodePtr node = make_node(std::move(scan), {}, table->schema);
  if (!upsert) return node;
  Normalize normalize;
  for (const std::string& name : table->definition->primary_key) {
    normalize.keys.push_back(static_cast<uint32_t>(table->schema->find(name).value()));
  }
  return make_node(std::move(normalize), {std::move(node)}, table->schema);
}

Result<NodePtr> QueryBinder::bind_view(const catalog::ViewDefinition& view) {
  const sql::SourceText text(view.query, view.name.to_short_string());
  const sql::Query query = MILLRACE_TRY(sql::parse_query(view.query, view.name.to_short_string()));
  const BindContext inside{.catalog = context_.catalog,
                           .path = view.path,
                           .functions = context_.functions,
                           .connectors = context_.connectors,
                           .dialect = context_.dialect,
                           .until_now = context_.until_now,
                           .late = context_.late};
  NodePtr node = MILLRACE_TRY(QueryBinder(inside, text, depth_ + 1).bind(query));
  if (view.columns.empty()) return node;
  std::vector<ExpressionPtr> columns;
  for (uint32_t at = 0; at < node->schema->columns(); ++at) {
    columns.push_back(expr::make_column(*node->schema, at));
  }
  return project(std::move(node), std::move(columns), view.columns);
}

Result<BoundRelation> QueryBinder::bind_named_table(const sql::NamedTable& named) {
  if (named.as_of) return refused(named.as_of->span, "FOR SYSTEM_TIME AS OF");
  if (!named.options.empty()) return refused(named.options.front().key_span, "OPTIONS");
  const std::string& last = named.name.parts.back().text;
  BoundRelation bound;
  const auto common = common_.find(last);
  if (named.name.parts.size() == 1 && common != common_.end()) {
    bound.node = common->second;
  } else {
    const auto relation = context_.catalog.find(parts_of(named.name), context_.path);
    if (!relation) {
      return text_.error(relation.error().code(), named.name.span, relation.error().message())
          .remedy(relation.error().remedy());
    }
    if ((*relation)->view != nullptr) {
      bound.node = MILLRACE_TRY(bind_view(*(*relation)->view));
    } else {
      const catalog::TablePtr& table = (*relation)->table;
      if (!table->connector->source) {
        return text_.error(
            ErrorCode::kNotReadable, named.name.span,
            fmt::format("connector '{}' can only be written to", table->connector->name));
      }
      bound.node =
          MILLRACE_TRY(scan(MILLRACE_TRY(bind_table(table, context_.functions, context_.dialect))));
    }
  }
  bound.scope.add_all(last, *bound.node->schema, 0);
  return bound;
}

Result<BoundRelation> QueryBinder::bind_window_table(const sql::WindowTable& window) {
  if (window.kind == sql::WindowKind::kCumulate) return refused(window.input.span, "CUMULATE");
  if (window.kind == sql::WindowKind::kSession) return refused(window.input.span, "SESSION");
  BoundRelation from;
  std::string name;
  if (window.input.table) {
    from =
        MILLRACE_TRY(bind_named_table({.name = *window.input.table, .options = {}, .as_of = {}}));
    name = window.input.table->parts.back().text;
  } else {
    from.node = MILLRACE_TRY(bind(*window.input.query));
    from.scope.add_all(name, *from.node->schema, 0);
  }
  const auto column = from.scope.find(window.time_column.text);
  if (!column) {
    sql::QualifiedName wanted{.parts = {window.time_column}, .span = window.time_column.span};
    MILLRACE_TRY(from.scope.resolve(wanted, text_));
  }
  if (!column || !from.node->properties.is_time_column(column->index)) {
    return text_
        .error(ErrorCode::kMissingWatermark, window.time_column.span,
               fmt::format("'{}' has no watermark, so windows over it would never close",
                           window.time_column.text))
        .remedy("Declare WATERMARK FOR " + window.time_column.text + " AS … in CREATE TABLE.");
  }
  AssignWindow assign;
  assign.time_column = column->index;
  assign.window.kind =
      window.kind == sql::WindowKind::kHop ? WindowKind::kHop : WindowKind::kTumble;
  assign.window.size_us = MILLRACE_TRY(interval_us(*window.size, text_));
  assign.window.slide_us =
      window.slide ? MILLRACE_TRY(interval_us(*window.slide, text_)) : assign.window.size_us;
  if (window.offset) assign.window.offset_us = MILLRACE_TRY(interval_us(*window.offset, text_));
  if (assign.window.size_us <= 0 || assign.window.slide_us <= 0) {
    return text_.error(ErrorCode::kInvalidDefinition, window.size->span,
                       "a window's size and slide are longer than nothing");
  }
  const data::SchemaPtr schema = with_window_columns(*from.node->schema);
  BoundRelation bound;
  bound.node = make_node(std::move(assign), {std::move(from.node)}, schema);
  bound.scope.add_all(name, *schema, 0);
  return bound;
}

Result<BoundRelation> QueryBinder::bind_unnest(BoundRelation left, const sql::TableRef& ref,
                                               bool keeps_empty) {
  const auto& unnest = std::get<sql::UnnestTable>(ref.node);
  if (unnest.collections.size() != 1) return refused(ref.span, "UNNEST of several collections");
  const ExpressionPtr collection =
      MILLRACE_TRY(expressions(left.scope).bind(unnest.collections.front()));
  const data::Type type = collection->type();
  if (type.kind() != data::TypeKind::kArray && type.kind() != data::TypeKind::kMap) {
    return text_.error(
        ErrorCode::kTypeMismatch, unnest.collections.front().span,
        fmt::format("UNNEST needs an ARRAY or a MAP, but this is {}", type.to_string()));
  }
  const auto width = static_cast<uint32_t>(left.node->schema->columns());
  std::vector<ExpressionPtr> columns;
  std::vector<std::string> names;
  for (uint32_t at = 0; at < width; ++at) {
    columns.push_back(expr::make_column(*left.node->schema, at));
    names.push_back(left.node->schema->field(at).name);
  }
  columns.push_back(collection);
  names.emplace_back("");
  NodePtr input = project(std::move(left.node), std::move(columns), names);

  std::vector<data::Field> made = type.fields();
  const bool rows =
      type.kind() == data::TypeKind::kArray && made.front().type.kind() == data::TypeKind::kRow;
  if (rows) made = std::vector<data::Field>(made.front().type.fields());
  if (unnest.with_ordinality) made.push_back({"ordinality", data::TypeKind::kBigint, false});
  std::vector<data::Field> fields = input->schema->fields();
  Scope added;
  for (size_t at = 0; at < made.size(); ++at) {
    if (ref.alias && at < ref.alias->columns.size()) made[at].name = ref.alias->columns[at].text;
    made[at].nullable = true;
    fields.push_back(made[at]);
  }
  added.add_all(ref.alias ? ref.alias->name.text : "", data::Schema(made), width + 1);
  Unnest operation{
      .column = width, .with_ordinality = unnest.with_ordinality, .keeps_empty = keeps_empty};
  left.node = make_node(operation, {std::move(input)}, data::make_schema(std::move(fields)));
  left.scope.append(added);
  return left;
}

Result<BoundRelation> QueryBinder::bind_table_ref(const sql::TableRef& ref) {
  BoundRelation bound;
  if (const auto* named = std::get_if<sql::NamedTable>(&ref.node)) {
    bound = MILLRACE_TRY(bind_named_table(*named));
  } else if (const auto* derived = std::get_if<sql::DerivedTable>(&ref.node)) {
    if (ref.lateral) return refused(ref.span, "LATERAL");
    bound.node = MILLRACE_TRY(bind(*derived->query));
    bound.scope.add_all("", *bound.node->schema, 0);
  } else if (const auto* window = std::get_if<sql::WindowTable>(&ref.node)) {
    bound = MILLRACE_TRY(bind_window_table(*window));
  } else if (const auto* joined = std::get_if<sql::JoinTable>(&ref.node)) {
    return bind_join_table(*joined);
  } else if (std::holds_alternative<sql::UnnestTable>(ref.node)) {
    BoundRelation nothing{.node = one_row(), .scope = {}};
    return bind_unnest(std::move(nothing), ref, false);
  } else if (std::holds_alternative<sql::MatchRecognizeTable>(ref.node)) {
    return refused(ref.span, "MATCH_RECOGNIZE");
  } else {
    const auto* function = std::get_if<sql::FunctionTable>(&ref.node);
    const auto misspelt =
        function != nullptr ? misspelt_window(function->name, text_) : std::optional<Error>();
    return misspelt ? *misspelt : refused(ref.span, "a table function");
  }
  if (!ref.alias) return bound;
  std::vector<data::Field> fields = bound.node->schema->fields();
  if (ref.alias->columns.size() > fields.size()) {
    return text_.error(ErrorCode::kColumnCount, ref.alias->name.span,
                       fmt::format("the table has {} columns, but {} names are given",
                                   fields.size(), ref.alias->columns.size()));
  }
  for (size_t at = 0; at < ref.alias->columns.size(); ++at) {
    fields[at].name = ref.alias->columns[at].text;
  }
  bound.scope = Scope();
  bound.scope.add_all(ref.alias->name.text, data::Schema(std::move(fields)), 0);
  return bound;
}

Result<BoundRelation> QueryBinder::bind_from(const sql::Select& select) {
  BoundRelation from;
  if (select.from.empty()) {
    from.node = one_row();
  } else {
    from = MILLRACE_TRY(bind_table_ref(select.from.front()));
  }
  for (size_t at = 1; at < select.from.size(); ++at) {
    const sql::TableRef& ref = select.from[at];
    if (std::holds_alternative<sql::UnnestTable>(ref.node)) {
      from = MILLRACE_TRY(bind_unnest(std::move(from), ref, false));
      continue;
    }
    BoundRelation right = MILLRACE_TRY(bind_table_ref(ref));
    // WHERE joins what a comma puts side by side.
    Scope both = from.scope;
    right.scope.shift(static_cast<uint32_t>(from.node->schema->columns()));
    both.append(right.scope);
    right.scope.shift(-static_cast<uint32_t>(from.node->schema->columns()));
    std::vector<ExpressionPtr> conditions;
    if (select.where && at + 1 == select.from.size()) {
      const auto where = MILLRACE_TRY(expressions(both).bind_condition(*select.where, "WHERE"));
      conditions = expr::conjuncts(where);
    }
    from = MILLRACE_TRY(
        join(std::move(from), std::move(right), JoinKind::kInner, std::move(conditions)));
  }
  const bool joined =
      select.from.size() > 1 && !std::holds_alternative<sql::UnnestTable>(select.from.back().node);
  if (!select.where || joined) return from;
  auto predicate = MILLRACE_TRY(expressions(from.scope).bind_condition(*select.where, "WHERE"));
  const data::SchemaPtr schema = from.node->schema;
  from.node = make_node(Filter{std::move(predicate)}, {std::move(from.node)}, schema);
  return from;
}

}  // namespace millrace::plan
