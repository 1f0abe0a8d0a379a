#include "formats/json/json_text.h"

#include <emmintrin.h>
#include <fmt/core.h>

#include <array>
#include <bit>
#include <cstdint>

namespace millrace::formats {
namespace {

constexpr int kDepthMax = 512;

constexpr bool is_blank(char c) {
  return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}
constexpr bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// A strict reader of RFC 8259 that keeps nothing.
class JsonChecker {
 public:
  explicit JsonChecker(std::string_view text) : text_(text) {}

  bool check() {
    blanks();
    if (!value(0)) return false;
    blanks();
    return at_ == text_.size();
  }

 private:
  bool take(char c) {
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  bool take(std::string_view word) {
    if (!text_.substr(at_).starts_with(word)) return false;
    at_ += word.size();
    return true;
  }
  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  void blanks() { at_ = skip_json_blanks(text_, at_); }

  bool value(int depth) {
    if (depth > kDepthMax) return false;
    switch (peek()) {
      case '{':
        return members(depth);
      case '[':
        return elements(depth);
      case '"':
        return string();
      case 't':
        return take("true");
      case 'f':
        return take("false");
      case 'n':
        return take("null");
      default:
        return number();
    }
  }

  bool members(int depth) {
    ++at_;
    blanks();
    if (take('}')) return true;
    while (true) {
      blanks();
      if (!string()) return false;
      blanks();
      if (!take(':')) return false;
      blanks();
      if (!value(depth + 1)) return false;
      blanks();
      if (take('}')) return true;
      if (!take(',')) return false;
    }
  }

  bool elements(int depth) {
    ++at_;
    blanks();
    if (take(']')) return true;
    while (true) {
      blanks();
      if (!value(depth + 1)) return false;
      blanks();
      if (take(']')) return true;
      if (!take(',')) return false;
    }
  }

  bool string() {
    if (!take('"')) return false;
    while (at_ < text_.size()) {
      const char c = text_[at_++];
      if (c == '"') return true;
      if (static_cast<uint8_t>(c) < 0x20) return false;
      if (c == '\\' && !escape()) return false;
    }
    return false;
  }

  bool escape() {
    const char c = peek();
    ++at_;
    if (c != 'u')
      return c != '\0' && std::string_view("\"\\/bfnrt").find(c) != std::string_view::npos;
    for (int digit = 0; digit < 4; ++digit, ++at_) {
      const char hex = peek();
      if (!is_digit(hex) && !(hex >= 'a' && hex <= 'f') && !(hex >= 'A' && hex <= 'F'))
        return false;
    }
    return true;
  }

  bool digits() {
    const size_t first = at_;
    while (is_digit(peek())) ++at_;
    return at_ > first;
  }

  bool number() {
    take('-');
    if (!take('0') && !digits()) return false;
    if (take('.') && !digits()) return false;
    if (peek() == 'e' || peek() == 'E') {
      ++at_;
      if (!take('+')) take('-');
      return digits();
    }
    return true;
  }

  std::string_view text_;
  size_t at_ = 0;
};

// Behind the string whose opening quote stands at `at`.
JsonSkip skip_string(std::string_view text, size_t& at) {
  for (size_t index = at + 1; index < text.size(); ++index) {
    if (text[index] == '\\') {
      ++index;
    } else if (text[index] == '"') {
      at = index + 1;
      return JsonSkip::kWhole;
    }
  }
  return JsonSkip::kCut;
}

JsonSkip skip_word(std::string_view text, size_t& at) {
  size_t end = at;
  while (end < text.size() && !is_blank(text[end]) && text[end] != ',' && text[end] != ']' &&
         text[end] != '}' && text[end] != ':') {
    ++end;
  }
  if (end == at) return end == text.size() ? JsonSkip::kCut : JsonSkip::kBad;
  at = end;
  return end == text.size() ? JsonSkip::kCut : JsonSkip::kWhole;
}

// A name of a path: ".name" or "['name']".
bool take_path_name(std::string_view text, size_t& at, std::string& name) {
  name.clear();
  if (text.substr(at).starts_with("['")) {
    const size_t end = text.find("']", at + 2);
    if (end == std::string_view::npos) return false;
    name = text.substr(at + 2, end - at - 2);
    at = end + 2;
    return !name.empty();
  }
  if (at >= text.size() || text[at] != '.') return false;
  const size_t end = std::min(text.find_first_of(".[", at + 1), text.size());
  name = text.substr(at + 1, end - at - 1);
  at = end;
  return !name.empty();
}

// The key at `at` compared with `name`; keys with escapes never equal. Moves behind the key.
JsonSkip take_key(std::string_view text, size_t& at, std::string_view name, bool& equal) {
  const size_t begin = at;
  const JsonSkip skip = skip_string(text, at);
  if (skip == JsonSkip::kWhole) equal = text.substr(begin + 1, at - begin - 2) == name;
  return skip;
}

// From the '{' at `at` to the value of member `name`.
JsonFind find_member(std::string_view text, const std::string& name, size_t& at,
                     std::string& reason) {
  const auto broken = [&] {
    reason = fmt::format("the document is not JSON near byte {}", at);
    return JsonFind::kMissing;
  };
  ++at;
  while (true) {
    at = skip_json_blanks(text, at);
    if (at == text.size()) return JsonFind::kCut;
    if (text[at] == '}') {
      reason = fmt::format("the document has no member '{}' there", name);
      return JsonFind::kMissing;
    }
    if (text[at] == ',') {
      ++at;
      continue;
    }
    if (text[at] != '"') return broken();
    bool equal = false;
    if (take_key(text, at, name, equal) == JsonSkip::kCut) return JsonFind::kCut;
    at = skip_json_blanks(text, at);
    if (at == text.size()) return JsonFind::kCut;
    if (text[at] != ':') return broken();
    at = skip_json_blanks(text, at + 1);
    if (at == text.size()) return JsonFind::kCut;
    if (equal) return JsonFind::kFound;
    const JsonSkip skip = skip_json_value(text, at);
    if (skip == JsonSkip::kBad) return broken();
    if (skip == JsonSkip::kCut) return JsonFind::kCut;
  }
}

// The first byte of [from, end) that a JSON string must escape, or end.
const char* find_escape(const char* from, const char* end) {
  const __m128i quote = _mm_set1_epi8('"');
  const __m128i backslash = _mm_set1_epi8('\\');
  const __m128i control = _mm_set1_epi8(0x1f);
  for (; end - from >= 16; from += 16) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
    const __m128i low = _mm_cmpeq_epi8(_mm_min_epu8(bytes, control), bytes);
    const __m128i found = _mm_or_si128(
        low, _mm_or_si128(_mm_cmpeq_epi8(bytes, quote), _mm_cmpeq_epi8(bytes, backslash)));
    const auto mask = static_cast<uint32_t>(_mm_movemask_epi8(found));
    if (mask != 0) return from + std::countr_zero(mask);
  }
  while (from < end && *from != '"' && *from != '\\' && static_cast<uint8_t>(*from) >= 0x20) ++from;
  return from;
}

void append_escape(std::string& to, char c) {
  switch (c) {
    case '"':
      to += "\\\"";
      return;
    case '\\':
      to += "\\\\";
      return;
    case '\n':
      to += "\\n";
      return;
    case '\r':
      to += "\\r";
      return;
    case '\t':
      to += "\\t";
      return;
    case '\b':
      to += "\\b";
      return;
    case '\f':
      to += "\\f";
      return;
    default:
      to += fmt::format("\\u{:04x}", static_cast<uint8_t>(c));
  }
}

}  // namespace

bool is_json(std::string_view text) {
  return JsonChecker(text).check();
}

void append_json_string(std::string& to, std::string_view text) {
  to += '"';
  const char* from = text.data();
  const char* const end = from + text.size();
  while (true) {
    const char* const stop = find_escape(from, end);
    to.append(from, stop);
    if (stop == end) break;
    append_escape(to, *stop);
    from = stop + 1;
  }
  to += '"';
}

size_t skip_json_blanks(std::string_view text, size_t at) {
  while (at < text.size() && is_blank(text[at])) ++at;
  return at;
}

JsonSkip skip_json_value(std::string_view text, size_t& at) {
  if (at >= text.size()) return JsonSkip::kCut;
  if (text[at] == '"') return skip_string(text, at);
  if (text[at] != '{' && text[at] != '[') return skip_word(text, at);
  size_t depth = 0;
  size_t index = at;
  while (index < text.size()) {
    const char c = text[index];
    if (c == '"') {
      if (skip_string(text, index) == JsonSkip::kCut) return JsonSkip::kCut;
      continue;
    }
    ++index;
    if (c == '{' || c == '[') {
      ++depth;
    } else if ((c == '}' || c == ']') && --depth == 0) {
      at = index;
      return JsonSkip::kWhole;
    }
  }
  return JsonSkip::kCut;
}

Result<JsonPath> JsonPath::parse(std::string_view text) {
  const auto wrong = [&] {
    return Error(ErrorCode::kInvalidOptionValue, fmt::format("'{}' is no path of rows", text))
        .remedy(
            "Write it like '$.features[*]': names from the document down to an array, and [*].");
  };
  if (text.empty() || text[0] != '$') return wrong();
  JsonPath path;
  for (size_t at = 1; at < text.size();) {
    if (text.substr(at).starts_with("[*]")) {
      if (path.each) return wrong();
      path.each = true;
      at += 3;
      continue;
    }
    std::string name;
    if (!take_path_name(text, at, name)) return wrong();
    (path.each ? path.row_names : path.names).push_back(std::move(name));
  }
  return path;
}

JsonFind find_json_member(std::string_view text, const std::vector<std::string>& names, size_t& at,
                          std::string& reason) {
  at = skip_json_blanks(text, at);
  for (const std::string& name : names) {
    if (at == text.size()) return JsonFind::kCut;
    if (text[at] != '{') {
      reason = fmt::format("'{}' is looked for in what is no object", name);
      return JsonFind::kMissing;
    }
    const JsonFind found = find_member(text, name, at, reason);
    if (found != JsonFind::kFound) return found;
  }
  return at < text.size() ? JsonFind::kFound : JsonFind::kCut;
}

}  // namespace millrace::formats
