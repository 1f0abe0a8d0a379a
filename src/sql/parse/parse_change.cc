#include "sql/parse/grammar.h"
#include "sql/text/keyword.h"

namespace millrace::sql {
namespace {

// [AS] a
Result<std::optional<Identifier>> parse_target_alias(TokenCursor& tokens) {
  if (tokens.accept("AS")) return std::optional(MILLRACE_TRY(parse_name(tokens, "an alias")));
  if (!at_bare_alias(tokens)) return std::nullopt;
  std::optional<Identifier> alias = MILLRACE_TRY(parse_name(tokens, "an alias"));
  tokens.took_bare_alias();
  return alias;
}

std::string lower_word(std::string_view word) {
  std::string lower(word);
  for (char& letter : lower) {
    if (letter >= 'A' && letter <= 'Z') letter += 'a' - 'A';
  }
  return lower;
}

// FORMAT csv, HEADER, DELIMITER ',' in parentheses; a key without a value is "true".
Result<Option> parse_copy_option(TokenCursor& tokens) {
  Option option;
  option.key_span = tokens.here();
  const Identifier key = MILLRACE_TRY(parse_label(tokens, "an option of COPY"));
  option.key = lower_word(key.text);
  option.value_span = tokens.here();
  if (tokens.at(",") || tokens.at(")")) {
    option.value = "true";
    option.value_span = option.key_span;
  } else if (tokens.peek().kind == TokenKind::kString ||
             tokens.peek().kind == TokenKind::kInteger) {
    option.value = tokens.take().value;
  } else {
    option.value = MILLRACE_TRY(parse_label(tokens, "a value")).text;
  }
  return option;
}

// [WITH] (…), or PostgreSQL's older words: CSV HEADER
Result<Options> parse_copy_options(TokenCursor& tokens) {
  Options options;
  tokens.accept("WITH");
  if (tokens.accept("(")) {
    do {
      options.push_back(MILLRACE_TRY(parse_copy_option(tokens)));
    } while (tokens.accept(","));
    MILLRACE_TRY(tokens.expect(")", "after the option"));
    return options;
  }
  while (tokens.peek().kind == TokenKind::kWord) {
    const Token word = tokens.take();
    const bool is_format =
        same_word(word.raw, "CSV") || same_word(word.raw, "BINARY") || same_word(word.raw, "TEXT");
    options.push_back({is_format ? "format" : lower_word(word.raw),
                       is_format ? lower_word(word.raw) : "true", word.span, word.span});
    tokens.accept("AS");
    if (tokens.peek().kind == TokenKind::kString) options.back().value = tokens.take().value;
  }
  return options;
}

// The inserts up to END, each with its `;`.
Result<StatementSet> parse_inserts(TokenCursor& tokens) {
  StatementSet set;
  do {
    set.inserts.push_back(MILLRACE_TRY(parse_insert(tokens)));
    MILLRACE_TRY(tokens.expect(";", "after the INSERT"));
  } while (!tokens.accept("END"));
  return set;
}

}  // namespace

Result<Insert> parse_insert(TokenCursor& tokens) {
  Insert insert;
  const Span begin = tokens.here();
  std::optional<With> with;
  if (tokens.at("WITH")) {
    const Level level(tokens);  // as inside the query, where it is printed
    with = MILLRACE_TRY(parse_with(tokens));
  }
  MILLRACE_TRY(tokens.expect("INSERT"));
  insert.overwrite = tokens.accept("OVERWRITE");
  if (!insert.overwrite) {
    MILLRACE_TRY(tokens.expect("INTO", "after INSERT"));
  }
  insert.table = MILLRACE_TRY(parse_qualified_name(tokens, "a table's name"));
  if (tokens.at("(") && at_name(tokens, 1)) {
    insert.columns = MILLRACE_TRY(parse_name_list(tokens, "a column's name"));
  }
  insert.query = MILLRACE_TRY(parse_query(tokens));
  if (with && insert.query->with) {
    return tokens.refuse(insert.query->with->span, "the statement has a WITH already");
  }
  if (with) insert.query->with = std::move(with);
  insert.span = tokens.since(begin);
  return insert;
}

bool at_statement_set(const TokenCursor& tokens) {
  const size_t first = tokens.at("EXECUTE") || tokens.at("BEGIN") ? 1 : 0;
  return tokens.at("STATEMENT", first) && tokens.at("SET", first + 1);
}

Result<StatementSet> parse_statement_set(TokenCursor& tokens) {
  const bool begin_first = tokens.accept("BEGIN");
  tokens.accept("EXECUTE");
  MILLRACE_TRY(tokens.expect("STATEMENT"));
  MILLRACE_TRY(tokens.expect("SET"));
  if (begin_first) {
    MILLRACE_TRY(tokens.expect(";"));
  } else {
    MILLRACE_TRY(tokens.expect("BEGIN", "after STATEMENT SET"));
  }
  return parse_inserts(tokens);
}

Result<StatementNode> parse_update(TokenCursor& tokens) {
  tokens.take();
  Update update;
  update.table = MILLRACE_TRY(parse_qualified_name(tokens, "a table's name"));
  update.alias = MILLRACE_TRY(parse_target_alias(tokens));
  MILLRACE_TRY(tokens.expect("SET"));
  do {
    Assignment assignment;
    assignment.column = MILLRACE_TRY(parse_name(tokens, "a column's name"));
    MILLRACE_TRY(tokens.expect("=", "after the column's name"));
    assignment.value = MILLRACE_TRY(parse_expression(tokens));
    update.assignments.push_back(std::move(assignment));
  } while (tokens.accept(","));
  if (tokens.accept("WHERE")) update.where = MILLRACE_TRY(parse_expression(tokens));
  return update;
}

Result<StatementNode> parse_delete(TokenCursor& tokens) {
  tokens.take();
  Delete node;
  MILLRACE_TRY(tokens.expect("FROM", "after DELETE"));
  node.table = MILLRACE_TRY(parse_qualified_name(tokens, "a table's name"));
  node.alias = MILLRACE_TRY(parse_target_alias(tokens));
  if (tokens.accept("WHERE")) node.where = MILLRACE_TRY(parse_expression(tokens));
  return node;
}

Result<StatementNode> parse_copy(TokenCursor& tokens) {
  tokens.take();
  Copy copy;
  if (tokens.accept("(")) {
    copy.subscribe = tokens.accept("SUBSCRIBE");
    copy.query = MILLRACE_TRY(parse_query(tokens));
    MILLRACE_TRY(tokens.expect(")", "after the query"));
  } else {
    copy.table = MILLRACE_TRY(parse_qualified_name(tokens, "a table's name"));
    if (tokens.at("(")) copy.columns = MILLRACE_TRY(parse_name_list(tokens, "a column's name"));
  }
  if (copy.table && tokens.accept("FROM")) {
    copy.from_stdin = true;
    MILLRACE_TRY(tokens.expect("STDIN"));
  } else {
    MILLRACE_TRY(tokens.expect("TO"));
    MILLRACE_TRY(tokens.expect("STDOUT"));
  }
  copy.options = MILLRACE_TRY(parse_copy_options(tokens));
  return copy;
}

}  // namespace millrace::sql
