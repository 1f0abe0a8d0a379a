#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "data/value.h"
#include "expr/evaluator.h"
#include "functions/builtin.h"
#include "functions/example_parser_test.h"

namespace millrace::functions {

// All functions of the program, made once.
inline const expr::FunctionRegistry& builtin_registry() {
  static const expr::FunctionRegistry* const all = [] {
    auto* made = new expr::FunctionRegistry;
    register_builtin_functions(*made);
    return made;
  }();
  return *all;
}

// A constant expression as the shell prints its value, behind its type if asked for; or the name
// of the error's code.
inline std::string run_example(std::string_view text, bool with_type) {
  const auto parsed = ExampleParser(builtin_registry(), text).parse();
  if (!parsed) return std::string(error_info(parsed.error().code()).name);
  const auto value = expr::evaluate_constant(*parsed);
  if (!value) return std::string(error_info(value.error().code()).name);
  const std::string shown = data::to_string(*value, (*parsed)->type());
  return with_type ? (*parsed)->type().to_string() + " " + shown : shown;
}

}  // namespace millrace::functions
