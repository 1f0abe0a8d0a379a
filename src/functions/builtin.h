#pragma once

#include "expr/registry.h"

namespace millrace::functions {

// Every function that Millrace is born with, family by family.
void register_builtin_functions(expr::FunctionRegistry& registry);

// The families, one per file.
void register_arithmetic(expr::FunctionRegistry& registry);
void register_comparisons(expr::FunctionRegistry& registry);
void register_conditionals(expr::FunctionRegistry& registry);
void register_counts(expr::FunctionRegistry& registry);
void register_date_formats(expr::FunctionRegistry& registry);
void register_date_makers(expr::FunctionRegistry& registry);
void register_date_parts(expr::FunctionRegistry& registry);
void register_date_steps(expr::FunctionRegistry& registry);
void register_extremes(expr::FunctionRegistry& registry);
void register_hashes(expr::FunctionRegistry& registry);
void register_json(expr::FunctionRegistry& registry);
void register_like(expr::FunctionRegistry& registry);
void register_nested(expr::FunctionRegistry& registry);
void register_numeric(expr::FunctionRegistry& registry);
void register_regular_expressions(expr::FunctionRegistry& registry);
void register_rounding(expr::FunctionRegistry& registry);
void register_sums(expr::FunctionRegistry& registry);
void register_text_building(expr::FunctionRegistry& registry);
void register_text_letters(expr::FunctionRegistry& registry);
void register_text_parts(expr::FunctionRegistry& registry);
void register_text_search(expr::FunctionRegistry& registry);

}  // namespace millrace::functions
