#pragma once

#include <cstdint>

#include "base/result.h"
#include "expr/expression.h"
#include "sql/ast/expression.h"
#include "sql/text/source_text.h"

namespace millrace::plan {

// Constants as written -> literals. Failure: kInvalidLiteral with its place.
Result<expr::ExpressionPtr> bind_literal(const sql::Literal& literal, sql::Span span,
                                         const sql::SourceText& text);
Result<expr::ExpressionPtr> bind_typed_literal(const sql::TypedLiteral& literal, sql::Span span,
                                               const sql::SourceText& text);
Result<expr::ExpressionPtr> bind_interval(const sql::IntervalLiteral& literal, sql::Span span,
                                          const sql::SourceText& text);

// An INTERVAL expression that is a constant of days to seconds, in µs, as windows and EMIT need it.
// Failure: kTypeMismatch; kNotSupported for months.
Result<int64_t> interval_us(const sql::Expression& expression, const sql::SourceText& text);

}  // namespace millrace::plan
