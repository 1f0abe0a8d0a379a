#pragma once

#include "base/result.h"
#include "catalog/catalog.h"
#include "sql/ast/statement.h"
#include "sql/text/source_text.h"

namespace millrace::plan {

// Where names are looked up after USE. A schema is there if it is main.public or something is in
// it; one word is a schema of the current database, else a database.
//
// Failure: kTableNotFound at the name, with the nearest one that is there.
Result<catalog::NamePath> use_path(const sql::Use& use, const catalog::Catalog& catalog,
                                   const catalog::NamePath& path, const sql::SourceText& text);

}  // namespace millrace::plan
