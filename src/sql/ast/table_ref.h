#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "sql/ast/box.h"
#include "sql/ast/choice.h"
#include "sql/ast/expression.h"
#include "sql/ast/match_recognize.h"
#include "sql/ast/name.h"
#include "sql/ast/option.h"
#include "sql/ast/span.h"
#include "sql/ast/window.h"

namespace millrace::sql {

// t, t /*+ OPTIONS('k' = 'v') */, t FOR SYSTEM_TIME AS OF o.ts.
struct NamedTable {
  QualifiedName name;
  Options options;
  Box<Expression> as_of;
  friend bool operator==(const NamedTable&, const NamedTable&) = default;
};

// (SELECT …), (VALUES …).
struct DerivedTable {
  Box<Query> query;
  friend bool operator==(const DerivedTable&, const DerivedTable&) = default;
};

// UNNEST(a, b) [WITH ORDINALITY].
struct UnnestTable {
  std::vector<Expression> collections;
  bool with_ordinality = false;
  friend bool operator==(const UnnestTable&, const UnnestTable&) = default;
};

// DESCRIPTOR(a, b): columns given to a table function.
struct Descriptor {
  std::vector<Identifier> columns;
  friend bool operator==(const Descriptor&, const Descriptor&) = default;
};

struct TableFunctionArgument {
  std::optional<Identifier> name;  // name => value
  Choice<Expression, TableArgument, Descriptor> value;
  friend bool operator==(const TableFunctionArgument&, const TableFunctionArgument&) = default;
};

// f(x), TABLE(f(x)), f(TABLE t, DESCRIPTOR(c)), generate_series(1, 9) WITH ORDINALITY; CURRENT_DATE
// in FROM has no arguments and no parentheses.
struct FunctionTable {
  QualifiedName name;
  std::vector<TableFunctionArgument> arguments;
  bool with_ordinality = false;
  friend bool operator==(const FunctionTable&, const FunctionTable&) = default;
};

enum class JoinType : uint8_t { kInner, kLeft, kRight, kFull, kCross };

struct Join;

// a JOIN b ON … LEFT JOIN c ON …: `first`, then the joins from left to right, each with all before
// it. A join inside parentheses is a JoinTable inside this one.
struct JoinTable {
  Box<TableRef> first;
  std::vector<Join> joins;
  friend bool operator==(const JoinTable&, const JoinTable&) = default;
};

// [AS] t [(a, b)]; PostgreSQL's typed list, AS t(a INT), is not taken.
struct TableAlias {
  Identifier name;
  std::vector<Identifier> columns;
  friend bool operator==(const TableAlias&, const TableAlias&) = default;
};

// One entry of FROM.
struct TableRef {
  Choice<NamedTable, DerivedTable, UnnestTable, FunctionTable, WindowTable, MatchRecognizeTable,
         JoinTable>
      node;
  bool lateral = false;
  std::optional<TableAlias> alias;  // never of a JoinTable
  Span span;
  friend bool operator==(const TableRef&, const TableRef&) = default;
};

// [NATURAL] [ASOF] [INNER|LEFT|RIGHT|FULL|CROSS] JOIN right [ON condition | USING (a, b)].
struct Join {
  JoinType type = JoinType::kInner;
  bool asof = false;
  bool natural = false;
  TableRef right;
  Box<Expression> on;
  std::vector<Identifier> using_columns;
  Span span;  // of the words before `right`
  friend bool operator==(const Join&, const Join&) = default;
};

}  // namespace millrace::sql
