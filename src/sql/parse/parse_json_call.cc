#include <algorithm>
#include <array>
#include <optional>

#include "sql/parse/grammar.h"

namespace millrace::sql {
namespace {

struct JsonWord {
  std::string_view word;
  JsonFunction function;
};
constexpr auto kJsonWords = std::to_array<JsonWord>({
    {"JSON_VALUE", JsonFunction::kValue},
    {"JSON_QUERY", JsonFunction::kQuery},
    {"JSON_EXISTS", JsonFunction::kExists},
    {"JSON_OBJECT", JsonFunction::kObject},
    {"JSON_ARRAY", JsonFunction::kArray},
    {"JSON_OBJECTAGG", JsonFunction::kObjectAggregate},
    {"JSON_ARRAYAGG", JsonFunction::kArrayAggregate},
});

bool has_keys(JsonFunction function) {
  return function == JsonFunction::kObject || function == JsonFunction::kObjectAggregate;
}

bool at_on_null(const TokenCursor& tokens) {
  return (tokens.at("NULL") || tokens.at("ABSENT")) && tokens.at("ON", 1) && tokens.at("NULL", 2);
}

// Whether KEY is the keyword here, not a column of this name.
bool at_key_word(const TokenCursor& tokens) {
  if (!tokens.at("KEY")) return false;
  const Token& next = tokens.peek(1);
  return next.kind == TokenKind::kString || next.kind == TokenKind::kQuotedName ||
         (next.kind == TokenKind::kWord && !tokens.at("VALUE", 1)) || tokens.at("(", 1);
}

// Whether the parenthesis that begins here ends right before the value.
bool is_whole_key(const TokenCursor& tokens) {
  if (!tokens.at("(")) return false;
  size_t ahead = 0;
  for (int open = 0; tokens.peek(ahead).kind < TokenKind::kEnd; ++ahead) {
    if (tokens.at("(", ahead)) ++open;
    if (tokens.at(")", ahead) && --open == 0) break;
  }
  return tokens.at("VALUE", ahead + 1) || tokens.at(":", ahead + 1);
}

// What stands behind KEY. Parentheses around all of it are the printer's, and no level of their
// own.
Result<Expression> parse_key(TokenCursor& tokens) {
  if (!is_whole_key(tokens)) return parse_expression(tokens);
  const Span begin = tokens.here();
  Parenthesised inside = MILLRACE_TRY(parse_parenthesised(tokens));
  if (inside.query) {
    MILLRACE_TRY(tokens.grow());  // printed with its own parentheses
    return Expression{ScalarSubquery{std::move(inside.query)}, tokens.since(begin)};
  }
  if (inside.expressions.size() == 1) return std::move(inside.expressions[0]);
  MILLRACE_TRY(tokens.grow());  // printed as ROW(…)
  return Expression{RowConstructor{std::move(inside.expressions)}, tokens.since(begin)};
}

// [KEY] k VALUE v, k : v. False where the arguments are those of an ordinary call.
Result<bool> parse_entry(TokenCursor& tokens, std::vector<Expression>& arguments) {
  const bool key_word = at_key_word(tokens);
  if (key_word) tokens.take();
  arguments.push_back(MILLRACE_TRY(key_word ? parse_key(tokens) : parse_expression(tokens)));
  if (!key_word && !tokens.at("VALUE") && !tokens.at(":")) return false;
  if (!tokens.accept(":")) {
    MILLRACE_TRY(tokens.expect("VALUE", "after the key"));
  }
  arguments.push_back(MILLRACE_TRY(parse_expression(tokens)));
  return true;
}

// True where what was read is of JSON's own syntax.
Result<bool> parse_elements(TokenCursor& tokens, JsonCall& call) {
  bool own_syntax = false;
  if (at_on_null(tokens) || tokens.at("RETURNING")) return own_syntax;
  do {
    if (has_keys(call.function)) {
      const bool entry = MILLRACE_TRY(parse_entry(tokens, call.arguments));
      if (own_syntax && !entry) {
        MILLRACE_TRY(tokens.expect("VALUE", "after the key"));
      }
      own_syntax = entry;
    } else {
      call.arguments.push_back(MILLRACE_TRY(parse_expression(tokens)));
    }
  } while (tokens.accept(","));
  return own_syntax;
}

// At the word that says what happens, and ON EMPTY or ON ERROR behind it.
Result<void> parse_fallback(TokenCursor& tokens, JsonCall& call) {
  JsonFallback fallback = JsonFallback::kDefault;
  Box<Expression> value;
  if (tokens.accept("DEFAULT")) {
    fallback = JsonFallback::kExpression;
    value = MILLRACE_TRY(parse_expression(tokens));
  } else if (tokens.accept("EMPTY")) {
    fallback = tokens.accept("ARRAY") ? JsonFallback::kEmptyArray : JsonFallback::kEmptyObject;
    if (fallback == JsonFallback::kEmptyObject) {
      MILLRACE_TRY(tokens.expect("OBJECT"));
    }
  } else {
    fallback = tokens.at("NULL")    ? JsonFallback::kNull
               : tokens.at("ERROR") ? JsonFallback::kError
               : tokens.at("TRUE")  ? JsonFallback::kTrue
               : tokens.at("FALSE") ? JsonFallback::kFalse
                                    : JsonFallback::kUnknown;
    tokens.take();
  }
  MILLRACE_TRY(tokens.expect("ON"));
  const Span place = tokens.here();
  const bool on_empty = tokens.accept("EMPTY");
  if (!on_empty) {
    MILLRACE_TRY(tokens.expect("ERROR"));
  }
  JsonFallback& slot = on_empty ? call.on_empty : call.on_error;
  if (slot != JsonFallback::kDefault) return tokens.refuse(place, "this clause stands here twice");
  slot = fallback;
  (on_empty ? call.on_empty_value : call.on_error_value) = std::move(value);
  return {};
}

Result<void> parse_wrapper(TokenCursor& tokens, JsonCall& call) {
  if (tokens.accept("WITHOUT")) {
    tokens.accept("ARRAY");
    call.wrapper = JsonWrapper::kWithout;
  } else {
    MILLRACE_TRY(tokens.expect("WITH"));
    const bool conditional = tokens.accept("CONDITIONAL");
    if (!conditional) tokens.accept("UNCONDITIONAL");
    tokens.accept("ARRAY");
    call.wrapper = conditional ? JsonWrapper::kConditional : JsonWrapper::kUnconditional;
  }
  return tokens.expect("WRAPPER");
}

constexpr auto kFallbackWords = std::to_array<std::string_view>(
    {"DEFAULT", "EMPTY", "NULL", "ERROR", "TRUE", "FALSE", "UNKNOWN"});

// The clauses behind the arguments; false where there is none.
Result<bool> parse_clauses(TokenCursor& tokens, JsonCall& call) {
  bool any = false;
  for (;; any = true) {
    if (tokens.at("RETURNING") && !call.returning) {
      tokens.take();
      call.returning = MILLRACE_TRY(parse_type_name(tokens));
    } else if (at_on_null(tokens) && call.on_null == JsonNulls::kDefault) {
      call.on_null = tokens.at("NULL") ? JsonNulls::kNull : JsonNulls::kAbsent;
      for (int i = 0; i < 3; ++i) tokens.take();
    } else if (tokens.at_any(kFallbackWords)) {
      MILLRACE_TRY(parse_fallback(tokens, call));
    } else if ((tokens.at("WITH") || tokens.at("WITHOUT")) &&
               call.wrapper == JsonWrapper::kDefault) {
      MILLRACE_TRY(parse_wrapper(tokens, call));
    } else {
      return any;
    }
  }
}

Call as_plain_call(const Token& word, std::vector<Expression> arguments) {
  Call call;
  call.name = {{{std::string(word.raw), word.span}}, word.span};
  for (Expression& argument : arguments) {
    call.arguments.push_back({std::nullopt, std::move(argument)});
  }
  return call;
}

}  // namespace

Result<std::optional<Expression>> parse_json_call(TokenCursor& tokens) {
  const auto* found = std::ranges::find_if(
      kJsonWords, [&](const JsonWord& candidate) { return tokens.at(candidate.word); });
  if (found == kJsonWords.end()) return std::nullopt;
  const Token word = tokens.take();
  JsonCall call{.function = found->function};
  MILLRACE_TRY(tokens.expect("("));
  const bool own_syntax = MILLRACE_TRY(parse_elements(tokens, call));
  const bool clauses = MILLRACE_TRY(parse_clauses(tokens, call));
  MILLRACE_TRY(tokens.expect(")", "after the argument"));
  if (own_syntax || clauses) {
    return std::optional(Expression{std::move(call), tokens.since(word.span)});
  }
  Call plain = as_plain_call(word, std::move(call.arguments));
  MILLRACE_TRY(parse_call_tail(tokens, plain));
  return std::optional(Expression{std::move(plain), tokens.since(word.span)});
}

}  // namespace millrace::sql
