#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "catalog/catalog.h"
#include "expr/registry.h"
#include "plan/bound_statement.h"
#include "sql/ast/inspect.h"

namespace millrace::plan {

// Rows that tell about the catalog and the functions: DESCRIBE, SHOW, EXPLAIN.

// A column per line of `text`.
BoundRows text_rows(std::string_view column, std::string_view text);
BoundRows describe_table(const catalog::TableDefinition& table);
BoundRows describe_schema(const data::Schema& schema);
// SHOW TABLES | VIEWS | FUNCTIONS [LIKE]; nullopt: nothing is known of that.
std::optional<BoundRows> show_rows(const sql::Show& show, const catalog::Catalog& catalog,
                                   const expr::FunctionRegistry& functions);

// Whether SHOW … [NOT] LIKE lets a name through.
bool shows(const sql::Show& show, std::string_view name);

}  // namespace millrace::plan
