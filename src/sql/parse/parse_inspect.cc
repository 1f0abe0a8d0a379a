#include <array>
#include <optional>

#include "sql/parse/grammar.h"
#include "sql/text/keyword.h"

namespace millrace::sql {
namespace {

struct ModeWord {
  std::string_view word;
  ExplainMode mode;
};
constexpr auto kModeWords = std::to_array<ModeWord>({
    {"PLAN", ExplainMode::kPlan},
    {"PHYSICAL", ExplainMode::kPhysical},
    {"COST", ExplainMode::kCost},
    {"ANALYZE", ExplainMode::kAnalyze},
});

std::optional<ExplainMode> mode_here(const TokenCursor& tokens, size_t ahead) {
  for (const ModeWord& candidate : kModeWords) {
    if (tokens.at(candidate.word, ahead)) return candidate.mode;
  }
  return std::nullopt;
}

Result<StatementNode> parse_explain_row(TokenCursor& tokens) {
  tokens.take();
  ExplainRow explain;
  MILLRACE_TRY(tokens.expect("("));
  explain.key = MILLRACE_TRY(parse_expressions(tokens));
  MILLRACE_TRY(tokens.expect(")", "after the key"));
  MILLRACE_TRY(tokens.expect("IN"));
  explain.view = MILLRACE_TRY(parse_qualified_name(tokens, "a view's name"));
  return explain;
}

// (PLAN), ANALYZE, PLAN FOR
Result<ExplainMode> parse_explain_mode(TokenCursor& tokens) {
  if (tokens.at("(") && tokens.peek(1).kind == TokenKind::kWord && tokens.at(")", 2)) {
    tokens.take();
    const std::optional<ExplainMode> mode = mode_here(tokens, 0);
    if (!mode) {
      constexpr auto kWords =
          std::to_array<std::string_view>({"PLAN", "PHYSICAL", "COST", "ANALYZE"});
      return tokens.unexpected("PLAN, PHYSICAL, COST or ANALYZE", {}, kWords);
    }
    tokens.take();
    MILLRACE_TRY(tokens.expect(")"));
    return *mode;
  }
  const std::optional<ExplainMode> mode = mode_here(tokens, 0);
  if (!mode) return ExplainMode::kDefault;
  tokens.take();
  if (*mode == ExplainMode::kPlan && tokens.at("FOR")) tokens.take();
  return *mode;
}

struct SubjectWord {
  std::string_view word;
  ShowSubject subject;
};
constexpr auto kSubjectWords = std::to_array<SubjectWord>({
    {"TABLES", ShowSubject::kTables},
    {"VIEWS", ShowSubject::kViews},
    {"JOBS", ShowSubject::kJobs},
    {"FUNCTIONS", ShowSubject::kFunctions},
    {"TOPICS", ShowSubject::kTopics},
    {"CONNECTIONS", ShowSubject::kConnections},
    {"SECRETS", ShowSubject::kSecrets},
    {"USERS", ShowSubject::kUsers},
    {"ALERTS", ShowSubject::kAlerts},
    {"GRANTS", ShowSubject::kGrants},
    {"SCHEMAS", ShowSubject::kSchemas},
    {"DATABASES", ShowSubject::kDatabases},
    {"CATALOGS", ShowSubject::kDatabases},
    {"SETTINGS", ShowSubject::kSettings},
    {"ALL", ShowSubject::kSettings},
});

// [FROM|IN schema] [[NOT] LIKE 'pattern'], behind SHOW's subject
Result<StatementNode> parse_show_list(TokenCursor& tokens, ShowSubject subject) {
  Show show{.subject = subject};
  if (tokens.accept("FROM") || tokens.accept("IN")) {
    show.from = MILLRACE_TRY(parse_qualified_name(tokens, "a schema's name"));
  }
  show.not_like = tokens.accept("NOT");
  if (tokens.accept("LIKE")) {
    show.like = MILLRACE_TRY(parse_string(tokens, "the pattern in quotes"));
  } else if (show.not_like) {
    return tokens.unexpected({});
  }
  return show;
}

Result<StatementNode> parse_show_job(TokenCursor& tokens) {
  tokens.take();
  ShowJob show;
  show.job = MILLRACE_TRY(parse_job_name(tokens));
  show.diagnosis = tokens.accept("DIAGNOSIS");
  return show;
}

Result<StatementNode> parse_show_create(TokenCursor& tokens) {
  tokens.take();
  ShowCreate show;
  show.kind = MILLRACE_TRY(parse_object_kind(tokens));
  show.name = MILLRACE_TRY(parse_qualified_name(tokens, "a name"));
  return show;
}

// One setting: 'k', a.b, TIME ZONE, TRANSACTION ISOLATION LEVEL.
Result<StatementNode> parse_show_setting(TokenCursor& tokens) {
  ShowSetting show;
  if (tokens.peek().kind == TokenKind::kString) {
    show.key = tokens.take().value;
    return show;
  }
  if (tokens.at_words("TIME", "ZONE")) {
    tokens.take();
    tokens.take();
    show.key = "timezone";
    return show;
  }
  if (tokens.at_words("TRANSACTION", "ISOLATION")) {
    tokens.take();
    tokens.take();
    MILLRACE_TRY(tokens.expect("LEVEL"));
    show.key = "transaction_isolation";
    return show;
  }
  constexpr auto kWords = std::to_array<std::string_view>(
      {"TABLES", "VIEWS", "MATERIALIZED", "JOBS", "JOB", "FUNCTIONS", "TOPICS", "CREATE"});
  if (!at_name(tokens)) return tokens.unexpected("what to show", {}, kWords);
  const QualifiedName name = MILLRACE_TRY(parse_qualified_name(tokens, "a setting's name"));
  for (const Identifier& part : name.parts) {
    if (!show.key.empty()) show.key += '.';
    show.key += part.text;
  }
  return show;
}

}  // namespace

Result<StatementNode> parse_explain(TokenCursor& tokens) {
  tokens.take();
  if (tokens.at_words("ROW", "(")) return parse_explain_row(tokens);
  const Level level(tokens);
  MILLRACE_TRY(level.check());
  Explain explain;
  explain.mode = MILLRACE_TRY(parse_explain_mode(tokens));
  explain.statement = MILLRACE_TRY(parse_statement(tokens));
  return explain;
}

Result<StatementNode> parse_describe(TokenCursor& tokens) {
  tokens.take();
  Describe describe;
  if (tokens.at("EXTENDED") && at_name(tokens, 1)) {
    tokens.take();
    describe.extended = true;
  }
  describe.name = MILLRACE_TRY(parse_qualified_name(tokens, "a table's name"));
  return describe;
}

Result<StatementNode> parse_show(TokenCursor& tokens) {
  tokens.take();
  for (const SubjectWord& candidate : kSubjectWords) {
    if (!tokens.at(candidate.word)) continue;
    tokens.take();
    return parse_show_list(tokens, candidate.subject);
  }
  if (tokens.at_words("MATERIALIZED", "VIEWS")) {
    tokens.take();
    tokens.take();
    return parse_show_list(tokens, ShowSubject::kMaterializedViews);
  }
  if (tokens.at("CREATE")) return parse_show_create(tokens);
  if (tokens.at("JOB")) return parse_show_job(tokens);
  return parse_show_setting(tokens);
}

}  // namespace millrace::sql
