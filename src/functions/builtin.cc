#include "functions/builtin.h"

#include "functions/family.h"

namespace millrace::functions {
namespace {

constexpr size_t kShownBytesMax = 64;

}  // namespace

std::string shown(std::string_view text) {
  std::string quoted = "'";
  quoted += text.substr(0, kShownBytesMax);
  if (text.size() > kShownBytesMax) quoted += "…";
  quoted += '\'';
  return quoted;
}

void register_builtin_functions(FunctionRegistry& registry) {
  register_arithmetic(registry);
  register_comparisons(registry);
  register_conditionals(registry);
  register_counts(registry);
  register_date_formats(registry);
  register_date_makers(registry);
  register_date_parts(registry);
  register_date_steps(registry);
  register_extremes(registry);
  register_hashes(registry);
  register_json(registry);
  register_like(registry);
  register_nested(registry);
  register_numeric(registry);
  register_regular_expressions(registry);
  register_rounding(registry);
  register_sums(registry);
  register_text_building(registry);
  register_text_letters(registry);
  register_text_parts(registry);
  register_text_search(registry);
}

}  // namespace millrace::functions
