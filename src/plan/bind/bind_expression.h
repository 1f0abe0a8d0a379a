#pragma once

#include <functional>

#include "base/result.h"
#include "expr/expression.h"
#include "expr/registry.h"
#include "plan/bind/scope.h"
#include "sql/ast/expression.h"
#include "sql/ast/function_call.h"
#include "sql/text/source_text.h"

namespace millrace::plan {

// ExpressionBinder: expressions as written -> typed expressions over the columns of a scope.
//
// Threading:  confined to one thread. Ownership: everything it is given outlives it.
// Failure:    with the place and a caret; kNotSupported names what cannot be planned yet.
class ExpressionBinder {
 public:
  // What becomes of a call of an aggregate or group-window function: an expression that stands for
  // its result; null: it is no such function.
  using SpecialCall =
      std::function<Result<expr::ExpressionPtr>(const sql::Call& call, sql::Span span)>;

  ExpressionBinder(const expr::FunctionRegistry& functions, expr::Dialect dialect,
                   const Scope& scope, const sql::SourceText& text, SpecialCall special = {})
      : functions_(functions),
        dialect_(dialect),
        scope_(scope),
        text_(text),
        special_(std::move(special)) {}

  Result<expr::ExpressionPtr> bind(const sql::Expression& expression) const;
  // Of type BOOLEAN; `clause` names it in messages.
  Result<expr::ExpressionPtr> bind_condition(const sql::Expression& expression,
                                             std::string_view clause) const;

 private:
  struct Visitor;
  Result<std::vector<expr::ExpressionPtr>> bind_all(
      const std::vector<sql::Expression>& expressions) const;
  Result<expr::ExpressionPtr> call(std::string_view name,
                                   std::vector<expr::ExpressionPtr> arguments,
                                   sql::Span span) const;
  Result<expr::ExpressionPtr> refuse(sql::Span span, std::string_view what) const;
  Result<expr::ExpressionPtr> bind_call(const sql::Call& call, sql::Span span) const;
  Result<expr::ExpressionPtr> bind_case(const sql::Case& node, sql::Span span) const;
  Result<expr::ExpressionPtr> bind_between(const sql::Between& node, sql::Span span) const;
  Result<expr::ExpressionPtr> bind_in_list(const sql::InList& node, sql::Span span) const;
  Result<expr::ExpressionPtr> bind_is(const sql::Is& node, sql::Span span) const;
  // Puts the place into an error of a maker that knows none.
  template <class T>
  Result<T> placed(Result<T> result, sql::Span span) const;

  const expr::FunctionRegistry& functions_;
  const expr::Dialect dialect_;
  const Scope& scope_;
  const sql::SourceText& text_;
  const SpecialCall special_;
};

}  // namespace millrace::plan
