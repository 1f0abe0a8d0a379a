#include "sql/parse/token_cursor.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "base/assert.h"
#include "base/nearest.h"
#include "sql/parse.h"
#include "sql/text/keyword.h"

namespace millrace::sql {
namespace {

bool is_word(std::string_view what) {
  return what[0] >= 'A' && what[0] <= 'Z';
}
bool is_description(std::string_view what) {
  return what[0] >= 'a' && what[0] <= 'z';
}

constexpr std::string_view kNextClause = "the next clause";
// What may follow an alias, and so what a misspelt keyword read as one may have meant.
constexpr auto kAfterAlias = std::to_array<std::string_view>(
    {"AS",        "FROM",   "WHERE", "GROUP", "HAVING", "ORDER", "LIMIT",   "UNION",
     "INTERSECT", "JOIN",   "LEFT",  "RIGHT", "FULL",   "CROSS", "INNER",   "NATURAL",
     "ASOF",      "WINDOW", "USING", "EMIT",  "OFFSET", "FETCH", "EXCEPT",  "QUALIFY",
     "NOTIFY",    "LIKE",   "ILIKE", "IS",    "AND",    "OR",    "BETWEEN", "IN"});

std::string found_text(const Token& token) {
  constexpr size_t kShownMax = 40;
  std::string shown(token.raw.substr(0, kShownMax));
  if (shown.size() < token.raw.size()) {
    while (!shown.empty() && (static_cast<unsigned char>(shown.back()) & 0xC0) == 0x80) {
      shown.pop_back();
    }
    shown += "…";
  }
  std::ranges::replace(shown, '\n', ' ');
  switch (token.kind) {
    case TokenKind::kEnd:
      return "the end of the text";
    case TokenKind::kString:
      return "the string " + shown;
    case TokenKind::kInteger:
    case TokenKind::kDecimal:
    case TokenKind::kFloat:
      return "the number " + shown;
    case TokenKind::kQuotedName:
      return "the name " + shown;
    default:
      return "'" + shown + "'";
  }
}

// "a, b or c", each once, in order.
std::string alternatives(std::span<const std::string_view> words, std::string_view description) {
  std::vector<std::string> shown;
  const auto add = [&](std::string text) {
    if (std::ranges::find(shown, text) == shown.end()) shown.push_back(std::move(text));
  };
  for (const std::string_view word : words) {
    const bool bare = is_word(word) || is_description(word);
    add(bare ? std::string(word) : fmt::format("'{}'", word));
  }
  if (!description.empty()) add(std::string(description));
  std::string text;
  for (size_t i = 0; i < shown.size(); ++i) {
    if (i > 0) text += i + 1 == shown.size() ? " or " : ", ";
    text += shown[i];
  }
  return text;
}

}  // namespace

TokenCursor::TokenCursor(const SourceText& source) : source_(source), tokens_(lex(source)) {}

const Token& TokenCursor::peek(size_t ahead) const {
  return tokens_.tokens[std::min(position_ + ahead, tokens_.tokens.size() - 1)];
}

Token TokenCursor::take() {
  Token token = peek();
  if (position_ + 1 < tokens_.tokens.size()) ++position_;
  expected_.clear();
  return token;
}

bool TokenCursor::at(std::string_view what, size_t ahead) const {
  const Token& token = peek(ahead);
  if (is_word(what)) return token.kind == TokenKind::kWord && same_word(token.raw, what);
  return token.kind == TokenKind::kSymbol && token.raw == what;
}

bool TokenCursor::at_any(std::span<const std::string_view> words, size_t ahead) const {
  return std::ranges::any_of(words, [&](std::string_view word) { return at(word, ahead); });
}

bool TokenCursor::accept(std::string_view what) {
  if (!at(what)) {
    expected_.push_back(what);
    return false;
  }
  take();
  return true;
}

bool TokenCursor::accept_words(std::string_view first, std::string_view second) {
  if (!at_words(first, second)) {
    expected_.push_back(first);
    return false;
  }
  take();
  take();
  return true;
}

Result<void> TokenCursor::expect(std::string_view what, std::string_view context) {
  if (accept(what)) return {};
  return unexpected({}, context);
}

Error TokenCursor::unexpected(std::string_view description, std::string_view context,
                              std::span<const std::string_view> candidates) const {
  if (bare_alias_ == position_ && position_ > 0 && peek().kind != TokenKind::kFail) {
    const Token& alias = tokens_.tokens[position_ - 1];
    if (!nearest_name(alias.raw, kAfterAlias).empty() && alias.raw.size() > 2) {
      return unexpected_at(position_ - 1, std::string(kNextClause), {}, kAfterAlias);
    }
  }
  return unexpected_at(position_, alternatives(expected_, description), context, candidates);
}

Error TokenCursor::unexpected_at(size_t index, std::string expected, std::string_view context,
                                 std::span<const std::string_view> candidates) const {
  const Token& found = tokens_.tokens[index];
  if (found.kind == TokenKind::kFail) return *tokens_.failure;
  std::string message = "expected " + expected;
  if (!context.empty()) message.append(" ").append(context);
  message += ", found " + found_text(found);
  if (found.kind == TokenKind::kEnd) return unexpected_end(message);
  Error error = source_.error(ErrorCode::kSyntaxError, found.span, message);
  std::string remedy = remedy_for(index, expected.ends_with("name"), candidates);
  if (remedy.empty()) return error;
  return std::move(error).remedy(std::move(remedy));
}

std::string TokenCursor::remedy_for(size_t index, bool wanted_name,
                                    std::span<const std::string_view> candidates) const {
  const Token& found = tokens_.tokens[index];
  if (found.kind != TokenKind::kWord) return {};
  if (index > 0) {
    const Token& before = tokens_.tokens[index - 1];
    const bool glued = before.span.end() == found.span.offset;
    if (before.kind == TokenKind::kString && glued) {
      return "A quote inside a string is written twice: 'it''s'.";
    }
  }
  if (is_reserved(found.raw)) {
    if (!wanted_name) return {};
    return fmt::format("{} is a reserved word; as a name it needs quotes: \"{}\".",
                       upper_word(found.raw), found.raw);
  }
  if (found.raw.size() < 3) return {};
  std::vector<std::string_view> words(candidates.begin(), candidates.end());
  std::ranges::copy_if(expected_, std::back_inserter(words), is_word);
  if (std::ranges::find(expected_, kNextClause) != expected_.end()) {
    words.insert(words.end(), kAfterAlias.begin(), kAfterAlias.end());
  }
  const std::string_view near = nearest_name(found.raw, words);
  return near.empty() ? std::string() : fmt::format("Did you mean {}?", near);
}

// At the end of the text: the innermost bracket that is still open is to blame, if there is one.
Error TokenCursor::unexpected_end(std::string_view message) const {
  std::vector<const Token*> open;
  for (const Token& token : tokens_.tokens) {
    if (token.kind != TokenKind::kSymbol) continue;
    if (token.raw == "(" || token.raw == "[") open.push_back(&token);
    if ((token.raw == ")" || token.raw == "]") && !open.empty()) open.pop_back();
  }
  const Span end = tokens_.tokens.back().span;
  if (open.empty()) return source_.error(ErrorCode::kSyntaxError, end, message);
  const Token& bracket = *open.back();
  return source_.error(ErrorCode::kUnterminatedToken, end, message)
      .remedy(
          fmt::format("The '{}' at {} is never closed.", bracket.raw, source_.place(bracket.span)));
}

Span TokenCursor::since(Span begin) const {
  if (position_ == 0) return {begin.offset, 0};
  return begin.to(tokens_.tokens[position_ - 1].span);
}

void TokenCursor::split_symbol() {
  Token& token = tokens_.tokens[position_];
  MILLRACE_ASSERT(token.kind == TokenKind::kSymbol && token.raw.size() > 1);
  token.raw.remove_prefix(1);
  ++token.span.offset;
  --token.span.length;
}

Result<void> Level::check() const {
  return tokens_.check_depth();
}

Result<void> TokenCursor::grow() {
  ++height_;
  return check_depth();
}

Result<void> TokenCursor::check_depth() const {
  if (depth_ + height_ <= kNestingMax) return {};
  return source_
      .error(ErrorCode::kTooDeep, here(),
             fmt::format("the statement nests deeper than {} levels here", kNestingMax))
      .remedy("Take it apart with WITH or views; chains of operators may be put in parentheses.");
}

}  // namespace millrace::sql
