#include <algorithm>

#include "functions/builtin.h"
#include "functions/byte_search.h"
#include "functions/family.h"
#include "functions/utf8.h"

namespace millrace::functions {
namespace {

constexpr std::string_view kFamily = "string";

// A part of the first argument per row, which shares its heaps: part(row, text).
template <class Part>
ColumnPtr part_rows(KernelCall& call, Part&& part) {
  const Column& column = call.argument(0);
  const TextReader texts(column);
  TextWriter writer(call);
  const uint32_t heap = writer.share_heaps(column);
  call.rows.for_each([&](uint32_t row) {
    // A short text's view stands for its bytes, so it must outlive them: texts has the column's
    // own.
    const data::Text& view = texts.view(row);
    const std::string_view text = column.text_of(view);
    writer.set_part(row, view, text, part(row, text), heap);
  });
  return writer.finish();
}

// The same where part gives nullopt for NULL.
template <class Part>
ColumnPtr part_or_null_rows(KernelCall& call, Part&& part) {
  const Column& column = call.argument(0);
  const TextReader texts(column);
  TextWriter writer(call);
  const uint32_t heap = writer.share_heaps(column);
  call.rows.for_each([&](uint32_t row) {
    const data::Text& view = texts.view(row);
    const std::string_view text = column.text_of(view);
    const std::optional<std::string_view> found = part(row, text);
    if (found) {
      writer.set_part(row, view, text, *found, heap);
    } else {
      writer.set(row, {});
      writer.set_null(row);
    }
  });
  return writer.finish();
}

// ---- by place -----------------------------------------------------------------------------------

// `count` characters from the first-th on (from 1); what lies before the text or behind it is
// empty.
std::string_view substring(std::string_view text, int64_t first, int64_t count) {
  int64_t end;
  if (__builtin_add_overflow(first, count, &end)) end = INT64_MAX;
  first = std::max<int64_t>(first, 1);
  if (end <= first) return text.substr(0, 0);
  text.remove_prefix(offset_of_character(text, static_cast<size_t>(first - 1)));
  return text.substr(0, offset_of_character(text, static_cast<size_t>(end - first)));
}

ColumnPtr substring_from(KernelCall& call) {
  const Reader<int64_t> first(call.argument(1));
  return part_rows(call, [&](uint32_t row, std::string_view text) {
    return substring(text, first[row], INT64_MAX);
  });
}

ColumnPtr substring_for(KernelCall& call) {
  const Reader<int64_t> first(call.argument(1));
  const Reader<int64_t> count(call.argument(2));
  return part_rows(call, [&](uint32_t row, std::string_view text) {
    if (count[row] < 0) {
      call.fail(row, ErrorCode::kInvalidArgument, "a substring's length is not negative");
    }
    return substring(text, first[row], count[row]);
  });
}

// The first `count` characters; all but the last -count if negative.
ColumnPtr left(KernelCall& call) {
  const Reader<int64_t> count(call.argument(1));
  return part_rows(call, [&](uint32_t row, std::string_view text) {
    int64_t wanted = count[row];
    if (wanted < 0) wanted += static_cast<int64_t>(count_characters(text));
    return text.substr(
        0, offset_of_character(text, static_cast<size_t>(std::max<int64_t>(wanted, 0))));
  });
}

ColumnPtr right(KernelCall& call) {
  const Reader<int64_t> count(call.argument(1));
  return part_rows(call, [&](uint32_t row, std::string_view text) {
    const auto characters = static_cast<int64_t>(count_characters(text));
    const int64_t skipped = count[row] < 0 ? std::max(-characters, count[row]) * -1
                                           : std::max<int64_t>(characters - count[row], 0);
    return text.substr(offset_of_character(text, static_cast<size_t>(skipped)));
  });
}

// ---- trimming -----------------------------------------------------------------------------------

bool has_character(std::string_view set, std::string_view character) {
  if (character.size() == 1) return set.find(character[0]) != std::string_view::npos;
  return set.find(character) != std::string_view::npos;
}

std::string_view last_character(std::string_view text) {
  size_t at = text.size() - 1;
  while (at > 0 && !starts_character(text[at])) --at;
  return text.substr(at);
}

template <bool kLeft, bool kRight>
std::string_view trimmed(std::string_view text, std::string_view set) {
  if constexpr (kLeft) {
    while (!text.empty()) {
      const std::string_view first = first_character(text);
      if (!has_character(set, first)) break;
      text.remove_prefix(first.size());
    }
  }
  if constexpr (kRight) {
    while (!text.empty()) {
      const std::string_view last = last_character(text);
      if (!has_character(set, last)) break;
      text.remove_suffix(last.size());
    }
  }
  return text;
}

template <bool kLeft, bool kRight>
ColumnPtr trim(KernelCall& call) {
  if (call.arguments.size() == 1) {
    return part_rows(
        call, [](uint32_t, std::string_view text) { return trimmed<kLeft, kRight>(text, " "); });
  }
  const TextReader sets(call.argument(1));
  return part_rows(call, [&](uint32_t row, std::string_view text) {
    return trimmed<kLeft, kRight>(text, sets[row]);
  });
}

// ---- splitting ----------------------------------------------------------------------------------

// The index-th part, from 0, between separators; nullopt if there are fewer.
std::optional<std::string_view> part_of(std::string_view text, std::string_view separator,
                                        uint32_t index) {
  if (separator.size() == 1) {
    size_t first = 0;
    if (index > 0) {
      first = find_nth_byte(text, separator[0], index - 1);
      if (first == std::string_view::npos) return std::nullopt;
      ++first;
    }
    return text.substr(first, find_nth_byte(text, separator[0], 0, first) - first);
  }
  while (true) {
    const size_t end = find_bytes(text, separator);
    if (index == 0) return text.substr(0, end);
    if (end == std::string_view::npos) return std::nullopt;
    text.remove_prefix(end + separator.size());
    --index;
  }
}

int64_t count_parts(std::string_view text, std::string_view separator) {
  if (separator.size() == 1) return count_byte(text, separator[0]) + 1;
  int64_t count = 1;
  for (size_t at; (at = find_bytes(text, separator)) != std::string_view::npos; ++count) {
    text.remove_prefix(at + separator.size());
  }
  return count;
}

ColumnPtr split_index(KernelCall& call) {
  const TextReader separators(call.argument(1));
  const Reader<int32_t> indices(call.argument(2));
  return part_or_null_rows(
      call, [&](uint32_t row, std::string_view text) -> std::optional<std::string_view> {
        const std::string_view separator = separators[row];
        const int32_t index = indices[row];
        if (index < 0) return std::nullopt;
        if (separator.empty()) return index == 0 ? std::optional(text) : std::nullopt;
        return part_of(text, separator, static_cast<uint32_t>(index));
      });
}

ColumnPtr split_part(KernelCall& call) {
  const TextReader separators(call.argument(1));
  const Reader<int32_t> indices(call.argument(2));
  return part_rows(call, [&](uint32_t row, std::string_view text) {
    const std::string_view separator = separators[row];
    const int64_t index = indices[row];
    if (index == 0) {
      call.fail(row, ErrorCode::kInvalidArgument, "parts are counted from 1, or from -1 backwards");
      return text;
    }
    if (separator.empty()) return index == 1 || index == -1 ? text : text.substr(0, 0);
    const int64_t from_front = index > 0 ? index - 1 : count_parts(text, separator) + index;
    if (from_front < 0) return text.substr(0, 0);
    return part_of(text, separator, static_cast<uint32_t>(from_front)).value_or(text.substr(0, 0));
  });
}

Overload of(std::vector<expr::Parameter> parameters, expr::KernelFunction kernel,
            FunctionProperties properties = kPlain) {
  return {.parameters = std::move(parameters),
          .result = always(TypeKind::kVarchar),
          .kernel = plain_kernel(kernel),
          .properties = properties};
}

template <bool kLeft, bool kRight>
void add_trim(FunctionRegistry& registry, FunctionDoc doc) {
  registry.add(expr::ScalarFunction{
      .doc = std::move(doc),
      .overloads = {of({Accepts::kText}, trim<kLeft, kRight>),
                    of({Accepts::kText, Accepts::kText}, trim<kLeft, kRight>)}});
}

}  // namespace

void register_text_parts(FunctionRegistry& registry) {
  registry.add(expr::ScalarFunction{
      .doc = {"SUBSTRING",
              kFamily,
              "SUBSTRING(text FROM first [FOR count]) -> STRING",
              "Count characters from the first-th on, which is 1 at the front.",
              "SUBSTRING('abcdef', 2, 3)",
              "bcd",
              {"SUBSTR"}},
      .overloads = {
          of({Accepts::kText, TypeKind::kBigint}, substring_from),
          of({Accepts::kText, TypeKind::kBigint, TypeKind::kBigint}, substring_for, kFails)}});
  registry.add(
      expr::ScalarFunction{.doc = {"LEFT", kFamily, "LEFT(text, count) -> STRING",
                                   "The first characters; with a negative count all but the last.",
                                   "LEFT('abcdef', 2)", "ab"},
                           .overloads = {of({Accepts::kText, TypeKind::kBigint}, left)}});
  registry.add(
      expr::ScalarFunction{.doc = {"RIGHT", kFamily, "RIGHT(text, count) -> STRING",
                                   "The last characters; with a negative count all but the first.",
                                   "RIGHT('abcdef', 2)", "ef"},
                           .overloads = {of({Accepts::kText, TypeKind::kBigint}, right)}});
  add_trim<true, true>(registry, {"TRIM",
                                  kFamily,
                                  "TRIM(text [, characters]) -> STRING",
                                  "The text without spaces, or these characters, at both ends.",
                                  "TRIM('  ab ')",
                                  "ab",
                                  {"BTRIM"}});
  add_trim<true, false>(registry, {"LTRIM", kFamily, "LTRIM(text [, characters]) -> STRING",
                                   "The text without spaces, or these characters, at the front.",
                                   "LTRIM('xxabx', 'x')", "abx"});
  add_trim<false, true>(registry, {"RTRIM", kFamily, "RTRIM(text [, characters]) -> STRING",
                                   "The text without spaces, or these characters, at the end.",
                                   "RTRIM('abxy', 'xy')", "ab"});
  registry.add(expr::ScalarFunction{
      .doc = {"SPLIT_INDEX", kFamily, "SPLIT_INDEX(text, separator, index) -> STRING",
              "The part with this index, from 0, between separators; NULL if there is none.",
              "SPLIT_INDEX('a/b/c', '/', 1)", "b"},
      .overloads = {
          of({Accepts::kText, Accepts::kText, TypeKind::kInt}, split_index, kMakesNulls)}});
  registry.add(expr::ScalarFunction{
      .doc = {"SPLIT_PART", kFamily, "SPLIT_PART(text, separator, number) -> STRING",
              "The part with this number, from 1, or from -1 backwards; empty if there is none.",
              "SPLIT_PART('a/b/c', '/', -1)", "c"},
      .overloads = {of({Accepts::kText, Accepts::kText, TypeKind::kInt}, split_part, kFails)}});
}

}  // namespace millrace::functions
