#pragma once

#include "base/result.h"
#include "catalog/catalog.h"
#include "expr/registry.h"
#include "plan/bind/bound_table.h"
#include "sql/ast/create_table.h"
#include "sql/text/source_text.h"
#include "traits/connector_registry.h"

namespace millrace::plan {

// A definition with its expressions bound. Failure: as for expressions; the place is in the
// definition.
Result<BoundTablePtr> bind_table(const catalog::TablePtr& table,
                                 const expr::FunctionRegistry& functions, expr::Dialect dialect);

// What CREATE TABLE defines, checked: types, options, keys, computed columns, watermark. LIKE has
// been resolved and the columns of AS SELECT are given as `query_schema` (null: none).
// Failure: kInvalidDefinition and what types, options and expressions say, with place and caret.
Result<catalog::TablePtr> define_table(const sql::CreateTable& create,
                                       const catalog::QualifiedName& name,
                                       const data::SchemaPtr& query_schema,
                                       const traits::ConnectorRegistry& connectors,
                                       const expr::FunctionRegistry& functions,
                                       const sql::SourceText& text);

}  // namespace millrace::plan
