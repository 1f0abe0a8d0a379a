#include <algorithm>
#include <array>

#include "sql/parse.h"
#include "sql/parse/grammar.h"
#include "sql/text/keyword.h"

namespace millrace::sql {
namespace {

// A query as a statement; EMIT CHANGES at its end makes it a subscription.
Result<StatementNode> parse_query_statement(TokenCursor& tokens) {
  Query query = MILLRACE_TRY(parse_query(tokens));
  if (!tokens.at_words("EMIT", "CHANGES")) return QueryStatement{std::move(query)};
  tokens.accept_words("EMIT", "CHANGES");
  return Subscribe{std::move(query)};
}

Result<StatementNode> parse_subscribe(TokenCursor& tokens) {
  tokens.take();
  Subscribe subscribe{MILLRACE_TRY(parse_query(tokens))};
  if (tokens.at("EMIT")) tokens.accept_words("EMIT", "CHANGES");
  return subscribe;
}

Result<StatementNode> parse_insert_statement(TokenCursor& tokens) {
  return MILLRACE_TRY(parse_insert(tokens));
}

Result<StatementNode> parse_statement_set_statement(TokenCursor& tokens) {
  return MILLRACE_TRY(parse_statement_set(tokens));
}

Result<StatementNode> parse_flush(TokenCursor& tokens) {
  tokens.take();
  return Flush();
}

// WITH … INSERT, or WITH … SELECT: which one, only what follows the list says.
bool is_insert_behind_with(const TokenCursor& tokens) {
  size_t ahead = 1;
  for (int depth = 0; tokens.peek(ahead).kind < TokenKind::kEnd; ++ahead) {
    if (tokens.at("(", ahead)) ++depth;
    if (tokens.at(")", ahead)) --depth;
    if (depth > 0) continue;
    if (tokens.at("INSERT", ahead) && tokens.at(")", ahead - 1)) return true;
    if (tokens.at("SELECT", ahead) || tokens.at(";", ahead)) return false;
  }
  return false;
}

Result<StatementNode> parse_with_statement(TokenCursor& tokens) {
  if (is_insert_behind_with(tokens)) return parse_insert_statement(tokens);
  return parse_query_statement(tokens);
}

struct StatementWord {
  std::string_view word;
  Result<StatementNode> (*parse)(TokenCursor&);
};
constexpr auto kStatementWords = std::to_array<StatementWord>({
    {"SELECT", parse_query_statement},
    {"VALUES", parse_query_statement},
    {"TABLE", parse_query_statement},
    {"WITH", parse_with_statement},
    {"INSERT", parse_insert_statement},
    {"SUBSCRIBE", parse_subscribe},
    {"CREATE", parse_create},
    {"DROP", parse_drop},
    {"ALTER", parse_alter},
    {"UPDATE", parse_update},
    {"DELETE", parse_delete},
    {"COPY", parse_copy},
    {"GRANT", parse_grant},
    {"REVOKE", parse_grant},
    {"EXPLAIN", parse_explain},
    {"DESCRIBE", parse_describe},
    {"DESC", parse_describe},
    {"SHOW", parse_show},
    {"PAUSE", parse_control_job},
    {"RESUME", parse_control_job},
    {"SAVEPOINT", parse_control_job},
    {"CANCEL", parse_control_job},
    {"TAP", parse_tap},
    {"REPLAY", parse_replay},
    {"SET", parse_set},
    {"RESET", parse_reset},
    {"USE", parse_use},
    {"FLUSH", parse_flush},
    {"BEGIN", parse_transaction},
    {"START", parse_transaction},
    {"COMMIT", parse_transaction},
    {"END", parse_transaction},
    {"ROLLBACK", parse_transaction},
    {"ABORT", parse_transaction},
    {"DECLARE", parse_declare},
    {"FETCH", parse_fetch},
    {"CLOSE", parse_close},
    {"EXECUTE", parse_statement_set_statement},
});

Result<StatementNode> parse_statement_node(TokenCursor& tokens) {
  if (at_statement_set(tokens)) return parse_statement_set_statement(tokens);
  if (tokens.at("(")) return parse_query_statement(tokens);
  for (const StatementWord& candidate : kStatementWords) {
    if (tokens.at(candidate.word)) return candidate.parse(tokens);
  }
  std::array<std::string_view, kStatementWords.size()> words;
  std::ranges::transform(kStatementWords, words.begin(), &StatementWord::word);
  return tokens.unexpected("a statement", {}, words);
}

// A text that holds one construct and nothing else.
template <class Parse>
auto parse_all(std::string_view text, std::string_view file_name, Parse parse)
    -> decltype(parse(std::declval<TokenCursor&>())) {
  const SourceText source(text, file_name);
  TokenCursor tokens(source);
  auto result = parse(tokens);
  if (result && !tokens.at_end()) return tokens.unexpected("the end of the text");
  return result;
}

}  // namespace

Result<Statement> parse_statement(TokenCursor& tokens) {
  const Span begin = tokens.here();
  Statement statement;
  statement.node = MILLRACE_TRY(parse_statement_node(tokens));
  statement.span = tokens.since(begin);
  return statement;
}

Result<std::vector<Statement>> parse_script(std::string_view text, std::string_view file_name) {
  const SourceText source(text, file_name);
  TokenCursor tokens(source);
  std::vector<Statement> statements;
  while (true) {
    while (tokens.at(";")) tokens.take();
    if (tokens.at_end()) return statements;
    statements.push_back(MILLRACE_TRY(parse_statement(tokens)));
    if (tokens.at_end()) return statements;
    MILLRACE_TRY(tokens.expect(";"));
  }
}

Result<Query> parse_query(std::string_view text, std::string_view file_name) {
  return parse_all(text, file_name, [](TokenCursor& tokens) { return parse_query(tokens); });
}

Result<Expression> parse_expression(std::string_view text, std::string_view file_name) {
  return parse_all(text, file_name, [](TokenCursor& tokens) { return parse_expression(tokens); });
}

Result<TypeName> parse_type(std::string_view text, std::string_view file_name) {
  return parse_all(text, file_name, parse_type_name);
}

std::optional<size_t> find_statement_end(std::string_view text) {
  const SourceText source(text, {});
  TokenCursor tokens(source);
  bool in_set = false;
  bool behind_semicolon = false;
  while (tokens.peek().kind < TokenKind::kEnd) {
    in_set = in_set || (tokens.at("STATEMENT") && tokens.at("SET", 1));
    if (in_set && behind_semicolon && tokens.at("END")) in_set = false;
    behind_semicolon = tokens.at(";");
    const Token token = tokens.take();
    if (behind_semicolon && !in_set) return token.span.end();
  }
  const bool refused = tokens.peek().kind == TokenKind::kFail &&
                       tokens.unexpected({}).code() != ErrorCode::kUnterminatedToken;
  if (refused) return text.size();
  return std::nullopt;
}

}  // namespace millrace::sql
