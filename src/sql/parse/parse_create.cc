#include <array>

#include "sql/parse/grammar.h"
#include "sql/text/keyword.h"

namespace millrace::sql {
namespace {

constexpr auto kCreateWords = std::to_array<std::string_view>(
    {"TABLE", "VIEW", "MATERIALIZED", "FUNCTION", "CONNECTION", "SECRET", "USER", "ALERT", "SCHEMA",
     "DATABASE", "TEMPORARY", "OR"});

struct CreateFlags {
  bool or_replace = false;
  bool temporary = false;
};

// (a [COMMENT '…'], b)
Result<std::vector<ViewColumn>> parse_view_columns(TokenCursor& tokens) {
  std::vector<ViewColumn> columns;
  if (!tokens.accept("(")) return columns;
  do {
    ViewColumn column;
    column.name = MILLRACE_TRY(parse_name(tokens, "a column's name"));
    column.comment = MILLRACE_TRY(parse_comment(tokens));
    columns.push_back(std::move(column));
  } while (tokens.accept(","));
  MILLRACE_TRY(tokens.expect(")", "after the column"));
  return columns;
}

Result<Box<Query>> parse_as_query(TokenCursor& tokens) {
  MILLRACE_TRY(tokens.expect("AS", "before the query"));
  return Box<Query>(MILLRACE_TRY(parse_query(tokens)));
}

Result<StatementNode> parse_create_view(TokenCursor& tokens, CreateFlags flags) {
  tokens.take();
  CreateView view{.or_replace = flags.or_replace, .temporary = flags.temporary};
  view.if_not_exists = MILLRACE_TRY(parse_if_not_exists(tokens));
  view.name = MILLRACE_TRY(parse_qualified_name(tokens, "a view's name"));
  view.columns = MILLRACE_TRY(parse_view_columns(tokens));
  view.comment = MILLRACE_TRY(parse_comment(tokens));
  view.query = MILLRACE_TRY(parse_as_query(tokens));
  return view;
}

Result<StatementNode> parse_create_materialized_view(TokenCursor& tokens, CreateFlags flags) {
  tokens.take();
  MILLRACE_TRY(tokens.expect("VIEW"));
  CreateMaterializedView view{.or_replace = flags.or_replace};
  view.if_not_exists = MILLRACE_TRY(parse_if_not_exists(tokens));
  view.name = MILLRACE_TRY(parse_qualified_name(tokens, "a view's name"));
  view.columns = MILLRACE_TRY(parse_view_columns(tokens));
  view.comment = MILLRACE_TRY(parse_comment(tokens));
  if (tokens.accept("WITH")) view.options = MILLRACE_TRY(parse_options(tokens));
  view.query = MILLRACE_TRY(parse_as_query(tokens));
  return view;
}

Result<StatementNode> parse_create_namespace(TokenCursor& tokens) {
  CreateNamespace node{.is_database = tokens.at("DATABASE")};
  tokens.take();
  node.if_not_exists = MILLRACE_TRY(parse_if_not_exists(tokens));
  node.name = MILLRACE_TRY(parse_qualified_name(tokens, "a name"));
  if (tokens.accept("WITH")) node.options = MILLRACE_TRY(parse_options(tokens));
  return node;
}

Result<StatementNode> parse_create_connection(TokenCursor& tokens) {
  tokens.take();
  CreateConnection node;
  node.if_not_exists = MILLRACE_TRY(parse_if_not_exists(tokens));
  node.name = MILLRACE_TRY(parse_qualified_name(tokens, "a connection's name"));
  MILLRACE_TRY(tokens.expect("WITH", "after the connection's name"));
  node.options = MILLRACE_TRY(parse_options(tokens));
  return node;
}

Result<StatementNode> parse_create_secret(TokenCursor& tokens) {
  tokens.take();
  CreateSecret node;
  node.if_not_exists = MILLRACE_TRY(parse_if_not_exists(tokens));
  node.name = MILLRACE_TRY(parse_qualified_name(tokens, "a secret's name"));
  MILLRACE_TRY(tokens.expect("AS", "after the secret's name"));
  node.value = MILLRACE_TRY(parse_string(tokens, "the secret in quotes"));
  return node;
}

Result<StatementNode> parse_user(TokenCursor& tokens, bool alter) {
  tokens.take();
  CreateUser node{.alter = alter};
  if (!alter) node.if_not_exists = MILLRACE_TRY(parse_if_not_exists(tokens));
  node.name = MILLRACE_TRY(parse_name(tokens, "a user's name"));
  if (tokens.at_words("WITH", "PASSWORD")) tokens.take();
  if (tokens.accept("PASSWORD")) {
    node.password = MILLRACE_TRY(parse_string(tokens, "the password in quotes"));
  }
  if (tokens.accept("WITH")) node.options = MILLRACE_TRY(parse_options(tokens));
  return node;
}

Result<std::vector<Parameter>> parse_parameters(TokenCursor& tokens) {
  std::vector<Parameter> parameters;
  MILLRACE_TRY(tokens.expect("(", "and the parameters after the function's name"));
  if (tokens.accept(")")) return parameters;
  do {
    Parameter parameter;
    parameter.name = MILLRACE_TRY(parse_name(tokens, "a parameter's name"));
    parameter.type = MILLRACE_TRY(parse_type_name(tokens));
    parameters.push_back(std::move(parameter));
  } while (tokens.accept(","));
  MILLRACE_TRY(tokens.expect(")", "after the parameter"));
  return parameters;
}

// LANGUAGE l, AS '…', WITH (…), in any order
Result<void> parse_function_clauses(TokenCursor& tokens, CreateFunction& function) {
  bool language = false;
  bool body = false;
  bool with = false;
  while (true) {
    if (!language && tokens.accept("LANGUAGE")) {
      language = true;
      function.language = MILLRACE_TRY(parse_name(tokens, "a language"));
      function.language.text = upper_word(function.language.text);
    } else if (!body && tokens.accept("AS")) {
      body = true;
      function.body_span = tokens.here();
      function.body = MILLRACE_TRY(parse_string(tokens, "the function's body in quotes"));
    } else if (!with && tokens.accept("WITH")) {
      with = true;
      function.options = MILLRACE_TRY(parse_options(tokens));
    } else if (body) {
      return {};
    } else {
      return tokens.unexpected({}, "in the function's definition");
    }
  }
}

Result<StatementNode> parse_create_function(TokenCursor& tokens, CreateFlags flags) {
  tokens.take();
  CreateFunction function{.or_replace = flags.or_replace, .temporary = flags.temporary};
  function.if_not_exists = MILLRACE_TRY(parse_if_not_exists(tokens));
  function.name = MILLRACE_TRY(parse_qualified_name(tokens, "a function's name"));
  function.parameters = MILLRACE_TRY(parse_parameters(tokens));
  MILLRACE_TRY(tokens.expect("RETURNS", "after the parameters"));
  function.returns = MILLRACE_TRY(parse_type_name(tokens));
  function.language.text = "SQL";
  MILLRACE_TRY(parse_function_clauses(tokens, function));
  return function;
}

Result<StatementNode> parse_create_alert(TokenCursor& tokens) {
  tokens.take();
  CreateAlert alert;
  alert.if_not_exists = MILLRACE_TRY(parse_if_not_exists(tokens));
  alert.name = MILLRACE_TRY(parse_qualified_name(tokens, "an alert's name"));
  alert.query = MILLRACE_TRY(parse_as_query(tokens));
  if (tokens.accept("FOR")) alert.duration = MILLRACE_TRY(parse_expression(tokens));
  MILLRACE_TRY(tokens.expect("NOTIFY"));
  alert.notify_span = tokens.here();
  alert.notify = MILLRACE_TRY(parse_string(tokens, "an address in quotes"));
  return alert;
}

struct KindWord {
  std::string_view word;
  ObjectKind kind;
};
constexpr auto kKindWords = std::to_array<KindWord>({
    {"TABLE", ObjectKind::kTable},
    {"VIEW", ObjectKind::kView},
    {"CONNECTION", ObjectKind::kConnection},
    {"SECRET", ObjectKind::kSecret},
    {"USER", ObjectKind::kUser},
    {"FUNCTION", ObjectKind::kFunction},
    {"ALERT", ObjectKind::kAlert},
    {"JOB", ObjectKind::kJob},
    {"TOPIC", ObjectKind::kTopic},
    {"SCHEMA", ObjectKind::kSchema},
    {"DATABASE", ObjectKind::kDatabase},
});

Result<StatementNode> parse_alter_job(TokenCursor& tokens) {
  tokens.take();
  AlterJob alter;
  alter.job = MILLRACE_TRY(parse_job_name(tokens));
  MILLRACE_TRY(tokens.expect("SET", "after the job's name"));
  alter.options = MILLRACE_TRY(parse_options(tokens));
  return alter;
}

Result<StatementNode> parse_alter_materialized_view(TokenCursor& tokens) {
  tokens.take();
  MILLRACE_TRY(tokens.expect("VIEW"));
  AlterMaterializedView alter;
  alter.name = MILLRACE_TRY(parse_qualified_name(tokens, "a view's name"));
  alter.query = MILLRACE_TRY(parse_as_query(tokens));
  return alter;
}

}  // namespace

Result<StatementNode> parse_create(TokenCursor& tokens) {
  tokens.take();
  CreateFlags flags;
  const Span flags_place = tokens.here();
  if (tokens.at("OR")) {
    tokens.take();
    MILLRACE_TRY(tokens.expect("REPLACE"));
    flags.or_replace = true;
  }
  if (tokens.at("TEMPORARY") || tokens.at("TEMP")) {
    tokens.take();
    flags.temporary = true;
  }
  if (tokens.at("VIEW")) return parse_create_view(tokens, flags);
  if (tokens.at("FUNCTION")) return parse_create_function(tokens, flags);
  if (tokens.at("MATERIALIZED") && !flags.temporary) {
    return parse_create_materialized_view(tokens, flags);
  }
  if (flags.or_replace) {
    return tokens.refuse(flags_place, "OR REPLACE goes with views and functions only");
  }
  if (tokens.at("TABLE")) return parse_create_table(tokens, flags.temporary);
  if (flags.temporary) return tokens.unexpected("TABLE, VIEW or FUNCTION", "after TEMPORARY");
  if (tokens.at("CONNECTION")) return parse_create_connection(tokens);
  if (tokens.at("SECRET")) return parse_create_secret(tokens);
  if (tokens.at("USER")) return parse_user(tokens, false);
  if (tokens.at("ALERT")) return parse_create_alert(tokens);
  if (tokens.at("SCHEMA") || tokens.at("DATABASE")) return parse_create_namespace(tokens);
  return tokens.unexpected(
      "what to create: TABLE, VIEW, MATERIALIZED VIEW, FUNCTION, CONNECTION, "
      "SECRET, USER, ALERT, SCHEMA or DATABASE",
      {}, kCreateWords);
}

Result<ObjectKind> parse_object_kind(TokenCursor& tokens) {
  if (tokens.accept("MATERIALIZED")) {
    MILLRACE_TRY(tokens.expect("VIEW"));
    return ObjectKind::kMaterializedView;
  }
  for (const KindWord& candidate : kKindWords) {
    if (tokens.accept(candidate.word)) return candidate.kind;
  }
  return tokens.unexpected({});
}

Result<StatementNode> parse_drop(TokenCursor& tokens) {
  tokens.take();
  Drop drop;
  if (tokens.at("TEMPORARY") || tokens.at("TEMP")) {
    tokens.take();
    drop.temporary = true;
  }
  drop.kind = MILLRACE_TRY(parse_object_kind(tokens));
  drop.if_exists = MILLRACE_TRY(parse_if_exists(tokens));
  drop.names = MILLRACE_TRY(parse_qualified_names(tokens, "a name"));
  drop.cascade = tokens.accept("CASCADE");
  if (!drop.cascade) tokens.accept("RESTRICT");
  return drop;
}

Result<StatementNode> parse_alter(TokenCursor& tokens) {
  tokens.take();
  if (tokens.at("JOB")) return parse_alter_job(tokens);
  if (tokens.at("USER")) return parse_user(tokens, true);
  if (tokens.at("MATERIALIZED")) return parse_alter_materialized_view(tokens);
  constexpr auto kWords = std::to_array<std::string_view>({"JOB", "USER", "MATERIALIZED"});
  return tokens.unexpected("JOB, MATERIALIZED VIEW or USER", "after ALTER", kWords);
}

}  // namespace millrace::sql
