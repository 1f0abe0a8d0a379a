#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "catalog/catalog.h"
#include "expr/registry.h"
#include "plan/bind/bind_expression.h"
#include "plan/bind/bind_table.h"
#include "plan/bind/scope.h"
#include "plan/logical/logical_plan.h"
#include "sql/ast/query.h"
#include "sql/text/source_text.h"

namespace millrace::plan {

std::vector<std::string> parts_of(const sql::QualifiedName& name);

// LATE INTO t: rows that a window aggregation found too late, and where they go.
struct LateOutput {
  NodePtr rows;
  BoundTablePtr target;
  std::vector<uint32_t> columns;  // of the target, one per column of the rows
  sql::Span span;                 // of the target's name
};

// What binding a statement needs to know. References outlive the binder.
struct BindContext {
  const catalog::Catalog& catalog;
  const catalog::NamePath& path;
  const expr::FunctionRegistry& functions;
  const traits::ConnectorRegistry& connectors;
  expr::Dialect dialect = expr::Dialect::kDefault;
  bool until_now = false;  // topics are read to what is there now (SELECT)
  // Takes what LATE INTO asks for; null where nothing is written.
  std::vector<LateOutput>* late = nullptr;
};

// A query or an entry of FROM, bound: its rows, and the names that see them. A window function that
// can be merged into an aggregation over it stands beside the rows it would be applied to.
struct BoundRelation {
  NodePtr node;
  Scope scope;
};

// QueryBinder: queries as written -> logical plan.
//
// Threading:  confined to one thread.
// Failure:    with place and caret; kNotSupported names the clause that cannot be planned yet.
class QueryBinder {
 public:
  QueryBinder(const BindContext& context, const sql::SourceText& text, int depth = 0)
      : context_(context), text_(text), depth_(depth) {}

  // The query's rows; the schema has the names of its columns.
  Result<NodePtr> bind(const sql::Query& query);

 private:
  // Expressions of SELECT, HAVING and ORDER BY while a grouped query is bound (bind_aggregate.cc).
  class Grouping;
  struct SortItem {
    uint32_t column;
    const sql::OrderItem* item;
  };
  // A SELECT's output before ORDER BY.
  struct Output {
    NodePtr input;
    std::vector<expr::ExpressionPtr> expressions;
    std::vector<std::string> names;  // of the first ones; the others serve ORDER BY alone
    std::vector<SortItem> order;
  };

  Result<NodePtr> bind_body(const sql::Query& query);
  Result<NodePtr> bind_select(const sql::Select& select, const sql::Query& query);
  Result<NodePtr> bind_values(const sql::Values& values);
  Result<NodePtr> bind_set_operation(const sql::SetOperation& operation, sql::Span span);
  Result<Output> bind_items(const sql::Select& select, const BoundRelation& from,
                            const ExpressionBinder& binder);
  // ORDER BY: columns of the output, or expressions that `bind` binds, put behind it.
  Result<void> bind_order(
      const sql::Select& select, const sql::Query& query, Output& output,
      const std::function<Result<expr::ExpressionPtr>(const sql::Expression&)>& bind) const;
  Result<void> refuse_clauses(const sql::Select& select) const;
  Result<NodePtr> sort(NodePtr node, const sql::Query& query, const std::vector<SortItem>& items);
  Result<std::optional<uint64_t>> row_count(const sql::Box<sql::Expression>& expression);
  // The column of the output that an ORDER BY or GROUP BY item names by number or alias.
  Result<std::optional<uint32_t>> output_column(const sql::Expression& expression,
                                                const std::vector<std::string>& names) const;

  // bind_from.cc
  Result<BoundRelation> bind_from(const sql::Select& select);
  Result<BoundRelation> bind_table_ref(const sql::TableRef& ref);
  Result<BoundRelation> bind_named_table(const sql::NamedTable& named);
  Result<BoundRelation> bind_window_table(const sql::WindowTable& window);
  Result<BoundRelation> bind_unnest(BoundRelation left, const sql::TableRef& ref, bool keeps_empty);
  Result<NodePtr> scan(const BoundTablePtr& table);
  Result<NodePtr> bind_view(const catalog::ViewDefinition& view);

  // bind_join.cc
  Result<BoundRelation> bind_join_table(const sql::JoinTable& join);
  Result<BoundRelation> join(BoundRelation left, BoundRelation right, JoinKind kind,
                             std::vector<expr::ExpressionPtr> conditions);
  Result<std::vector<expr::ExpressionPtr>> join_conditions(const sql::Join& join,
                                                           BoundRelation& left,
                                                           BoundRelation& right, const Scope& both);

  // bind_aggregate.cc
  Result<Output> bind_grouped(const sql::Select& select, const sql::Query& query,
                              BoundRelation from);

  ExpressionBinder expressions(const Scope& scope) const {
    return ExpressionBinder(context_.functions, context_.dialect, scope, text_);
  }
  Error refused(sql::Span span, std::string_view what) const;

  const BindContext& context_;
  const sql::SourceText& text_;
  const int depth_;
  std::map<std::string, NodePtr> common_;  // WITH
};

// A node that computes `expressions`, with these names; one that has none is called by its text.
NodePtr project(NodePtr input, std::vector<expr::ExpressionPtr> expressions,
                const std::vector<std::string>& names);

// `name`, or a name made from the expression as PostgreSQL and Flink do: its column, else EXPR$n.
std::string output_name(const sql::ComputedItem& item, size_t position);

}  // namespace millrace::plan
