#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sql/ast/box.h"
#include "sql/ast/expression.h"
#include "sql/ast/name.h"
#include "sql/ast/option.h"
#include "sql/ast/query.h"
#include "sql/ast/span.h"

namespace millrace::sql {

// INSERT INTO t [(a, b)] query; VALUES is a query. WITH … INSERT INTO t query is the query's WITH.
struct Insert {
  QualifiedName table;
  std::vector<Identifier> columns;
  Box<Query> query;
  bool overwrite = false;  // INSERT OVERWRITE t
  Span span;
  friend bool operator==(const Insert&, const Insert&) = default;
};

// EXECUTE STATEMENT SET BEGIN insert; … END: at least one.
struct StatementSet {
  std::vector<Insert> inserts;
  friend bool operator==(const StatementSet&, const StatementSet&) = default;
};

struct Assignment {
  Identifier column;
  Expression value;
  friend bool operator==(const Assignment&, const Assignment&) = default;
};

// UPDATE t [AS a] SET c = x, … [WHERE …].
struct Update {
  QualifiedName table;
  std::optional<Identifier> alias;
  std::vector<Assignment> assignments;
  Box<Expression> where;
  friend bool operator==(const Update&, const Update&) = default;
};

// DELETE FROM t [AS a] [WHERE …].
struct Delete {
  QualifiedName table;
  std::optional<Identifier> alias;
  Box<Expression> where;
  friend bool operator==(const Delete&, const Delete&) = default;
};

// COPY t [(a, b)] FROM STDIN | TO STDOUT [WITH (FORMAT csv, HEADER)]; COPY (query) TO STDOUT.
// Option keys are in lower case; one without a value has "true".
struct Copy {
  std::optional<QualifiedName> table;
  std::vector<Identifier> columns;
  Box<Query> query;         // where `table` is absent
  bool subscribe = false;   // COPY (SUBSCRIBE query) TO STDOUT
  bool from_stdin = false;  // otherwise to STDOUT
  Options options;
  friend bool operator==(const Copy&, const Copy&) = default;
};

}  // namespace millrace::sql
