#include <fmt/core.h>
#include <utf8proc.h>

#include "functions/builtin.h"
#include "functions/family.h"
#include "functions/utf8.h"

namespace millrace::functions {
namespace {

constexpr std::string_view kFamily = "string";

void append_code(std::string& to, int32_t code) {
  uint8_t bytes[4];
  const auto count = utf8proc_encode_char(code, bytes);
  to.append(reinterpret_cast<const char*>(bytes), static_cast<size_t>(count));
}

// Calls visit(code) for each character; bytes that are none are given to keep(byte).
template <class Visit, class Keep>
void for_each_code(std::string_view text, Visit&& visit, Keep&& keep) {
  const auto* at = reinterpret_cast<const uint8_t*>(text.data());
  const auto* const end = at + text.size();
  while (at < end) {
    int32_t code = 0;
    const auto bytes = utf8proc_iterate(at, end - at, &code);
    if (bytes < 1) {
      keep(static_cast<char>(*at++));
    } else {
      visit(code);
      at += bytes;
    }
  }
}

// ---- case ---------------------------------------------------------------------------------------

// Changes the case of ASCII letters, eight bytes at a time: those between `first` and `first` + 25
// get their bit 0x20 flipped.
void flip_ascii(char* to, std::string_view text, char first) {
  const uint64_t ones = 0x0101010101010101;
  const uint64_t below = ones * static_cast<uint64_t>(0x80 - first);
  const uint64_t above = ones * static_cast<uint64_t>(0x80 - first - 26);
  size_t at = 0;
  for (; at + 8 <= text.size(); at += 8) {
    uint64_t word;
    std::memcpy(&word, text.data() + at, sizeof(word));
    const uint64_t is_letter = ((word + below) ^ (word + above)) & (ones * 0x80);
    word ^= is_letter >> 2;
    std::memcpy(to + at, &word, sizeof(word));
  }
  for (; at < text.size(); ++at) {
    const bool is_letter = text[at] >= first && text[at] < first + 26;
    to[at] = static_cast<char>(text[at] ^ (is_letter ? 0x20 : 0));
  }
}

// A letter has one counterpart; ß, which has none of its own in most texts, stays.
int32_t upper(int32_t code) {
  return code == 0xdf ? code : utf8proc_toupper(code);
}
int32_t lower(int32_t code) {
  return utf8proc_tolower(code);
}

template <char kFirst, int32_t (*kMap)(int32_t)>
ColumnPtr change_case(KernelCall& call) {
  const TextReader texts(call.argument(0));
  TextWriter writer(call);
  std::string scratch;
  call.rows.for_each([&](uint32_t row) {
    const std::string_view text = texts[row];
    if (is_ascii(text)) [[likely]] {
      flip_ascii(writer.open(text.size()), text, kFirst);
      writer.close(row, text.size());
      return;
    }
    scratch.clear();
    for_each_code(
        text, [&](int32_t code) { append_code(scratch, kMap(code)); },
        [&](char byte) { scratch += byte; });
    writer.set(row, scratch);
  });
  return writer.finish();
}

bool is_word_code(int32_t code) {
  switch (utf8proc_category(code)) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
    case UTF8PROC_CATEGORY_ND:
      return true;
    default:
      return false;
  }
}

ColumnPtr initcap(KernelCall& call) {
  const TextReader texts(call.argument(0));
  return expr::text_rows(call, [&](uint32_t row, std::string& to) {
    bool inside = false;
    for_each_code(
        texts[row],
        [&](int32_t code) {
          append_code(to, inside ? lower(code) : upper(code));
          inside = is_word_code(code);
        },
        [&](char byte) {
          to += byte;
          inside = false;
        });
  });
}

// ---- measures -----------------------------------------------------------------------------------

ColumnPtr character_length(KernelCall& call) {
  const TextReader texts(call.argument(0));
  return fixed_rows<int32_t>(
      call, [&](uint32_t row) { return static_cast<int32_t>(count_characters(texts[row])); });
}

ColumnPtr octet_length(KernelCall& call) {
  const TextReader texts(call.argument(0));
  return fixed_rows<int32_t>(call,
                             [&](uint32_t row) { return static_cast<int32_t>(texts[row].size()); });
}

ColumnPtr ascii(KernelCall& call) {
  const TextReader texts(call.argument(0));
  return fixed_rows<int32_t>(call, [&](uint32_t row) {
    int32_t first = 0;
    for_each_code(
        first_character(texts[row]), [&](int32_t code) { first = code; },
        [&](char byte) { first = static_cast<uint8_t>(byte); });
    return first;
  });
}

ColumnPtr chr(KernelCall& call) {
  const Reader<int32_t> codes(call.argument(0));
  return expr::text_rows(call, [&](uint32_t row, std::string& to) {
    const int32_t code = codes[row];
    if (code <= 0 || !utf8proc_codepoint_valid(code)) {
      call.fail(row, ErrorCode::kInvalidArgument, fmt::format("{} is no character", code));
    } else {
      append_code(to, code);
    }
  });
}

ColumnPtr reverse(KernelCall& call) {
  const TextReader texts(call.argument(0));
  TextWriter writer(call);
  call.rows.for_each([&](uint32_t row) {
    const std::string_view text = texts[row];
    char* const to = writer.open(text.size());
    size_t end = text.size();
    for (size_t at = 0; at < text.size();) {
      size_t next = at + 1;
      while (next < text.size() && !starts_character(text[next])) ++next;
      end -= next - at;
      std::memcpy(to + end, text.data() + at, next - at);
      at = next;
    }
    writer.close(row, text.size());
  });
  return writer.finish();
}

Overload of_text(Type result, expr::KernelFunction kernel, FunctionProperties properties = kPlain) {
  return {.parameters = {Accepts::kText},
          .result = always(std::move(result)),
          .kernel = plain_kernel(kernel),
          .properties = properties};
}

}  // namespace

void register_text_letters(FunctionRegistry& registry) {
  const Type text(TypeKind::kVarchar);
  const Type number(TypeKind::kInt);
  registry.add(
      expr::ScalarFunction{.doc = {"UPPER", kFamily, "UPPER(text) -> STRING",
                                   "The text in upper case.", "UPPER('Ångström')", "ÅNGSTRÖM"},
                           .overloads = {of_text(text, change_case<'a', upper>)}});
  registry.add(
      expr::ScalarFunction{.doc = {"LOWER", kFamily, "LOWER(text) -> STRING",
                                   "The text in lower case.", "LOWER('ÅNGSTRÖM')", "ångström"},
                           .overloads = {of_text(text, change_case<'A', lower>)}});
  registry.add(expr::ScalarFunction{
      .doc = {"INITCAP", kFamily, "INITCAP(text) -> STRING",
              "The first letter of each word in upper case, the others in lower case.",
              "INITCAP('saint-john’s bay')", "Saint-John’S Bay"},
      .overloads = {of_text(text, initcap)}});
  registry.add(expr::ScalarFunction{.doc = {"CHAR_LENGTH",
                                            kFamily,
                                            "CHAR_LENGTH(text) -> INT",
                                            "The number of characters.",
                                            "CHAR_LENGTH('añb')",
                                            "3",
                                            {"LENGTH", "CHARACTER_LENGTH"}},
                                    .overloads = {of_text(number, character_length),
                                                  {.parameters = {TypeKind::kBytes},
                                                   .result = always(number),
                                                   .kernel = plain_kernel(octet_length)}}});
  registry.add(
      expr::ScalarFunction{.doc = {"OCTET_LENGTH", kFamily, "OCTET_LENGTH(text | bytes) -> INT",
                                   "The number of bytes.", "OCTET_LENGTH('añb')", "4"},
                           .overloads = {of_text(number, octet_length),
                                         {.parameters = {TypeKind::kBytes},
                                          .result = always(number),
                                          .kernel = plain_kernel(octet_length)}}});
  registry.add(expr::ScalarFunction{
      .doc = {"ASCII", kFamily, "ASCII(text) -> INT",
              "The code of the first character; 0 for an empty text.", "ASCII('abc')", "97"},
      .overloads = {of_text(number, ascii)}});
  registry.add(expr::ScalarFunction{
      .doc = {"CHR", kFamily, "CHR(code) -> STRING", "The character of this code.", "CHR(65)", "A"},
      .overloads = {{.parameters = {TypeKind::kInt},
                     .result = always(text),
                     .kernel = plain_kernel(chr),
                     .properties = kFails}}});
  registry.add(expr::ScalarFunction{
      .doc = {"REVERSE", kFamily, "REVERSE(text) -> STRING",
              "The characters in the opposite order.", "REVERSE('abc')", "cba"},
      .overloads = {of_text(text, reverse)}});
}

}  // namespace millrace::functions
