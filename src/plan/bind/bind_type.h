#pragma once

#include "base/result.h"
#include "data/type.h"
#include "sql/ast/type_name.h"
#include "sql/text/source_text.h"

namespace millrace::plan {

// A type as it is written -> the type. Failure: kUnknownType with the nearest name;
// kInvalidDefinition for a precision or scale out of range.
Result<data::Type> bind_type(const sql::TypeName& type, const sql::SourceText& text);

}  // namespace millrace::plan
