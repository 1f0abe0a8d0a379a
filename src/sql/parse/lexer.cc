#include "sql/parse/lexer.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <utility>

#include "sql/text/keyword.h"
#include "sql/text/quoted_text.h"

namespace millrace::sql {
namespace {

bool is_digit(char byte) {
  return byte >= '0' && byte <= '9';
}
bool is_letter(char byte) {
  return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || byte == '_' ||
         static_cast<unsigned char>(byte) >= 0x80;
}
bool is_word_byte(char byte) {
  return is_letter(byte) || is_digit(byte) || byte == '$';
}

// The longest first.
constexpr auto kSymbols = std::to_array<std::string_view>(
    {"->>", "#>>", "!~*", "->", "#>", "::", ":=", "=>", "<=", ">=", "<>", "!=", "||", "<<", ">>",
     "@>",  "<@",  "~*",  "!~", "(",  ")",  "[",  "]",  "{",  "}",  ",",  ";",  ".",  "+",  "-",
     "*",   "/",   "%",   "^",  "<",  ">",  "=",  "&",  "|",  "#",  "~",  "?",  "$",  ":"});

constexpr std::string_view kNoBreakSpace = "\xC2\xA0";
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
constexpr auto kTypographicQuotes =
    std::to_array<std::string_view>({"\u2018", "\u2019", "\u201C", "\u201D"});

class Lexer {
 public:
  explicit Lexer(const SourceText& source) : source_(source), text_(source.text()) {}

  Tokens run() {
    while (next()) {
    }
    if (result_.failure) {
      add(TokenKind::kFail, offset_, {});
    } else {
      offset_ = text_.size();
      add(TokenKind::kEnd, offset_, {});
    }
    return std::move(result_);
  }

 private:
  char at(size_t offset) const { return offset < text_.size() ? text_[offset] : '\0'; }
  bool begins(std::string_view what) const { return text_.substr(offset_).starts_with(what); }
  Span span(size_t begin, size_t end) const {
    return {static_cast<uint32_t>(begin), static_cast<uint32_t>(end - begin)};
  }

  // From `begin` to offset_.
  void add(TokenKind kind, size_t begin, std::string value) {
    result_.tokens.push_back(
        {kind, span(begin, offset_), text_.substr(begin, offset_ - begin), std::move(value)});
  }

  bool fail(ErrorCode code, size_t begin, size_t end, std::string_view message,
            std::string remedy = {}) {
    result_.failure = source_.error(code, span(begin, end), message).remedy(std::move(remedy));
    offset_ = begin;
    return false;
  }

  // False at the end and after a failure.
  bool next() {
    if (!skip_space()) return false;
    if (offset_ == text_.size()) {
      if (!hint_begin_) return false;
      return fail(ErrorCode::kUnterminatedToken, *hint_begin_, *hint_begin_ + 3,
                  "the hint is never closed: expected '*/'");
    }
    const char first = text_[offset_];
    if (first == '\'') return string(offset_, 0, nullptr);
    if (first == '"' || first == '`') return quoted_name(first);
    if (is_digit(first) || (first == '.' && is_digit(at(offset_ + 1)))) return number();
    if (is_letter(first)) return word();
    if (first == '$' && dollar_tag_end() != 0) return dollar_string();
    return symbol();
  }

  bool skip_space() {
    while (offset_ < text_.size()) {
      const char byte = text_[offset_];
      if (byte == ' ' || (byte >= '\t' && byte <= '\r')) {
        ++offset_;
      } else if (begins(kNoBreakSpace)) {
        offset_ += kNoBreakSpace.size();
      } else if (begins(kByteOrderMark)) {
        offset_ += kByteOrderMark.size();
      } else if (begins("--")) {
        offset_ = std::min(text_.find('\n', offset_), text_.size());
      } else if (begins("/*")) {
        if (begins_hint()) return true;
        if (!skip_comment()) return false;
      } else {
        return true;
      }
    }
    return true;
  }

  bool begins_hint() const {
    constexpr std::string_view kOptions = "OPTIONS";
    if (!begins("/*+") || hint_begin_) return false;
    const size_t word = std::min(text_.find_first_not_of(" \t\r\n", offset_ + 3), text_.size());
    return same_word(text_.substr(word, kOptions.size()), kOptions) &&
           !is_word_byte(at(word + kOptions.size()));
  }

  bool at_word_byte() const {
    return offset_ < text_.size() && is_word_byte(text_[offset_]) && !begins(kNoBreakSpace) &&
           !begins(kByteOrderMark);
  }
  void skip_word() {
    while (at_word_byte()) ++offset_;
  }

  bool skip_comment() {
    const size_t begin = offset_;
    size_t depth = 0;
    do {
      if (begins("/*")) {
        ++depth;
        offset_ += 2;
      } else if (begins("*/")) {
        --depth;
        offset_ += 2;
      } else if (offset_ < text_.size()) {
        ++offset_;
      } else {
        return fail(ErrorCode::kUnterminatedToken, begin, begin + 2,
                    "the comment is never closed: expected '*/'");
      }
    } while (depth > 0);
    return true;
  }

  bool word() {
    const size_t begin = offset_;
    const char prefix = text_[begin];
    if (at(begin + 1) == '\'') {
      if (prefix == 'e' || prefix == 'E') return string(begin, 1, unescape_backslashes);
      if (prefix == 'x' || prefix == 'X') return string(begin, 1, read_hexadecimal);
    }
    if ((prefix == 'u' || prefix == 'U') && text_.substr(begin + 1).starts_with("&'")) {
      return string(begin, 2, unescape_unicode);
    }
    for (const std::string_view quote : kTypographicQuotes) {
      if (!begins(quote)) continue;
      return fail(ErrorCode::kSyntaxError, begin, begin + quote.size(),
                  "unexpected typographic quote",
                  "Write 'text' and \"name\" with straight quotes.");
    }
    skip_word();
    add(TokenKind::kWord, begin, {});
    return true;
  }

  // A string whose quote stands `prefix` bytes after `begin`; `unescape` reads what is between the
  // quotes, without it two quotes are one.
  bool string(size_t begin, size_t prefix, Unquoted (*unescape)(std::string_view)) {
    const size_t inside = begin + prefix + 1;
    const bool backslashes = unescape == unescape_backslashes;
    std::string value;
    size_t end = inside;
    while (true) {
      if (end >= text_.size()) {
        return fail(ErrorCode::kUnterminatedToken, begin, inside,
                    "the string is never closed: expected '",
                    "A quote inside a string is written twice: 'it''s'.");
      }
      const bool escaped = backslashes && text_[end] == '\\' && end + 1 < text_.size();
      const bool doubled = text_[end] == '\'' && at(end + 1) == '\'';
      if (text_[end] == '\'' && !doubled) break;
      value += text_[end];
      end += escaped || doubled ? 2 : 1;
    }
    if (unescape != nullptr) {
      Unquoted unquoted = unescape(text_.substr(inside, end - inside));
      if (!unquoted.ok()) {
        return fail(ErrorCode::kSyntaxError, inside + unquoted.offset, inside + unquoted.offset + 1,
                    unquoted.message);
      }
      value = std::move(unquoted.value);
    }
    offset_ = end + 1;
    add(unescape == read_hexadecimal ? TokenKind::kBytes : TokenKind::kString, begin,
        std::move(value));
    return true;
  }

  bool quoted_name(char quote) {
    const size_t begin = offset_;
    std::string value;
    for (++offset_;; ++offset_) {
      if (offset_ >= text_.size()) {
        return fail(ErrorCode::kUnterminatedToken, begin, begin + 1,
                    fmt::format("the name is never closed: expected {}", quote));
      }
      if (text_[offset_] == quote) {
        if (at(offset_ + 1) != quote) break;
        ++offset_;
      }
      value += text_[offset_];
    }
    ++offset_;
    if (value.empty()) return fail(ErrorCode::kSyntaxError, begin, offset_, "the name is empty");
    add(TokenKind::kQuotedName, begin, std::move(value));
    return true;
  }

  // The offset behind the second `$` of $tag$, or 0.
  size_t dollar_tag_end() const {
    size_t end = offset_ + 1;
    if (is_digit(at(end))) return 0;
    while (is_letter(at(end)) || is_digit(at(end))) ++end;
    return at(end) == '$' ? end + 1 : 0;
  }

  bool dollar_string() {
    const size_t begin = offset_;
    const size_t inside = dollar_tag_end();
    const std::string_view tag = text_.substr(begin, inside - begin);
    const size_t end = text_.find(tag, inside);
    if (end == std::string_view::npos) {
      return fail(ErrorCode::kUnterminatedToken, begin, inside,
                  fmt::format("the string is never closed: expected {}", tag));
    }
    offset_ = end + tag.size();
    add(TokenKind::kString, begin, std::string(text_.substr(inside, end - inside)));
    return true;
  }

  // Digits with single `_` between them.
  template <class IsDigit>
  void digits(IsDigit is_one, std::string& value) {
    while (is_one(at(offset_)) || (at(offset_) == '_' && is_one(at(offset_ + 1)))) {
      if (at(offset_) != '_') value += text_[offset_];
      ++offset_;
    }
  }

  bool number() {
    const size_t begin = offset_;
    TokenKind kind = TokenKind::kInteger;
    std::string value;
    if (text_[begin] == '0' && (at(begin + 1) == 'x' || at(begin + 1) == 'X')) {
      value = "0x";
      offset_ += 2;
      digits([](char byte) { return std::string_view("0123456789abcdefABCDEF").contains(byte); },
             value);
      if (value.size() == 2) offset_ = begin + 1;  // the x is then a letter too many
    } else {
      digits(is_digit, value);
      if (at(offset_) == '.') {
        kind = TokenKind::kDecimal;
        value += text_[offset_++];
        digits(is_digit, value);
      }
      exponent(kind, value);
    }
    if (at_word_byte()) {
      const size_t letters = offset_;
      skip_word();
      const std::string_view rest = text_.substr(letters, offset_ - letters);
      return fail(ErrorCode::kSyntaxError, letters, offset_,
                  fmt::format("the number does not end before '{}'", rest),
                  "Put a space between them, or quote the name: \"…\".");
    }
    add(kind, begin, std::move(value));
    return true;
  }

  void exponent(TokenKind& kind, std::string& value) {
    if (at(offset_) != 'e' && at(offset_) != 'E') return;
    const bool has_sign = at(offset_ + 1) == '+' || at(offset_ + 1) == '-';
    if (!is_digit(at(offset_ + (has_sign ? 2 : 1)))) return;
    kind = TokenKind::kFloat;
    value += 'e';
    if (has_sign) value += text_[offset_ + 1];
    offset_ += has_sign ? 2 : 1;
    digits(is_digit, value);
  }

  bool symbol() {
    const size_t begin = offset_;
    if (begins("/*+")) {  // skip_space has seen that it is a hint
      hint_begin_ = begin;
      offset_ += 3;
    } else if (hint_begin_ && begins("*/")) {
      hint_begin_.reset();
      offset_ += 2;
    } else {
      const auto* found = std::ranges::find_if(
          kSymbols, [&](std::string_view candidate) { return begins(candidate); });
      if (found == kSymbols.end()) {
        return fail(ErrorCode::kSyntaxError, begin, begin + 1,
                    fmt::format("unexpected character '{}'", text_[begin]));
      }
      offset_ += found->size();
    }
    add(TokenKind::kSymbol, begin, {});
    return true;
  }

  const SourceText& source_;
  const std::string_view text_;
  size_t offset_ = 0;
  std::optional<size_t> hint_begin_;
  Tokens result_;
};

Tokens refused(Error error) {
  Tokens tokens;
  tokens.failure = std::move(error);
  tokens.tokens.push_back({TokenKind::kFail, {}, {}, {}});
  return tokens;
}

}  // namespace

Tokens lex(const SourceText& source) {
  constexpr size_t kTextBytesMax = size_t{1} << 30;
  if (source.text().size() > kTextBytesMax) {
    return refused(
        Error(ErrorCode::kSyntaxError, "the text is longer than 1 GiB").at(source.place({})));
  }
  if (const auto offset = find_invalid_utf8(source.text())) {
    const auto byte = static_cast<unsigned char>(source.text()[*offset]);
    return refused(
        Error(ErrorCode::kSyntaxError, fmt::format("the byte 0x{:02x} is not UTF-8 text", byte))
            .at(source.place({static_cast<uint32_t>(*offset), 1}))
            .remedy("Is this a binary file, or one in another encoding?"));
  }
  return Lexer(source).run();
}

}  // namespace millrace::sql
