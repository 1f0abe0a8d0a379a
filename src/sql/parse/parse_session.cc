#include <array>

#include "sql/parse/grammar.h"
#include "sql/text/keyword.h"

namespace millrace::sql {
namespace {

// 'a.b', a.b
Result<std::string> parse_key(TokenCursor& tokens) {
  if (tokens.peek().kind == TokenKind::kString) {
    Token token = tokens.take();
    if (token.value.empty()) return tokens.refuse(token.span, "the setting's name is empty");
    return std::move(token.value);
  }
  const QualifiedName name = MILLRACE_TRY(parse_qualified_name(tokens, "a setting's name"));
  std::string key;
  for (const Identifier& part : name.parts) {
    if (!key.empty()) key += '.';
    key += part.text;
  }
  return key;
}

// A string, a number, a word.
Result<std::string> parse_value(TokenCursor& tokens) {
  const std::string sign = tokens.accept("-") ? "-" : "";
  const Token& token = tokens.peek();
  switch (token.kind) {
    case TokenKind::kInteger:
    case TokenKind::kDecimal:
    case TokenKind::kFloat:
      return sign + tokens.take().value;
    case TokenKind::kString:
    case TokenKind::kQuotedName:
      if (!sign.empty()) break;
      return tokens.take().value;
    case TokenKind::kWord:
      if (!sign.empty()) break;
      return std::string(tokens.take().raw);
    default:
      break;
  }
  return tokens.unexpected("a value");
}

Result<StatementNode> parse_values(TokenCursor& tokens, Set set) {
  if (tokens.at("DEFAULT")) {
    tokens.take();
    return Reset{.key = std::move(set.key), .key_span = set.key_span};
  }
  set.value_span = tokens.here();
  set.value = MILLRACE_TRY(parse_value(tokens));
  while (tokens.accept(",")) set.value += ", " + MILLRACE_TRY(parse_value(tokens));
  set.value_span = tokens.since(set.value_span);
  return set;
}

// The words behind SET TRANSACTION and BEGIN up to the end of the statement.
std::string take_words(TokenCursor& tokens) {
  std::string words;
  while (tokens.peek().kind == TokenKind::kWord || tokens.at(",")) {
    const Token token = tokens.take();
    if (!words.empty() && token.raw != ",") words += ' ';
    words += upper_word(token.raw);
  }
  return words;
}

}  // namespace

Result<StatementNode> parse_set(TokenCursor& tokens) {
  tokens.take();
  if (tokens.at(";") || tokens.at_end()) return Show{.subject = ShowSubject::kSettings};
  if ((tokens.at("SESSION") || tokens.at("LOCAL")) && !tokens.at("=", 1) && !tokens.at("TO", 1)) {
    tokens.take();
  }
  Set set;
  set.key_span = tokens.here();
  if (tokens.at_words("TIME", "ZONE")) {
    tokens.take();
    tokens.take();
    set.key = "timezone";
    return parse_values(tokens, std::move(set));
  }
  if (tokens.at("NAMES") && tokens.peek(1).kind == TokenKind::kString) {
    tokens.take();
    set.key = "client_encoding";
    return parse_values(tokens, std::move(set));
  }
  if (tokens.accept_words("CHARACTERISTICS", "AS") || tokens.at_words("TRANSACTION", "ISOLATION") ||
      tokens.at_words("TRANSACTION", "READ")) {
    MILLRACE_TRY(tokens.expect("TRANSACTION"));
    set.key = "transaction";
    set.value = take_words(tokens);
    set.value_span = tokens.since(set.key_span);
    return set;
  }
  set.key = MILLRACE_TRY(parse_key(tokens));
  if (!tokens.accept("TO")) {
    MILLRACE_TRY(tokens.expect("=", "after the setting's name"));
  }
  return parse_values(tokens, std::move(set));
}

Result<StatementNode> parse_reset(TokenCursor& tokens) {
  tokens.take();
  Reset reset;
  if (tokens.at(";") || tokens.at_end()) return reset;
  reset.key_span = tokens.here();
  if (tokens.accept("ALL")) return reset;
  reset.key = MILLRACE_TRY(parse_key(tokens));
  return reset;
}

Result<StatementNode> parse_use(TokenCursor& tokens) {
  tokens.take();
  Use use;
  if (tokens.at("SCHEMA") && at_name(tokens, 1)) {
    use.kind = UseKind::kSchema;
    tokens.take();
  } else if ((tokens.at("DATABASE") || tokens.at("CATALOG")) && at_name(tokens, 1)) {
    use.kind = UseKind::kDatabase;
    tokens.take();
  }
  use.name = MILLRACE_TRY(parse_qualified_name(tokens, "a name"));
  return use;
}

Result<StatementNode> parse_transaction(TokenCursor& tokens) {
  Transaction transaction;
  const Token word = tokens.take();
  if (same_word(word.raw, "START")) {
    MILLRACE_TRY(tokens.expect("TRANSACTION"));
  } else if (same_word(word.raw, "BEGIN")) {
    if (!tokens.accept("WORK")) tokens.accept("TRANSACTION");
  } else {
    const bool commit = same_word(word.raw, "COMMIT") || same_word(word.raw, "END");
    transaction.action = commit ? TransactionAction::kCommit : TransactionAction::kRollback;
    if (!tokens.accept("WORK")) tokens.accept("TRANSACTION");
    return transaction;
  }
  constexpr auto kModes =
      std::to_array<std::string_view>({"ISOLATION", "READ", "NOT", "DEFERRABLE"});
  if (tokens.at_any(kModes)) take_words(tokens);
  return transaction;
}

Result<StatementNode> parse_declare(TokenCursor& tokens) {
  tokens.take();
  DeclareCursor declare;
  declare.name = MILLRACE_TRY(parse_name(tokens, "a cursor's name"));
  declare.binary = tokens.accept("BINARY");
  tokens.accept("INSENSITIVE");
  if (tokens.accept("NO")) {
    MILLRACE_TRY(tokens.expect("SCROLL"));
  }
  MILLRACE_TRY(tokens.expect("CURSOR", "after the cursor's name"));
  if (tokens.accept("WITH")) {
    MILLRACE_TRY(tokens.expect("HOLD"));
    declare.with_hold = true;
  } else if (tokens.accept("WITHOUT")) {
    MILLRACE_TRY(tokens.expect("HOLD"));
  }
  MILLRACE_TRY(tokens.expect("FOR"));
  if (tokens.accept("SUBSCRIBE")) {
    declare.source = Subscribe{MILLRACE_TRY(parse_query(tokens))};
  } else {
    declare.source = QueryStatement{MILLRACE_TRY(parse_query(tokens))};
  }
  return declare;
}

Result<StatementNode> parse_fetch(TokenCursor& tokens) {
  tokens.take();
  FetchCursor fetch;
  const auto at_cursor = [&](size_t ahead) {
    return tokens.at("FROM", ahead) || tokens.at("IN", ahead) || at_name(tokens, ahead);
  };
  if (tokens.at("NEXT") && at_cursor(1)) {
    tokens.take();
  } else {
    const bool forward =
        tokens.at("FORWARD") && !tokens.at(";", 1) && tokens.peek(1).kind != TokenKind::kEnd;
    if (forward) tokens.take();
    if (tokens.accept("ALL")) {
      fetch.count.reset();
    } else if (tokens.peek().kind == TokenKind::kInteger) {
      fetch.count = MILLRACE_TRY(parse_count(tokens, "a number of rows"));
    }
  }
  if (!tokens.accept("FROM")) tokens.accept("IN");
  fetch.name = MILLRACE_TRY(parse_name(tokens, "a cursor's name"));
  return fetch;
}

Result<StatementNode> parse_close(TokenCursor& tokens) {
  tokens.take();
  CloseCursor close;
  if (!tokens.accept("ALL")) close.name = MILLRACE_TRY(parse_name(tokens, "a cursor's name"));
  return close;
}

}  // namespace millrace::sql
