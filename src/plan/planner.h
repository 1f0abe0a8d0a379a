#pragma once

#include <string_view>

#include "base/result.h"
#include "catalog/catalog.h"
#include "expr/registry.h"
#include "plan/bound_statement.h"
#include "sql/ast/statement.h"
#include "sql/text/source_text.h"
#include "traits/connector_registry.h"

namespace millrace::plan {

using Dialect = expr::Dialect;

// What the planner knows of functions and connectors. References outlive every planner.
struct Registries {
  const expr::FunctionRegistry& functions;
  const traits::ConnectorRegistry& connectors;
};

struct PlanOptions {
  Dialect dialect = Dialect::kDefault;
  // Optional rules: off, the plan is larger and slower, its rows and rejections are the same.
  bool optimize = true;
};

// Planner: a statement as written -> what it asks for.
//
// Threading:  confined to one thread; makes immutable values.
// Ownership:  catalog, path and registries outlive it; `text` is the script that spans point into.
// Failure:    with code, place and caret. kNotSupported names the clause that cannot be planned
//             yet.
class Planner {
 public:
  Planner(const catalog::Catalog& catalog, const catalog::NamePath& path, Registries registries,
          PlanOptions options)
      : catalog_(catalog), path_(path), registries_(registries), options_(options) {}

  Result<BoundStatement> plan(const sql::Statement& statement, const sql::SourceText& text) const;

 private:
  class Binding;
  const catalog::Catalog& catalog_;
  const catalog::NamePath& path_;
  const Registries registries_;
  const PlanOptions options_;
};

}  // namespace millrace::plan
