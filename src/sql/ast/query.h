#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "sql/ast/box.h"
#include "sql/ast/choice.h"
#include "sql/ast/emit.h"
#include "sql/ast/expression.h"
#include "sql/ast/name.h"
#include "sql/ast/span.h"
#include "sql/ast/table_ref.h"
#include "sql/ast/window.h"

namespace millrace::sql {

// *, t.*: `qualifier` has no parts where there is none.
struct Star {
  QualifiedName qualifier;
  Span span;
  friend bool operator==(const Star&, const Star&) = default;
};

// x, x AS a, x a.
struct ComputedItem {
  Expression expression;
  std::optional<Identifier> alias;
  friend bool operator==(const ComputedItem&, const ComputedItem&) = default;
};

using SelectItem = Choice<ComputedItem, Star>;

enum class GroupingKind : uint8_t {
  kExpression,    // x: one expression
  kSet,           // (x, y), (): all of `expressions` together; never just one
  kRollup,        // ROLLUP (…): `elements`, each kExpression or kSet
  kCube,          // CUBE (…): the same
  kGroupingSets,  // GROUPING SETS (…): `elements` of any kind
};

struct GroupingElement {
  GroupingKind kind = GroupingKind::kExpression;
  std::vector<Expression> expressions;
  std::vector<GroupingElement> elements;
  Span span;
  friend bool operator==(const GroupingElement&, const GroupingElement&) = default;
};

struct Select {
  bool distinct = false;
  std::vector<Expression> distinct_on;  // DISTINCT ON (…)
  std::vector<SelectItem> items;        // may be empty only where PostgreSQL allows it: never
  std::vector<TableRef> from;           // a comma is a cross join
  Box<Expression> where;
  std::vector<GroupingElement> group_by;
  Box<Expression> having;
  std::vector<NamedWindow> windows;
  Box<Expression> qualify;
  std::optional<Emit> emit;
  friend bool operator==(const Select&, const Select&) = default;
};

// VALUES (1, 'a'), (2, 'b'): rows of one or more expressions; their counts may differ here.
struct ValuesRow {
  std::vector<Expression> expressions;
  Span span;
  friend bool operator==(const ValuesRow&, const ValuesRow&) = default;
};

struct Values {
  std::vector<ValuesRow> rows;
  friend bool operator==(const Values&, const Values&) = default;
};

// TABLE t: all of it.
struct WholeTable {
  QualifiedName name;
  friend bool operator==(const WholeTable&, const WholeTable&) = default;
};

enum class SetOperator : uint8_t { kUnion, kIntersect, kExcept };

// a UNION ALL b UNION ALL c: two or more branches of one operator, from left to right, so that a
// chain of thousands is not deep. Another operator, or parentheses, make a SetOperation inside a
// branch.
struct SetOperation {
  SetOperator op = SetOperator::kUnion;
  bool all = false;
  std::vector<Query> branches;
  friend bool operator==(const SetOperation&, const SetOperation&) = default;
};

// (query): only where the outer one adds a clause that the inner one has too, as in
// (SELECT … LIMIT 5) ORDER BY x LIMIT 1; other parentheses leave no trace.
struct NestedQuery {
  Box<Query> query;
  friend bool operator==(const NestedQuery&, const NestedQuery&) = default;
};

struct CommonTable;

struct With {
  bool recursive = false;
  std::vector<CommonTable> tables;
  Span span;
  friend bool operator==(const With&, const With&) = default;
};

// Query: what gives rows.
//
//   [WITH …] body [ORDER BY …] [LIMIT n] [OFFSET n] [FETCH FIRST n ROWS ONLY | WITH TIES]
struct Query {
  std::optional<With> with;
  Choice<Select, Values, WholeTable, SetOperation, NestedQuery> body;
  std::vector<OrderItem> order_by;
  Box<Expression> limit;  // LIMIT n and FETCH FIRST n ROWS; empty for LIMIT ALL
  Box<Expression> offset;
  bool with_ties = false;
  Span span;
  friend bool operator==(const Query&, const Query&) = default;
};

enum class Materialization : uint8_t { kDefault, kMaterialized, kNotMaterialized };

// name [(columns)] AS [[NOT] MATERIALIZED] (query).
struct CommonTable {
  Identifier name;
  std::vector<Identifier> columns;
  Materialization materialization = Materialization::kDefault;
  Query query;
  friend bool operator==(const CommonTable&, const CommonTable&) = default;
};

}  // namespace millrace::sql
