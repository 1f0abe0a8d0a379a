#include <charconv>

#include "sql/parse/grammar.h"
#include "sql/text/keyword.h"

namespace millrace::sql {
namespace {

bool is_word_token(const Token& token) {
  return token.kind == TokenKind::kWord || token.kind == TokenKind::kQuotedName;
}

Identifier take_identifier(TokenCursor& tokens) {
  Token token = tokens.take();
  if (token.kind == TokenKind::kWord) return {std::string(token.raw), token.span};
  return {std::move(token.value), token.span};
}

// A value of an option: a string, or words and numbers as they are written.
Result<std::string> parse_option_value(TokenCursor& tokens) {
  std::string value;
  if (tokens.accept("-")) value = "-";
  const Token& token = tokens.peek();
  switch (token.kind) {
    case TokenKind::kString:
      if (!value.empty()) break;
      return tokens.take().value;
    case TokenKind::kInteger:
    case TokenKind::kDecimal:
    case TokenKind::kFloat:
      return value + tokens.take().value;
    case TokenKind::kWord:
      if (!value.empty()) break;
      return std::string(tokens.take().raw);
    default:
      break;
  }
  return tokens.unexpected("a value");
}

}  // namespace

bool at_name(const TokenCursor& tokens, size_t ahead) {
  const Token& token = tokens.peek(ahead);
  return token.kind == TokenKind::kQuotedName ||
         (token.kind == TokenKind::kWord && !is_reserved(token.raw));
}

bool at_bare_alias(const TokenCursor& tokens, size_t ahead) {
  const Token& token = tokens.peek(ahead);
  if (token.kind == TokenKind::kQuotedName) return true;
  if (token.kind != TokenKind::kWord) return false;
  const Keyword* keyword = find_keyword(token.raw);
  return keyword == nullptr || keyword->use == Keyword::Use::kOpening ||
         keyword->use == Keyword::Use::kFree;
}

Result<Identifier> parse_name(TokenCursor& tokens, std::string_view what) {
  if (!at_name(tokens)) return tokens.unexpected(what);
  return take_identifier(tokens);
}

Result<Identifier> parse_label(TokenCursor& tokens, std::string_view what) {
  if (!is_word_token(tokens.peek())) return tokens.unexpected(what);
  return take_identifier(tokens);
}

Result<QualifiedName> parse_qualified_name(TokenCursor& tokens, std::string_view what) {
  const Span begin = tokens.here();
  QualifiedName name;
  name.parts.push_back(MILLRACE_TRY(parse_name(tokens, what)));
  while (tokens.at(".") && is_word_token(tokens.peek(1))) {
    tokens.take();
    name.parts.push_back(MILLRACE_TRY(parse_label(tokens, what)));
  }
  name.span = tokens.since(begin);
  return name;
}

Result<std::vector<Identifier>> parse_name_list(TokenCursor& tokens, std::string_view what) {
  std::vector<Identifier> names;
  MILLRACE_TRY(tokens.expect("("));
  do {
    names.push_back(MILLRACE_TRY(parse_name(tokens, what)));
  } while (tokens.accept(","));
  MILLRACE_TRY(tokens.expect(")"));
  return names;
}

Result<std::vector<QualifiedName>> parse_qualified_names(TokenCursor& tokens,
                                                         std::string_view what) {
  std::vector<QualifiedName> names;
  do {
    names.push_back(MILLRACE_TRY(parse_qualified_name(tokens, what)));
  } while (tokens.accept(","));
  return names;
}

Result<std::string> parse_string(TokenCursor& tokens, std::string_view what) {
  if (tokens.peek().kind != TokenKind::kString) return tokens.unexpected(what);
  return tokens.take().value;
}

Result<uint64_t> parse_count(TokenCursor& tokens, std::string_view what) {
  const Token& token = tokens.peek();
  uint64_t count = 0;
  const char* end = token.value.data() + token.value.size();
  if (token.kind != TokenKind::kInteger) return tokens.unexpected(what);
  const auto [last, failure] = std::from_chars(token.value.data(), end, count);
  if (failure != std::errc() || last != end) return tokens.unexpected(what);
  tokens.take();
  return count;
}

Result<Options> parse_options(TokenCursor& tokens) {
  Options options;
  MILLRACE_TRY(tokens.expect("("));
  if (tokens.accept(")")) return options;
  do {
    Option option;
    option.key_span = tokens.here();
    option.key = MILLRACE_TRY(parse_string(tokens, "an option's name in quotes: 'name' = 'value'"));
    MILLRACE_TRY(tokens.expect("=", "after the option's name"));
    option.value_span = tokens.here();
    option.value = MILLRACE_TRY(parse_option_value(tokens));
    option.value_span = tokens.since(option.value_span);
    options.push_back(std::move(option));
  } while (tokens.accept(","));
  MILLRACE_TRY(tokens.expect(")", "after the option"));
  return options;
}

Result<Identifier> parse_job_name(TokenCursor& tokens) {
  if (tokens.peek().kind != TokenKind::kString) return parse_name(tokens, "a job's name");
  Token token = tokens.take();
  if (token.value.empty()) return tokens.refuse(token.span, "the job's name is empty");
  return Identifier{std::move(token.value), token.span};
}

Result<bool> parse_if_not_exists(TokenCursor& tokens) {
  if (!tokens.at_words("IF", "NOT")) return false;
  tokens.take();
  tokens.take();
  MILLRACE_TRY(tokens.expect("EXISTS"));
  return true;
}

Result<bool> parse_if_exists(TokenCursor& tokens) {
  return tokens.accept_words("IF", "EXISTS");
}

Result<std::optional<std::string>> parse_comment(TokenCursor& tokens) {
  if (!tokens.accept("COMMENT")) return std::nullopt;
  return std::optional(MILLRACE_TRY(parse_string(tokens, "the comment in quotes")));
}

}  // namespace millrace::sql
