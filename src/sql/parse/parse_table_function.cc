#include <fmt/core.h>

#include <algorithm>
#include <array>

#include "sql/parse/grammar.h"
#include "sql/text/keyword.h"

namespace millrace::sql {
namespace {

// Keys of an argument, which a comma ends: one, or several in parentheses.
template <class Item>
Result<std::vector<Item>> parse_keys(TokenCursor& tokens,
                                     Result<std::vector<Item>> (*parse)(TokenCursor&),
                                     Result<Item> (*parse_one)(TokenCursor&)) {
  std::vector<Item> keys;
  tokens.take();
  MILLRACE_TRY(tokens.expect("BY"));
  if (tokens.accept("(")) {
    keys = MILLRACE_TRY(parse(tokens));
    MILLRACE_TRY(tokens.expect(")", "after the key"));
  } else {
    keys.push_back(MILLRACE_TRY(parse_one(tokens)));
  }
  return keys;
}

// TABLE t, TABLE (query), with PARTITION BY and ORDER BY
Result<TableArgument> parse_table_argument(TokenCursor& tokens) {
  TableArgument argument;
  const Span begin = tokens.take().span;
  if (tokens.at("(")) {
    argument.query = MILLRACE_TRY(parse_query_in_parentheses(tokens));
  } else {
    argument.table = MILLRACE_TRY(parse_qualified_name(tokens, "a table's name"));
  }
  if (tokens.at_words("PARTITION", "BY")) {
    argument.partition_by =
        MILLRACE_TRY(parse_keys<Expression>(tokens, parse_expressions, parse_expression));
  }
  if (tokens.at("ORDER")) {
    argument.order_by =
        MILLRACE_TRY(parse_keys<OrderItem>(tokens, parse_order_items, parse_order_item));
  }
  argument.span = tokens.since(begin);
  return argument;
}

Result<TableFunctionArgument> parse_argument(TokenCursor& tokens) {
  TableFunctionArgument argument;
  if (at_name(tokens) && (tokens.at("=>", 1) || tokens.at(":=", 1))) {
    argument.name = MILLRACE_TRY(parse_name(tokens, "an argument's name"));
    tokens.take();
  }
  if (tokens.at("TABLE")) {
    argument.value = MILLRACE_TRY(parse_table_argument(tokens));
  } else if (tokens.at_words("DESCRIPTOR", "(")) {
    tokens.take();
    argument.value = Descriptor{MILLRACE_TRY(parse_name_list(tokens, "a column's name"))};
  } else {
    argument.value = MILLRACE_TRY(parse_expression(tokens));
  }
  return argument;
}

// ( … )
Result<std::vector<TableFunctionArgument>> parse_arguments(TokenCursor& tokens) {
  std::vector<TableFunctionArgument> arguments;
  MILLRACE_TRY(tokens.expect("("));
  if (tokens.accept(")")) return arguments;
  do {
    arguments.push_back(MILLRACE_TRY(parse_argument(tokens)));
  } while (tokens.accept(","));
  MILLRACE_TRY(tokens.expect(")", "after the argument"));
  return arguments;
}

// The window functions: their intervals in order; the last one, OFFSET, may be absent.
struct WindowFunction {
  std::string_view name;
  WindowKind kind;
  std::array<std::string_view, 3> intervals;
  size_t required;
  std::string_view form;
};
constexpr auto kWindowFunctions = std::to_array<WindowFunction>({
    {"TUMBLE",
     WindowKind::kTumble,
     {"SIZE", "OFFSET"},
     1,
     "TUMBLE(TABLE t, DESCRIPTOR(time_column), size [, offset])"},
    {"HOP",
     WindowKind::kHop,
     {"SLIDE", "SIZE", "OFFSET"},
     2,
     "HOP(TABLE t, DESCRIPTOR(time_column), slide, size [, offset])"},
    {"CUMULATE",
     WindowKind::kCumulate,
     {"STEP", "SIZE", "OFFSET"},
     2,
     "CUMULATE(TABLE t, DESCRIPTOR(time_column), step, size [, offset])"},
    {"SESSION",
     WindowKind::kSession,
     {"GAP"},
     1,
     "SESSION(TABLE t [PARTITION BY k], DESCRIPTOR(time_column), gap)"},
});

Box<Expression>* interval_slot(WindowTable& table, std::string_view name) {
  if (name == "SIZE") return &table.size;
  if (name == "SLIDE") return &table.slide;
  if (name == "STEP") return &table.step;
  if (name == "GAP") return &table.gap;
  return &table.offset;
}

// The parameter that an argument stands for: 0 the table, 1 the time column, 2… the intervals.
std::optional<size_t> parameter_index(const WindowFunction& function,
                                      const TableFunctionArgument& argument, size_t position) {
  if (!argument.name) return position < 5 ? std::optional(position) : std::nullopt;
  if (same_word(argument.name->text, "DATA")) return 0;
  if (same_word(argument.name->text, "TIMECOL")) return 1;
  for (size_t i = 0; i < function.intervals.size(); ++i) {
    if (!function.intervals[i].empty() && same_word(argument.name->text, function.intervals[i])) {
      return 2 + i;
    }
  }
  return std::nullopt;
}

// Puts one argument into its place; false where it does not fit.
bool place_argument(const WindowFunction& function, TableFunctionArgument& argument,
                    size_t position, WindowTable& table) {
  const std::optional<size_t> index = parameter_index(function, argument, position);
  if (!index) return false;
  if (*index == 0) {
    auto* input = std::get_if<TableArgument>(&argument.value);
    const bool empty = !table.input.table && !table.input.query;
    if (input != nullptr && empty) table.input = std::move(*input);
    return input != nullptr && empty;
  }
  if (*index == 1) {
    auto* descriptor = std::get_if<Descriptor>(&argument.value);
    const bool one = descriptor != nullptr && descriptor->columns.size() == 1;
    if (!one || !table.time_column.text.empty()) return false;
    table.time_column = std::move(descriptor->columns[0]);
    return true;
  }
  const size_t interval = *index - 2;
  if (interval >= function.intervals.size() || function.intervals[interval].empty()) return false;
  Box<Expression>& slot = *interval_slot(table, function.intervals[interval]);
  auto* value = std::get_if<Expression>(&argument.value);
  if (value == nullptr || slot) return false;
  slot = std::move(*value);
  return true;
}

Result<WindowTable> window_table(TokenCursor& tokens, const WindowFunction& function, Span span,
                                 std::vector<TableFunctionArgument> arguments) {
  const auto misfit = [&] {
    return tokens.refuse(span, fmt::format("the arguments do not fit: expected {}", function.form))
        .remedy("The names of the arguments are DATA, TIMECOL, SIZE, SLIDE, STEP, GAP, OFFSET.");
  };
  WindowTable table{.kind = function.kind};
  for (size_t i = 0; i < arguments.size(); ++i) {
    if (!place_argument(function, arguments[i], i, table)) return misfit();
  }
  if ((!table.input.table && !table.input.query) || table.time_column.text.empty()) return misfit();
  for (size_t i = 0; i < function.required; ++i) {
    if (!*interval_slot(table, function.intervals[i])) return misfit();
  }
  return table;
}

const WindowFunction* window_function_here(const TokenCursor& tokens) {
  const auto* found = std::ranges::find_if(
      kWindowFunctions, [&](const WindowFunction& function) { return tokens.at(function.name); });
  return found == kWindowFunctions.end() ? nullptr : found;
}

}  // namespace

Result<TableRef> parse_table_function(TokenCursor& tokens) {
  const Level level(tokens);
  MILLRACE_TRY(level.check());
  const Span begin = tokens.here();
  const WindowFunction* window = window_function_here(tokens);
  FunctionTable function;
  function.name = MILLRACE_TRY(parse_qualified_name(tokens, "a table function's name"));
  function.arguments = MILLRACE_TRY(parse_arguments(tokens));
  TableRef ref;
  ref.span = tokens.since(begin);
  if (window != nullptr && function.name.parts.size() == 1) {
    ref.node = MILLRACE_TRY(window_table(tokens, *window, ref.span, std::move(function.arguments)));
  } else {
    ref.node = std::move(function);
  }
  return ref;
}

}  // namespace millrace::sql
