#include "functions/builtin.h"
#include "functions/byte_search.h"
#include "functions/family.h"
#include "functions/utf8.h"

namespace millrace::functions {
namespace {

constexpr std::string_view kFamily = "string";

// The number of the character where `part` begins in the text, from 1; 0: it does not occur.
int32_t position_of(std::string_view text, std::string_view part) {
  const size_t at = find_bytes(text, part);
  if (at == std::string_view::npos) return 0;
  return static_cast<int32_t>(count_characters(text.substr(0, at))) + 1;
}

template <size_t kText, size_t kPart>
ColumnPtr position(KernelCall& call) {
  const TextReader texts(call.argument(kText));
  const TextReader parts(call.argument(kPart));
  return fixed_rows<int32_t>(call,
                             [&](uint32_t row) { return position_of(texts[row], parts[row]); });
}

struct Starts {
  static bool apply(std::string_view text, std::string_view part) { return text.starts_with(part); }
};
struct Ends {
  static bool apply(std::string_view text, std::string_view part) { return text.ends_with(part); }
};
struct Contains {
  static bool apply(std::string_view text, std::string_view part) {
    return find_bytes(text, part) != std::string_view::npos;
  }
};

template <class Test>
ColumnPtr test(KernelCall& call) {
  const TextReader texts(call.argument(0));
  const TextReader parts(call.argument(1));
  return boolean_rows(call, false,
                      [&](uint32_t row) { return Test::apply(texts[row], parts[row]); });
}

void add(FunctionRegistry& registry, FunctionDoc doc, TypeKind result,
         expr::KernelFunction kernel) {
  registry.add(expr::ScalarFunction{.doc = std::move(doc),
                                    .overloads = {{.parameters = {Accepts::kText, Accepts::kText},
                                                   .result = always(result),
                                                   .kernel = plain_kernel(kernel)}}});
}

// How often `part` occurs in the text, counting without overlaps.
ColumnPtr count_occurrences(KernelCall& call) {
  const TextReader texts(call.argument(0));
  const TextReader parts(call.argument(1));
  return fixed_rows<int64_t>(call, [&](uint32_t row) -> int64_t {
    std::string_view text = texts[row];
    const std::string_view part = parts[row];
    if (part.empty()) return 0;
    if (part.size() == 1) return count_byte(text, part[0]);
    int64_t count = 0;
    for (size_t at; (at = find_bytes(text, part)) != std::string_view::npos; ++count) {
      text.remove_prefix(at + part.size());
    }
    return count;
  });
}

}  // namespace

void register_text_search(FunctionRegistry& registry) {
  add(registry,
      {"POSITION", kFamily, "POSITION(part IN text) -> INT",
       "The number of the character where part begins, from 1; 0 if it does not occur.",
       "POSITION('c', 'abcabc')", "3"},
      TypeKind::kInt, position<1, 0>);
  add(registry,
      {"STRPOS",
       kFamily,
       "STRPOS(text, part) -> INT",
       "The number of the character where part begins, from 1; 0 if it does not occur.",
       "STRPOS('añbc', 'b')",
       "3",
       {"INSTR"}},
      TypeKind::kInt, position<0, 1>);
  add(registry,
      {"LOCATE", kFamily, "LOCATE(part, text) -> INT",
       "The number of the character where part begins, from 1; 0 if it does not occur.",
       "LOCATE('z', 'abc')", "0"},
      TypeKind::kInt, position<1, 0>);
  add(registry,
      {"STARTS_WITH",
       kFamily,
       "STARTS_WITH(text, part) -> BOOLEAN",
       "Whether the text begins with part.",
       "STARTS_WITH('millrace', 'mill')",
       "true",
       {"STARTSWITH"}},
      TypeKind::kBoolean, test<Starts>);
  add(registry,
      {"ENDS_WITH",
       kFamily,
       "ENDS_WITH(text, part) -> BOOLEAN",
       "Whether the text ends with part.",
       "ENDS_WITH('millrace', 'race')",
       "true",
       {"ENDSWITH"}},
      TypeKind::kBoolean, test<Ends>);
  add(registry,
      {"CONTAINS", kFamily, "CONTAINS(text, part) -> BOOLEAN", "Whether part occurs in the text.",
       "CONTAINS('millrace', 'lra')", "true"},
      TypeKind::kBoolean, test<Contains>);
  add(registry,
      {"COUNT_OCCURRENCES", kFamily, "COUNT_OCCURRENCES(text, part) -> BIGINT",
       "How often part occurs in the text, without overlaps.", "COUNT_OCCURRENCES('banana', 'an')",
       "2"},
      TypeKind::kBigint, count_occurrences);
}

}  // namespace millrace::functions
