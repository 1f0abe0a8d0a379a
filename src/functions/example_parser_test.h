#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "expr/expression.h"
#include "expr/registry.h"

namespace millrace::functions {

// Reads the examples of FunctionDoc: literals, calls, one infix operator between two operands. Just
// enough to run them; the grammar of SQL stands elsewhere.
class ExampleParser {
 public:
  ExampleParser(const expr::FunctionRegistry& registry, std::string_view text,
                expr::Dialect dialect = expr::Dialect::kDefault)
      : registry_(registry), rest_(text), dialect_(dialect) {}

  // The whole text as one expression.
  Result<expr::ExpressionPtr> parse();
  // "SUM(x) over 1, 2, NULL": the values.
  Result<std::vector<expr::ExpressionPtr>> parse_values();

 private:
  Result<expr::ExpressionPtr> expression();
  Result<expr::ExpressionPtr> operand();
  Result<expr::ExpressionPtr> number();
  Result<expr::ExpressionPtr> named(std::string_view name);
  Result<std::vector<expr::ExpressionPtr>> list(char end);
  std::string quoted();
  void space();
  bool take(std::string_view word);
  Error unexpected() const;

  const expr::FunctionRegistry& registry_;
  std::string_view rest_;
  expr::Dialect dialect_;
};

}  // namespace millrace::functions
