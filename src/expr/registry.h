#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "expr/aggregate.h"
#include "expr/expression.h"
#include "expr/function.h"

namespace millrace::expr {

// SET 'sql.dialect': whose arithmetic holds where the two disagree. A function registered as
// "flink:AVG" takes the place of AVG under kFlink.
enum class Dialect : uint8_t { kDefault, kFlink };

// FunctionRegistry: every function by name; the only thing that the planner knows of functions.
//                   Operators
// are functions named as they are written: "+", "=", "LIKE", "||", unary minus "NEGATE"; a[1] and
// m['k'] are "SUBSCRIPT", IS DISTINCT FROM is "IS DISTINCT FROM", EXTRACT(DAY FROM x) is
// EXTRACT('DAY', x), FLOOR and CEIL(x TO HOUR) are DATE_TRUNC and DATE_CEIL('HOUR', x), units in
// TIMESTAMPADD and TIMESTAMPDIFF are texts. AND, OR, NOT, CASE, COALESCE, IS and IN with constants
// are no functions: build.h.
//
// Threading:  filled once at start, then immutable and shared.
// Ownership:  owns the functions; pointers live as long as it.
class FunctionRegistry {
 public:
  // REQUIRES: neither the name nor an alias is taken.
  void add(ScalarFunction function);
  void add(AggregateFunction function);

  // Names and aliases, without regard to case; null: none.
  const ScalarFunction* find_scalar(std::string_view name,
                                    Dialect dialect = Dialect::kDefault) const;
  const AggregateFunction* find_aggregate(std::string_view name,
                                          Dialect dialect = Dialect::kDefault) const;

  // A call, arguments converted as the chosen overload wants them.
  // Failure: kFunctionNotFound: no such name (remedy: the nearest), or none for these types
  //          (remedy: the
  // signature); kTypeMismatch: a literal is not of the type that it must have here.
  Result<ExpressionPtr> call(std::string_view name, std::vector<ExpressionPtr> arguments,
                             Dialect dialect = Dialect::kDefault) const;
  // The overload for these arguments (COUNT(*): none); convert them to its `arguments` with
  // build.h's convert. Failure: as call.
  Result<BoundAggregatePtr> aggregate(std::string_view name,
                                      std::span<const ExpressionPtr> arguments,
                                      Dialect dialect = Dialect::kDefault) const;
  // The same from types, for a stored plan.
  Result<BoundAggregatePtr> aggregate(std::string_view name,
                                      std::span<const data::Type> arguments) const;

  // Every function once, by family and name.
  std::vector<const FunctionDoc*> documentation() const;

 private:
  template <class F>
  using ByName = std::map<std::string, std::shared_ptr<const F>, std::less<>>;
  template <class F>
  void put(ByName<F>& functions, F function);
  Error unknown(std::string_view name) const;

  ByName<ScalarFunction> scalars_;  // by name and alias, in upper case
  ByName<AggregateFunction> aggregates_;
};

}  // namespace millrace::expr
