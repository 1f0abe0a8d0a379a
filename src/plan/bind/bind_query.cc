#include "plan/bind/bind_query.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>

#include "catalog/qualified_name.h"
#include "expr/build.h"
#include "expr/evaluator.h"
#include "sql/ast/statement.h"
#include "sql/print.h"

namespace millrace::plan {
namespace {

using expr::ExpressionPtr;

// Views in views in views; deeper is a mistake.
constexpr int kViewDepthMax = 64;

bool has_aggregate(const expr::FunctionRegistry& functions, expr::Dialect dialect,
                   const sql::Select& select);

}  // namespace

Error QueryBinder::refused(sql::Span span, std::string_view what) const {
  return text_.error(ErrorCode::kNotSupported, span, fmt::format("{} cannot be planned yet", what));
}

NodePtr project(NodePtr input, std::vector<ExpressionPtr> expressions,
                const std::vector<std::string>& names) {
  std::vector<data::Field> fields;
  for (size_t at = 0; at < expressions.size(); ++at) {
    const bool named = at < names.size() && !names[at].empty();
    fields.push_back({named ? names[at] : expr::to_string(*expressions[at]),
                      expressions[at]->type(), expressions[at]->nullable()});
  }
  auto schema = data::make_schema(std::move(fields));
  return make_node(Project{std::move(expressions)}, {std::move(input)}, std::move(schema));
}

std::string output_name(const sql::ComputedItem& item, size_t position) {
  if (item.alias) return item.alias->text;
  const sql::Expression* expression = &item.expression;
  while (const auto* cast = std::get_if<sql::Cast>(&expression->node)) expression = &*cast->operand;
  if (const auto* column = std::get_if<sql::ColumnRef>(&expression->node)) {
    return column->name.parts.back().text;
  }
  if (const auto* field = std::get_if<sql::FieldAccess>(&expression->node))
    return field->field.text;
  if (const auto* call = std::get_if<sql::Call>(&expression->node)) {
    std::string name = call->name.parts.back().text;
    std::ranges::transform(name, name.begin(), [](unsigned char c) { return std::tolower(c); });
    return name;
  }
  return fmt::format("EXPR${}", position);
}

Result<NodePtr> QueryBinder::bind(const sql::Query& query) {
  if (depth_ > kViewDepthMax) {
    return text_.error(ErrorCode::kTooDeep, query.span, "views stand in views too deeply");
  }
  if (query.with) {
    if (query.with->recursive) return refused(query.with->span, "WITH RECURSIVE");
    for (const sql::CommonTable& table : query.with->tables) {
      NodePtr node = MILLRACE_TRY(bind(table.query));
      if (!table.columns.empty()) {
        if (table.columns.size() != node->schema->columns()) {
          return text_.error(ErrorCode::kColumnCount, table.name.span,
                             fmt::format("the query has {} columns, but {} names are given",
                                         node->schema->columns(), table.columns.size()));
        }
        std::vector<ExpressionPtr> columns;
        std::vector<std::string> names;
        for (uint32_t at = 0; at < table.columns.size(); ++at) {
          columns.push_back(expr::make_column(*node->schema, at));
          names.push_back(table.columns[at].text);
        }
        node = project(std::move(node), std::move(columns), names);
      }
      common_[table.name.text] = std::move(node);
    }
  }
  if (query.with_ties) return refused(query.span, "WITH TIES");
  return bind_body(query);
}

Result<NodePtr> QueryBinder::bind_body(const sql::Query& query) {
  if (const auto* select = std::get_if<sql::Select>(&query.body)) {
    return bind_select(*select, query);
  }
  NodePtr node;
  if (const auto* values = std::get_if<sql::Values>(&query.body)) {
    node = MILLRACE_TRY(bind_values(*values));
  } else if (const auto* table = std::get_if<sql::WholeTable>(&query.body)) {
    node = MILLRACE_TRY(bind_named_table({.name = table->name, .options = {}, .as_of = {}})).node;
  } else if (const auto* nested = std::get_if<sql::NestedQuery>(&query.body)) {
    node = MILLRACE_TRY(bind(*nested->query));
  } else {
    node = MILLRACE_TRY(bind_set_operation(std::get<sql::SetOperation>(query.body), query.span));
  }
  std::vector<std::string> names;
  for (const data::Field& field : node->schema->fields()) names.push_back(field.name);
  std::vector<SortItem> items;
  for (const sql::OrderItem& item : query.order_by) {
    const auto column = MILLRACE_TRY(output_column(item.expression, names));
    if (!column) {
      return text_.error(ErrorCode::kColumnNotFound, item.expression.span,
                         "ORDER BY needs a column of the result here, by name or number");
    }
    items.push_back({*column, &item});
  }
  return sort(std::move(node), query, items);
}

Result<NodePtr> QueryBinder::bind_values(const sql::Values& values) {
  const Scope nothing;
  const ExpressionBinder binder = expressions(nothing);
  const size_t width = values.rows.front().expressions.size();
  std::vector<std::vector<ExpressionPtr>> columns(width);
  for (const sql::ValuesRow& row : values.rows) {
    if (row.expressions.size() != width) {
      return text_.error(ErrorCode::kColumnCount, row.span,
                         fmt::format("every row of VALUES needs {} values, this one has {}", width,
                                     row.expressions.size()));
    }
    for (size_t at = 0; at < width; ++at) {
      columns[at].push_back(MILLRACE_TRY(binder.bind(row.expressions[at])));
    }
  }
  Values made;
  made.rows.resize(values.rows.size());
  std::vector<data::Field> fields;
  for (size_t at = 0; at < width; ++at) {
    const auto unified = expr::unify(std::move(columns[at]));
    if (!unified) {
      return text_.error(unified.error().code(), values.rows.front().expressions[at].span,
                         unified.error().message());
    }
    fields.push_back({fmt::format("EXPR${}", at), unified->front()->type(), true});
    for (size_t row = 0; row < unified->size(); ++row) {
      auto value = expr::evaluate_constant((*unified)[row]);
      if (!value) {
        const sql::Span span = values.rows[row].expressions[at].span;
        return text_.error(value.error().code(), span, value.error().message());
      }
      made.rows[row].push_back(std::move(*value));
    }
  }
  return make_node(std::move(made), {}, data::make_schema(std::move(fields)));
}

Result<NodePtr> QueryBinder::bind_set_operation(const sql::SetOperation& operation,
                                                sql::Span span) {
  if (operation.op != sql::SetOperator::kUnion) return refused(span, "INTERSECT and EXCEPT");
  std::vector<NodePtr> inputs;
  for (const sql::Query& branch : operation.branches) inputs.push_back(MILLRACE_TRY(bind(branch)));
  const size_t width = inputs.front()->schema->columns();
  std::vector<std::string> names;
  std::vector<std::vector<ExpressionPtr>> converted(inputs.size());
  for (uint32_t column = 0; column < width; ++column) {
    std::vector<ExpressionPtr> parts;
    for (size_t at = 0; at < inputs.size(); ++at) {
      if (inputs[at]->schema->columns() != width) {
        return text_.error(ErrorCode::kColumnCount, operation.branches[at].span,
                           fmt::format("every part of UNION needs {} columns, this one has {}",
                                       width, inputs[at]->schema->columns()));
      }
      parts.push_back(expr::make_column(*inputs[at]->schema, column));
    }
    auto unified = expr::unify(std::move(parts));
    if (!unified) return text_.error(unified.error().code(), span, unified.error().message());
    for (size_t at = 0; at < inputs.size(); ++at) converted[at].push_back((*unified)[at]);
    names.push_back(inputs.front()->schema->field(column).name);
  }
  for (size_t at = 0; at < inputs.size(); ++at) {
    inputs[at] = project(std::move(inputs[at]), std::move(converted[at]), names);
  }
  std::vector<data::Field> fields = inputs.front()->schema->fields();
  for (const NodePtr& input : inputs) {
    for (size_t at = 0; at < width; ++at) fields[at].nullable |= input->schema->field(at).nullable;
  }
  NodePtr node = make_node(UnionAll{}, std::move(inputs), data::make_schema(std::move(fields)));
  if (operation.all) return node;
  Aggregate distinct;
  for (uint32_t at = 0; at < width; ++at) distinct.keys.push_back(at);
  const data::SchemaPtr schema = node->schema;
  return make_node(std::move(distinct), {std::move(node)}, schema);
}

Result<void> QueryBinder::refuse_clauses(const sql::Select& select) const {
  if (!select.distinct_on.empty()) return refused(select.distinct_on.front().span, "DISTINCT ON");
  if (select.qualify) return refused(select.qualify->span, "QUALIFY");
  if (!select.windows.empty()) return refused(select.windows.front().name.span, "WINDOW");
  return {};
}

Result<QueryBinder::Output> QueryBinder::bind_items(const sql::Select& select,
                                                    const BoundRelation& from,
                                                    const ExpressionBinder& binder) {
  Output output{.input = from.node, .expressions = {}, .names = {}};
  for (const sql::SelectItem& item : select.items) {
    if (const auto* star = std::get_if<sql::Star>(&item)) {
      sql::QualifiedName qualifier = star->qualifier;
      qualifier.span = star->span;
      for (const ScopeColumn& column : MILLRACE_TRY(from.scope.star(qualifier, text_))) {
        output.expressions.push_back(
            expr::make_column(column.index, column.name, column.type, column.nullable));
        output.names.push_back(column.name);
      }
      continue;
    }
    const auto& computed = std::get<sql::ComputedItem>(item);
    output.expressions.push_back(MILLRACE_TRY(binder.bind(computed.expression)));
    output.names.push_back(output_name(computed, output.names.size()));
  }
  return output;
}

Result<void> QueryBinder::bind_order(
    const sql::Select& select, const sql::Query& query, Output& output,
    const std::function<Result<ExpressionPtr>(const sql::Expression&)>& bind) const {
  for (const sql::OrderItem& item : query.order_by) {
    auto column = MILLRACE_TRY(output_column(item.expression, output.names));
    if (!column) {
      if (select.distinct) {
        return text_.error(ErrorCode::kColumnNotFound, item.expression.span,
                           "ORDER BY needs a column of the result here, by name or number");
      }
      column = static_cast<uint32_t>(output.expressions.size());
      output.expressions.push_back(MILLRACE_TRY(bind(item.expression)));
    }
    output.order.push_back({*column, &item});
  }
  return {};
}

Result<NodePtr> QueryBinder::bind_select(const sql::Select& select, const sql::Query& query) {
  MILLRACE_TRY(refuse_clauses(select));
  BoundRelation from = MILLRACE_TRY(bind_from(select));
  const bool grouped = !select.group_by.empty() || select.having ||
                       has_aggregate(context_.functions, context_.dialect, select);
  if (select.emit && !grouped) return refused(select.emit->span, "EMIT without GROUP BY");
  const Scope scope = from.scope;
  const ExpressionBinder binder = expressions(scope);
  Output output;
  if (grouped) {
    output = MILLRACE_TRY(bind_grouped(select, query, std::move(from)));
  } else {
    output = MILLRACE_TRY(bind_items(select, from, binder));
    MILLRACE_TRY(bind_order(select, query, output, [&](const sql::Expression& expression) {
      return binder.bind(expression);
    }));
  }
  const size_t width = output.names.size();
  NodePtr node = project(std::move(output.input), std::move(output.expressions), output.names);
  if (select.distinct) {
    Aggregate distinct;
    for (uint32_t at = 0; at < width; ++at) distinct.keys.push_back(at);
    const data::SchemaPtr schema = node->schema;
    node = make_node(std::move(distinct), {std::move(node)}, schema);
  }
  node = MILLRACE_TRY(sort(std::move(node), query, output.order));
  if (node->schema->columns() == width) return node;
  std::vector<ExpressionPtr> kept;
  for (uint32_t at = 0; at < width; ++at) kept.push_back(expr::make_column(*node->schema, at));
  return project(std::move(node), std::move(kept), output.names);
}

Result<std::optional<uint32_t>> QueryBinder::output_column(
    const sql::Expression& expression, const std::vector<std::string>& names) const {
  if (const auto* literal = std::get_if<sql::Literal>(&expression.node)) {
    if (literal->kind != sql::LiteralKind::kInteger) return std::optional<uint32_t>();
    uint32_t number = 0;
    std::from_chars(literal->text.data(), literal->text.data() + literal->text.size(), number);
    if (number == 0 || number > names.size()) {
      return text_.error(ErrorCode::kColumnNotFound, expression.span,
                         fmt::format("there is no column {}: the result has {} column{}",
                                     literal->text, names.size(), names.size() == 1 ? "" : "s"));
    }
    return std::optional(number - 1);
  }
  const auto* column = std::get_if<sql::ColumnRef>(&expression.node);
  if (column == nullptr || column->name.parts.size() != 1) return std::optional<uint32_t>();
  for (const bool exactly : {true, false}) {
    for (uint32_t at = 0; at < names.size(); ++at) {
      const std::string& wanted = column->name.parts.front().text;
      if (exactly ? names[at] == wanted : catalog::equal_ignoring_case(names[at], wanted)) {
        return std::optional(at);
      }
    }
  }
  return std::optional<uint32_t>();
}

Result<std::optional<uint64_t>> QueryBinder::row_count(
    const sql::Box<sql::Expression>& expression) {
  if (!expression) return std::optional<uint64_t>();
  const Scope nothing;
  const ExpressionPtr bound = MILLRACE_TRY(expressions(nothing).bind(*expression));
  const auto value = expr::evaluate_constant(bound);
  if (!value || !value->holds<int64_t>() || value->integer() < 0) {
    return text_.error(ErrorCode::kTypeMismatch, expression->span,
                       "a number of rows, 0 or more, is needed here");
  }
  return std::optional(static_cast<uint64_t>(value->integer()));
}

Result<NodePtr> QueryBinder::sort(NodePtr node, const sql::Query& query,
                                  const std::vector<SortItem>& items) {
  Sort sort;
  sort.limit = MILLRACE_TRY(row_count(query.limit));
  sort.offset = MILLRACE_TRY(row_count(query.offset)).value_or(0);
  if (items.empty() && !sort.limit && sort.offset == 0) return node;
  if (!node->properties.bounded) {
    return text_.error(ErrorCode::kEndlessQuery, query.span,
                       "ORDER BY and LIMIT need rows that end, but an input is endless");
  }
  for (const auto& [column, item] : items) {
    // NULLs are the largest, as in PostgreSQL.
    const bool nulls_first = item->nulls == sql::NullsOrder::kDefault
                                 ? item->descending
                                 : item->nulls == sql::NullsOrder::kFirst;
    sort.keys.push_back({column, item->descending, nulls_first});
  }
  const data::SchemaPtr schema = node->schema;
  return make_node(std::move(sort), {std::move(node)}, schema);
}

namespace {

// Finds calls of aggregates outside subqueries, by printing nothing and binding nothing.
class AggregateFinder {
 public:
  AggregateFinder(const expr::FunctionRegistry& functions, expr::Dialect dialect)
      : functions_(functions), dialect_(dialect) {}

  bool in(const sql::Expression& expression) const {
    return std::visit([this](const auto& node) { return in_node(node); }, expression.node);
  }

 private:
  bool any(const std::vector<sql::Expression>& list) const {
    return std::ranges::any_of(list, [this](const sql::Expression& part) { return in(part); });
  }
  bool maybe(const sql::Box<sql::Expression>& part) const { return part && in(*part); }

  bool in_node(const sql::Call& call) const {
    const std::string& name = call.name.parts.back().text;
    if (!call.over && functions_.find_aggregate(name, dialect_) != nullptr) return true;
    return std::ranges::any_of(
        call.arguments, [this](const sql::Argument& argument) { return in(argument.value); });
  }
  bool in_node(const sql::Case& node) const {
    return maybe(node.operand) || maybe(node.otherwise) ||
           std::ranges::any_of(node.branches, [this](const sql::CaseBranch& branch) {
             return in(branch.when) || in(branch.then);
           });
  }
  template <class Node>
  bool in_node(const Node& node) const {
    if constexpr (requires { node.operands; }) {
      return any(node.operands);
    } else if constexpr (requires { node.elements; }) {
      return any(node.elements);
    } else if constexpr (requires { node.entries; }) {
      return any(node.entries);
    } else if constexpr (requires { node.low; }) {
      return maybe(node.operand) || maybe(node.low) || maybe(node.high);
    } else if constexpr (requires { node.list; }) {
      return maybe(node.operand) || any(node.list);
    } else if constexpr (requires { node.pattern; }) {
      return maybe(node.operand) || maybe(node.pattern);
    } else if constexpr (requires { node.left; }) {
      return maybe(node.left) || maybe(node.right);
    } else if constexpr (requires { node.operand; }) {
      return maybe(node.operand);
    } else {
      return false;
    }
  }

  const expr::FunctionRegistry& functions_;
  const expr::Dialect dialect_;
};

bool has_aggregate(const expr::FunctionRegistry& functions, expr::Dialect dialect,
                   const sql::Select& select) {
  const AggregateFinder finder(functions, dialect);
  return std::ranges::any_of(select.items, [&](const sql::SelectItem& item) {
    const auto* computed = std::get_if<sql::ComputedItem>(&item);
    return computed != nullptr && finder.in(computed->expression);
  });
}

}  // namespace

}  // namespace millrace::plan
