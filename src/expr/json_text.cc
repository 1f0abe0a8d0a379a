#include "expr/json_text.h"

#include <fmt/core.h>

namespace millrace::expr {
namespace {

constexpr int kDepthMax = 512;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_hex(char c) {
  return is_digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
}

// Walks over JSON text; every function returns false where the text is not JSON.
class Walker {
 public:
  explicit Walker(std::string_view text) : at_(text.data()), end_(text.data() + text.size()) {}

  const char* at() const { return at_; }
  std::string_view rest() const { return {at_, static_cast<size_t>(end_ - at_)}; }

  void space() {
    while (at_ < end_ && (*at_ == ' ' || *at_ == '\t' || *at_ == '\n' || *at_ == '\r')) ++at_;
  }
  bool take(char c) {
    if (at_ == end_ || *at_ != c) return false;
    ++at_;
    return true;
  }

  bool value(int depth = 0) {
    if (at_ == end_ || depth > kDepthMax) return false;
    switch (*at_) {
      case '{':
        return object(depth);
      case '[':
        return array(depth);
      case '"':
        return string();
      case 't':
        return word("true");
      case 'f':
        return word("false");
      case 'n':
        return word("null");
      default:
        return number();
    }
  }

  bool string() {
    if (!take('"')) return false;
    while (at_ < end_) {
      const char c = *at_++;
      if (c == '"') return true;
      if (static_cast<uint8_t>(c) < 0x20) return false;
      if (c == '\\' && !escape()) return false;
    }
    return false;
  }

 private:
  bool object(int depth) {
    ++at_;
    space();
    if (take('}')) return true;
    do {
      space();
      if (!string()) return false;
      space();
      if (!take(':')) return false;
      space();
      if (!value(depth + 1)) return false;
      space();
    } while (take(','));
    return take('}');
  }

  bool array(int depth) {
    ++at_;
    space();
    if (take(']')) return true;
    do {
      space();
      if (!value(depth + 1)) return false;
      space();
    } while (take(','));
    return take(']');
  }

  bool escape() {
    if (at_ == end_) return false;
    const char c = *at_++;
    if (c != 'u') return std::string_view("\"\\/bfnrt").find(c) != std::string_view::npos;
    for (int digit = 0; digit < 4; ++digit) {
      if (at_ == end_ || !is_hex(*at_++)) return false;
    }
    return true;
  }

  bool word(std::string_view expected) {
    if (!rest().starts_with(expected)) return false;
    at_ += expected.size();
    return true;
  }

  bool digits() {
    const char* const first = at_;
    while (at_ < end_ && is_digit(*at_)) ++at_;
    return at_ > first;
  }

  bool number() {
    take('-');
    if (!take('0') && !digits()) return false;
    if (take('.') && !digits()) return false;
    if (take('e') || take('E')) {
      if (!take('+')) take('-');
      return digits();
    }
    return true;
  }

  const char* at_;
  const char* end_;
};

uint32_t hex_value(std::string_view digits) {
  uint32_t value = 0;
  for (const char c : digits) {
    value = value * 16 + static_cast<uint32_t>(is_digit(c) ? c - '0' : (c | 0x20) - 'a' + 10);
  }
  return value;
}

void append_utf8(std::string& to, uint32_t code) {
  if (code < 0x80) {
    to += static_cast<char>(code);
  } else if (code < 0x800) {
    to += static_cast<char>(0xc0 | code >> 6);
    to += static_cast<char>(0x80 | (code & 0x3f));
  } else if (code < 0x10000) {
    to += static_cast<char>(0xe0 | code >> 12);
    to += static_cast<char>(0x80 | (code >> 6 & 0x3f));
    to += static_cast<char>(0x80 | (code & 0x3f));
  } else {
    to += static_cast<char>(0xf0 | code >> 18);
    to += static_cast<char>(0x80 | (code >> 12 & 0x3f));
    to += static_cast<char>(0x80 | (code >> 6 & 0x3f));
    to += static_cast<char>(0x80 | (code & 0x3f));
  }
}

// The character of "\uXXXX" at `at`, with a second half behind it if it is the first of a pair;
// moves `at` past it. A half alone becomes U+FFFD.
uint32_t take_unicode(std::string_view text, size_t& at) {
  const uint32_t first = hex_value(text.substr(at + 2, 4));
  at += 6;
  if (first < 0xd800 || first > 0xdfff) return first;
  if (first > 0xdbff || text.substr(at, 2) != "\\u") return 0xfffd;
  const uint32_t second = hex_value(text.substr(at + 2, 4));
  if (second < 0xdc00 || second > 0xdfff) return 0xfffd;
  at += 6;
  return 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
}

char escaped_character(char c) {
  switch (c) {
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    default:
      return c;
  }
}

bool names(std::string_view quoted, std::string_view name) {
  if (quoted.find('\\') == std::string_view::npos) {
    return quoted.substr(1, quoted.size() - 2) == name;
  }
  std::string plain;
  append_json_string(plain, quoted);
  return plain == name;
}

}  // namespace

std::optional<std::string_view> take_json_value(std::string_view& rest) {
  Walker walker(rest);
  walker.space();
  const char* const first = walker.at();
  if (!walker.value()) return std::nullopt;
  const std::string_view value(first, static_cast<size_t>(walker.at() - first));
  walker.space();
  rest = walker.rest();
  return value;
}

bool is_json(std::string_view text) {
  return take_json_value(text).has_value() && text.empty();
}

JsonKind json_kind(std::string_view value) {
  const size_t first = value.find_first_not_of(" \t\r\n");
  switch (first == std::string_view::npos ? 'n' : value[first]) {
    case '{':
      return JsonKind::kObject;
    case '[':
      return JsonKind::kArray;
    case '"':
      return JsonKind::kString;
    case 't':
      return JsonKind::kTrue;
    case 'f':
      return JsonKind::kFalse;
    case 'n':
      return JsonKind::kNull;
    default:
      return JsonKind::kNumber;
  }
}

std::optional<std::string_view> json_member(std::string_view object, std::string_view name) {
  Walker walker(object);
  walker.space();
  if (!walker.take('{')) return std::nullopt;
  do {
    walker.space();
    const char* const key = walker.at();
    if (!walker.string()) return std::nullopt;
    const std::string_view quoted(key, static_cast<size_t>(walker.at() - key));
    walker.space();
    if (!walker.take(':')) return std::nullopt;
    walker.space();
    const char* const first = walker.at();
    if (!walker.value()) return std::nullopt;
    const std::string_view value(first, static_cast<size_t>(walker.at() - first));
    if (names(quoted, name)) return value;
    walker.space();
  } while (walker.take(','));
  return std::nullopt;
}

std::optional<std::string_view> json_element(std::string_view array, int64_t index) {
  Walker walker(array);
  walker.space();
  if (!walker.take('[')) return std::nullopt;
  std::string_view elements = walker.rest();
  if (index < 0) {
    int64_t count = 0;
    for (std::string_view rest = elements; take_json_value(rest); ++count) {
      if (!rest.starts_with(',')) {
        ++count;
        break;
      }
      rest.remove_prefix(1);
    }
    index += count;
    if (index < 0) return std::nullopt;
  }
  for (; const auto value = take_json_value(elements); --index) {
    if (index == 0) return value;
    if (!elements.starts_with(',')) return std::nullopt;
    elements.remove_prefix(1);
  }
  return std::nullopt;
}

void append_json_string(std::string& to, std::string_view value) {
  const std::string_view text = value.substr(1, value.size() - 2);
  size_t at = 0;
  while (at < text.size()) {
    const size_t escape = text.find('\\', at);
    to += text.substr(at, escape - at);
    if (escape == std::string_view::npos) return;
    at = escape;
    if (text[at + 1] == 'u') {
      append_utf8(to, take_unicode(text, at));
    } else {
      to += escaped_character(text[at + 1]);
      at += 2;
    }
  }
}

void append_json_quoted(std::string& to, std::string_view text) {
  to += '"';
  for (const char c : text) {
    switch (c) {
      case '"':
        to += "\\\"";
        break;
      case '\\':
        to += "\\\\";
        break;
      case '\n':
        to += "\\n";
        break;
      case '\r':
        to += "\\r";
        break;
      case '\t':
        to += "\\t";
        break;
      default:
        if (static_cast<uint8_t>(c) < 0x20) {
          to += fmt::format("\\u{:04x}", static_cast<unsigned>(static_cast<uint8_t>(c)));
        } else {
          to += c;
        }
    }
  }
  to += '"';
}

}  // namespace millrace::expr
