#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "data/predicate.h"
#include "data/schema.h"
#include "expr/conversion.h"
#include "expr/expression.h"

namespace millrace::expr {

// Makers of expressions: they check types, cast operands where SQL does so by itself, and derive
// type and nullability. Calls of functions are made by FunctionRegistry::call.
//
// Failure: kTypeMismatch, with the types in the message; the caller adds the place.

ExpressionPtr make_column(const data::Schema& schema, uint32_t index);
ExpressionPtr make_column(uint32_t index, std::string name, data::Type type, bool nullable = true);
// `value` is one of `type`, or NULL.
ExpressionPtr make_literal(data::Value value, data::Type type);
ExpressionPtr make_null(data::Type type = {});
ExpressionPtr make_boolean(bool value);

// CAST as written by the user. The operand itself where the type is already right.
Result<ExpressionPtr> make_cast(ExpressionPtr operand, data::Type type,
                                CastMode mode = CastMode::kCast);
// The cast that SQL puts in by itself: implicit (operators, arguments, set operations) or in an
// assignment (INSERT, VALUES). Literals are converted at once.
Result<ExpressionPtr> convert(ExpressionPtr operand, const data::Type& type,
                              Conversion context = Conversion::kImplicit);
// All of one type: the common one.
Result<std::vector<ExpressionPtr>> unify(std::vector<ExpressionPtr> operands);

// BOOLEAN operands; nested AND in AND is flattened. One operand: itself.
Result<ExpressionPtr> make_and(std::vector<ExpressionPtr> operands);
Result<ExpressionPtr> make_or(std::vector<ExpressionPtr> operands);
Result<ExpressionPtr> make_not(ExpressionPtr operand);
Result<ExpressionPtr> make_case(std::vector<CaseBranch> branches, ExpressionPtr otherwise);
Result<ExpressionPtr> make_coalesce(std::vector<ExpressionPtr> operands);
Result<ExpressionPtr> make_test(TestKind kind, ExpressionPtr operand, bool negated = false);
// `list` are literals, converted to the common type with the operand; for other lists the binder
// writes OR of equalities.
Result<ExpressionPtr> make_in_list(ExpressionPtr operand, std::vector<ExpressionPtr> list,
                                   bool negated = false);
// operand.name, exactly or, where nothing fits, without regard to case. kColumnNotFound.
Result<ExpressionPtr> make_field(ExpressionPtr operand, const std::string& name);

// The operands of an AND, or the expression alone; and back (none: TRUE).
std::vector<ExpressionPtr> conjuncts(const ExpressionPtr& predicate);
ExpressionPtr conjunction(std::vector<ExpressionPtr> predicates);

// `column op constant` (or IS [NOT] NULL) in the column's own type, for skipping in sources;
// nullopt for everything else.
std::optional<data::SimplePredicate> as_simple_predicate(const Expression& predicate);

}  // namespace millrace::expr
