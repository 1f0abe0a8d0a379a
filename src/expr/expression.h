#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "data/type.h"
#include "data/value.h"
#include "expr/function.h"

namespace millrace::expr {

class Expression;
using ExpressionPtr = std::shared_ptr<const Expression>;

// What follows are the kinds of node. Operands have been bound: their types are what the node
// needs.

// The index-th column of the input; `name` is for people only.
struct ColumnRef {
  uint32_t index = 0;
  std::string name;
};

struct Literal {
  data::Value value;
};

struct Call {
  BoundFunctionPtr function;
  std::vector<ExpressionPtr> arguments;  // of exactly function->arguments types
};

enum class CastMode : uint8_t {
  kCast,    // too long a text is cut, as SQL wants it
  kAssign,  // into a column: too long a text is a row error
  kTry,     // TRY_CAST: NULL where kCast is a row error (an error of the operand stays one)
};

struct Cast {
  ExpressionPtr operand;
  CastMode mode = CastMode::kCast;
};

// AND, OR of two or more BOOLEANs.
struct Logical {
  bool is_and = true;
  std::vector<ExpressionPtr> operands;
};

struct Not {
  ExpressionPtr operand;
};

struct CaseBranch {
  ExpressionPtr when;  // BOOLEAN; anything but TRUE goes on to the next branch
  ExpressionPtr then;
};

// CASE WHEN …; `otherwise` is never null. A branch is evaluated for the rows that reach it.
struct Case {
  std::vector<CaseBranch> branches;
  ExpressionPtr otherwise;
};

// The first operand that is not NULL; later ones are evaluated for the rows that reach them.
struct Coalesce {
  std::vector<ExpressionPtr> operands;
};

enum class TestKind : uint8_t { kNull, kTrue, kFalse };  // IS UNKNOWN is kNull

// x IS [NOT] NULL | TRUE | FALSE: never NULL.
struct Test {
  TestKind kind = TestKind::kNull;
  bool negated = false;
  ExpressionPtr operand;
};

// x IN (constants): NULL where x is NULL, or where x is not found and the list has a NULL.
struct InList {
  ExpressionPtr operand;
  std::vector<data::Value> list;  // of the operand's type, sorted, without NULL or twins
  bool has_null = false;
  bool negated = false;
};

// A field of a ROW; NULL where the row is.
struct FieldAccess {
  ExpressionPtr operand;
  uint32_t field = 0;
};

using ExpressionNode = std::variant<ColumnRef, Literal, Call, Cast, Logical, Not, Case, Coalesce,
                                    Test, InList, FieldAccess>;

// Expression: a typed scalar expression over the columns of one input.
//
// Threading:  immutable, shared freely; sub-expressions may be shared between trees.
// Order:      made by the functions of build.h, which check and derive types; function calls by
//             FunctionRegistry (registry.h).
class Expression {
 public:
  Expression(ExpressionNode node, data::Type type, bool nullable)
      : node_(std::move(node)), type_(std::move(type)), nullable_(nullable) {}

  const ExpressionNode& node() const { return node_; }
  const data::Type& type() const { return type_; }
  bool nullable() const { return nullable_; }
  // The node if it is a T, or null: `expression->as<Call>()`.
  template <class T>
  const T* as() const {
    return std::get_if<T>(&node_);
  }

 private:
  ExpressionNode node_;
  data::Type type_;
  bool nullable_;
};

// As SQL writes it, for EXPLAIN and messages: "(price * 0.908) > 10", "UPPER(name)".
std::string to_string(const Expression& expression);
inline std::string to_string(const ExpressionPtr& expression) {
  return to_string(*expression);
}

// Equal in structure, types and functions (the names of columns do not count). Equal expressions
// give equal results for the same row if they are deterministic.
bool equal(const Expression& a, const Expression& b);
inline bool equal(const ExpressionPtr& a, const ExpressionPtr& b) {
  return a == b || equal(*a, *b);
}
// The same of the nodes alone, whatever their operands are. Equal nodes have equal hashes, which
// are not stable between versions.
bool equal_nodes(const Expression& a, const Expression& b);
uint64_t hash_node(const Expression& expression);

// The direct operands, in the order of evaluation.
std::vector<ExpressionPtr> operands(const Expression& expression);
// The same node over other operands (same number, same types); nullability is derived anew.
ExpressionPtr with_operands(const ExpressionPtr& expression, std::vector<ExpressionPtr> operands);
// Rebuilds bottom-up: `replace` sees every node after its operands were rebuilt, and returns it or
// another of the same type. Untouched subtrees stay shared.
ExpressionPtr rewrite(const ExpressionPtr& expression,
                      const std::function<ExpressionPtr(const ExpressionPtr&)>& replace);
// Visits every node, parents first; `visit` returns whether to go on below it.
void visit(const Expression& expression, const std::function<bool(const Expression&)>& visit);

// The columns used, ascending, each once.
std::vector<uint32_t> columns_of(const Expression& expression);
// Column n becomes column map[n] (of the name it has). REQUIRES: map covers columns_of(expression).
ExpressionPtr with_columns(const ExpressionPtr& expression, const std::vector<uint32_t>& map);
// Column n becomes expressions[n]: the expression as seen below a projection.
ExpressionPtr with_inputs(const ExpressionPtr& expression,
                          const std::vector<ExpressionPtr>& expressions);

// No columns, and only functions whose result never changes: can be computed at planning.
bool is_constant(const Expression& expression);
// The most changeable function in it.
Volatility volatility(const Expression& expression);
// Whether a row can fail in it.
bool may_fail(const Expression& expression);

}  // namespace millrace::expr
