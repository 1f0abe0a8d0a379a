#include <fmt/core.h>

#include <algorithm>

#include "expr/build.h"
#include "functions/builtin.h"
#include "functions/byte_search.h"
#include "functions/family.h"
#include "functions/utf8.h"

namespace millrace::functions {
namespace {

constexpr std::string_view kFamily = "string";
// More than this a function does not make of one row.
constexpr int64_t kBytesMax = int64_t{1} << 26;

// ---- concatenation ------------------------------------------------------------------------------

// All arguments one behind the other; where it is not strict, NULLs are left out. BYTES too.
ColumnPtr concatenate(KernelCall& call) {
  std::vector<TextReader> texts;
  std::vector<NullReader> nulls;
  for (const ColumnPtr& argument : call.arguments) {
    texts.emplace_back(*argument);
    nulls.emplace_back(*argument);
  }
  TextWriter writer(call);
  call.rows.for_each([&](uint32_t row) {
    size_t bytes = 0;
    for (size_t at = 0; at < texts.size(); ++at) {
      if (!nulls[at][row]) bytes += texts[at][row].size();
    }
    char* to = writer.open(bytes);
    for (size_t at = 0; at < texts.size(); ++at) {
      if (nulls[at][row]) continue;
      const std::string_view text = texts[at][row];
      to = std::ranges::copy(text, to).out;
    }
    writer.close(row, bytes);
  });
  return writer.finish();
}

ColumnPtr concatenate_with(KernelCall& call) {
  const NullReader separator_null(call.argument(0));
  const TextReader separators(call.argument(0));
  TextWriter writer(call);
  std::string scratch;
  call.rows.for_each([&](uint32_t row) {
    scratch.clear();
    if (separator_null[row]) {
      writer.set(row, {});
      writer.set_null(row);
      return;
    }
    bool first = true;
    for (size_t at = 1; at < call.arguments.size(); ++at) {
      const Column& column = call.argument(at);
      if (NullReader(column)[row]) continue;
      if (!first) scratch += separators[row];
      first = false;
      scratch += TextReader(column)[row];
    }
    writer.set(row, scratch);
  });
  return writer.finish();
}

// Calls `name` again with all arguments as texts.
expr::Expand as_texts(std::string_view name) {
  return [name](const FunctionRegistry& registry,
                std::vector<expr::ExpressionPtr> arguments) -> Result<expr::ExpressionPtr> {
    bool changed = false;
    for (expr::ExpressionPtr& argument : arguments) {
      const Type& type = argument->type();
      if (type.is_text() || type.kind() == TypeKind::kBytes) continue;
      argument = MILLRACE_TRY(expr::make_cast(std::move(argument), TypeKind::kVarchar));
      changed = true;
    }
    if (changed) return registry.call(name, std::move(arguments));
    return Error(ErrorCode::kTypeMismatch, "texts and BYTES do not go together")
        .remedy("CAST one into the other.");
  };
}

// ---- replacing, repeating, padding --------------------------------------------------------------

ColumnPtr replace(KernelCall& call) {
  const TextReader texts(call.argument(0));
  const TextReader from(call.argument(1));
  const TextReader to(call.argument(2));
  return expr::text_rows(call, [&](uint32_t row, std::string& result) {
    std::string_view text = texts[row];
    const std::string_view wanted = from[row];
    if (!wanted.empty()) {
      for (size_t at; (at = find_bytes(text, wanted)) != std::string_view::npos;) {
        result += text.substr(0, at);
        result += to[row];
        text.remove_prefix(at + wanted.size());
      }
    }
    result += text;
  });
}

// Each character of the second argument becomes that in the same place of the third, or goes.
ColumnPtr translate(KernelCall& call) {
  const TextReader texts(call.argument(0));
  const TextReader from(call.argument(1));
  const TextReader to(call.argument(2));
  return expr::text_rows(call, [&](uint32_t row, std::string& result) {
    std::string_view text = texts[row];
    while (!text.empty()) {
      const std::string_view character = first_character(text);
      text.remove_prefix(character.size());
      std::string_view wanted = from[row];
      std::string_view becomes = to[row];
      while (!wanted.empty() && first_character(wanted) != character) {
        wanted.remove_prefix(first_character(wanted).size());
        becomes.remove_prefix(first_character(becomes).size());
      }
      result += wanted.empty() ? character : first_character(becomes);
    }
  });
}

bool is_too_long(KernelCall& call, uint32_t row, int64_t bytes) {
  if (bytes <= kBytesMax) return false;
  call.fail(row, ErrorCode::kInvalidArgument,
            fmt::format("a text of {} bytes is longer than {} allows", bytes, kBytesMax));
  return true;
}

ColumnPtr repeat(KernelCall& call) {
  const TextReader texts(call.argument(0));
  const Reader<int32_t> counts(call.argument(1));
  return expr::text_rows(call, [&](uint32_t row, std::string& to) {
    const std::string_view text = texts[row];
    const int64_t count = text.empty() ? 0 : std::max(counts[row], 0);
    if (is_too_long(call, row, count * static_cast<int64_t>(text.size()))) return;
    for (int64_t n = 0; n < count; ++n) to += text;
  });
}

template <bool kLeft>
ColumnPtr pad(KernelCall& call) {
  const TextReader texts(call.argument(0));
  const Reader<int32_t> lengths(call.argument(1));
  const bool has_fill = call.arguments.size() == 3;
  return expr::text_rows(call, [&](uint32_t row, std::string& to) {
    const std::string_view text = texts[row];
    const std::string_view fill = has_fill ? TextReader(call.argument(2))[row] : " ";
    const auto length = static_cast<size_t>(std::max(lengths[row], 0));
    const size_t have = count_characters(text);
    if (have >= length || fill.empty()) {
      to += text.substr(0, offset_of_character(text, length));
      return;
    }
    if (is_too_long(call, row, static_cast<int64_t>(length * 4))) return;
    if (!kLeft) to += text;
    std::string_view rest = fill;
    for (size_t missing = length - have; missing > 0; --missing) {
      if (rest.empty()) rest = fill;
      const std::string_view character = first_character(rest);
      to += character;
      rest.remove_prefix(character.size());
    }
    if (kLeft) to += text;
  });
}

void register_concatenation(FunctionRegistry& registry) {
  const Type text(TypeKind::kVarchar);
  registry.add(expr::ScalarFunction{
      .doc = {"||", kFamily, "a || b -> STRING | BYTES",
              "Both one behind the other, as text unless they are BYTES; NULL if either is.",
              "'a' || 12", "a12"},
      .overloads = {{.parameters = {Accepts::kText, Accepts::kText},
                     .result = always(text),
                     .kernel = plain_kernel(concatenate)},
                    {.parameters = {TypeKind::kBytes, TypeKind::kBytes},
                     .result = always(TypeKind::kBytes),
                     .kernel = plain_kernel(concatenate)}},
      .syntax = expr::Syntax::kInfix,
      .expand = as_texts("||")});
  registry.add(expr::ScalarFunction{
      .doc = {"CONCAT", kFamily, "CONCAT(value, ...) -> STRING",
              "All values as text one behind the other; NULLs are left out.",
              "CONCAT('a', NULL, 12)", "a12"},
      .overloads = {{.parameters = {text},
                     .result = always(text),
                     .kernel = plain_kernel(concatenate),
                     .properties = {.strict = false, .null_result = NullResult::kNever},
                     .variadic = true}},
      .expand = as_texts("CONCAT")});
  registry.add(expr::ScalarFunction{
      .doc = {"flink:CONCAT", kFamily, "CONCAT(value, ...) -> STRING",
              "All values as text one behind the other; NULL where one of them is.",
              "CONCAT('a', 12)", "a12"},
      .overloads = {{.parameters = {text},
                     .result = always(text),
                     .kernel = plain_kernel(concatenate),
                     .variadic = true}},
      .expand = as_texts("flink:CONCAT")});
  registry.add(expr::ScalarFunction{
      .doc = {"CONCAT_WS", kFamily, "CONCAT_WS(separator, value, ...) -> STRING",
              "All values as text with a separator between them; NULLs are left out.",
              "CONCAT_WS(', ', 'a', NULL, 12)", "a, 12"},
      .overloads = {{.parameters = {text, text},
                     .result = always(text),
                     .kernel = plain_kernel(concatenate_with),
                     .properties = {.strict = false},
                     .variadic = true}},
      .expand = as_texts("CONCAT_WS")});
}

}  // namespace

void register_text_building(FunctionRegistry& registry) {
  register_concatenation(registry);
  const auto add = [&](FunctionDoc doc, std::vector<Overload> overloads) {
    for (Overload& overload : overloads) overload.result = always(TypeKind::kVarchar);
    registry.add(expr::ScalarFunction{.doc = std::move(doc), .overloads = std::move(overloads)});
  };
  const expr::Parameter text = Accepts::kText;
  const expr::Parameter number = TypeKind::kInt;
  add({"REPLACE", kFamily, "REPLACE(text, from, to) -> STRING",
       "The text with every occurrence of from replaced.", "REPLACE('banana', 'an', 'o')", "booa"},
      {{.parameters = {text, text, text}, .kernel = plain_kernel(replace)}});
  add({"TRANSLATE", kFamily, "TRANSLATE(text, from, to) -> STRING",
       "The text with each character of from replaced by that in the same place of to.",
       "TRANSLATE('12345', '143', 'ax')", "a2x5"},
      {{.parameters = {text, text, text}, .kernel = plain_kernel(translate)}});
  add({"REPEAT", kFamily, "REPEAT(text, count) -> STRING", "The text count times.",
       "REPEAT('ab', 3)", "ababab"},
      {{.parameters = {text, number}, .kernel = plain_kernel(repeat), .properties = kFails}});
  add({"LPAD", kFamily, "LPAD(text, length [, fill]) -> STRING",
       "The text filled up at the front, or cut, to this many characters.", "LPAD('7', 3, '0')",
       "007"},
      {{.parameters = {text, number}, .kernel = plain_kernel(pad<true>), .properties = kFails},
       {.parameters = {text, number, text},
        .kernel = plain_kernel(pad<true>),
        .properties = kFails}});
  add({"RPAD", kFamily, "RPAD(text, length [, fill]) -> STRING",
       "The text filled up at the end, or cut, to this many characters.", "RPAD('ab', 5, 'xy')",
       "abxyx"},
      {{.parameters = {text, number}, .kernel = plain_kernel(pad<false>), .properties = kFails},
       {.parameters = {text, number, text},
        .kernel = plain_kernel(pad<false>),
        .properties = kFails}});
}

}  // namespace millrace::functions
