#include "plan/logical/same_rows.h"

#include <algorithm>

#include "expr/build.h"

namespace millrace::plan {
namespace {

bool same_expression(const expr::ExpressionPtr& a, const expr::ExpressionPtr& b) {
  return expr::equal(a, b) && expr::volatility(*a) != expr::Volatility::kVolatile;
}

bool same_call(const AggregateCall& a, const AggregateCall& b) {
  return a.function == b.function && a.arguments == b.arguments && a.filter == b.filter &&
         a.distinct == b.distinct && a.type == b.type;
}

bool same_window(const AggregateWindow& a, const AggregateWindow& b) {
  return a.window == b.window && a.time_column == b.time_column && a.emit == b.emit &&
         a.late_columns == 0 && b.late_columns == 0;
}

bool same_operation(const Scan& a, const Scan& b) {
  return a.table->definition->name == b.table->definition->name && a.columns == b.columns &&
         a.until_now == b.until_now && same_filter(a.filter, b.filter);
}

bool same_operation(const Filter& a, const Filter& b) {
  return same_expression(a.predicate, b.predicate);
}

bool same_operation(const Project& a, const Project& b) {
  return std::ranges::equal(a.expressions, b.expressions, same_expression);
}

bool same_operation(const AssignWindow& a, const AssignWindow& b) {
  return a.window == b.window && a.time_column == b.time_column;
}

bool same_operation(const Aggregate& a, const Aggregate& b) {
  if (a.keys != b.keys || !std::ranges::equal(a.calls, b.calls, same_call)) return false;
  if (a.window.has_value() != b.window.has_value()) return false;
  return !a.window || same_window(*a.window, *b.window);
}

template <class A, class B>
bool same_operation(const A&, const B&) {
  return false;
}

}  // namespace

bool same_filter(const expr::ExpressionPtr& a, const expr::ExpressionPtr& b) {
  if (a == nullptr || b == nullptr) return a == b;
  return same_expression(a, b);
}

bool same_rows(const Node& a, const Node& b) {
  if (&a == &b) return true;
  const bool same =
      std::visit([](const auto& one, const auto& other) { return same_operation(one, other); },
                 a.operation, b.operation);
  return same && std::ranges::equal(a.inputs, b.inputs, [](const NodePtr& one, const NodePtr& two) {
           return same_rows(*one, *two);
         });
}

}  // namespace millrace::plan
