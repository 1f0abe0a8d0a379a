#include <array>

#include "sql/parse/grammar.h"
#include "sql/text/keyword.h"

namespace millrace::sql {
namespace {

// SELECT, INSERT (a, b)
Result<Privilege> parse_privilege(TokenCursor& tokens) {
  Privilege privilege;
  privilege.name = MILLRACE_TRY(parse_label(tokens, "a privilege"));
  privilege.name.text = upper_word(privilege.name.text);
  if (tokens.at("(")) privilege.columns = MILLRACE_TRY(parse_name_list(tokens, "a column's name"));
  return privilege;
}

Result<std::vector<Privilege>> parse_privileges(TokenCursor& tokens) {
  std::vector<Privilege> privileges;
  if (tokens.accept("ALL")) {
    tokens.accept("PRIVILEGES");
    return privileges;
  }
  do {
    privileges.push_back(MILLRACE_TRY(parse_privilege(tokens)));
  } while (tokens.accept(","));
  return privileges;
}

// Whether the word says what kind of thing is granted on, and is not its name.
bool at_granted_kind(const TokenCursor& tokens) {
  constexpr auto kWords =
      std::to_array<std::string_view>({"TABLE", "VIEW", "MATERIALIZED", "CONNECTION", "SECRET",
                                       "FUNCTION", "ALERT", "JOB", "TOPIC", "SCHEMA", "DATABASE"});
  return tokens.at_any(kWords) && at_name(tokens, 1) && !tokens.at("TO", 1);
}

Result<std::vector<Identifier>> parse_users(TokenCursor& tokens) {
  std::vector<Identifier> users;
  do {
    users.push_back(MILLRACE_TRY(parse_name(tokens, "a user's name")));
  } while (tokens.accept(","));
  return users;
}

}  // namespace

Result<StatementNode> parse_grant(TokenCursor& tokens) {
  Grant grant{.revoke = tokens.at("REVOKE")};
  tokens.take();
  if (grant.revoke && tokens.at_words("GRANT", "OPTION")) {
    tokens.take();
    tokens.take();
    MILLRACE_TRY(tokens.expect("FOR"));
    grant.grant_option = true;
  }
  grant.privileges = MILLRACE_TRY(parse_privileges(tokens));
  MILLRACE_TRY(tokens.expect("ON", "after the privileges"));
  if (at_granted_kind(tokens)) grant.kind = MILLRACE_TRY(parse_object_kind(tokens));
  grant.objects = MILLRACE_TRY(parse_qualified_names(tokens, "a name"));
  MILLRACE_TRY(tokens.expect(grant.revoke ? "FROM" : "TO"));
  grant.users = MILLRACE_TRY(parse_users(tokens));
  if (!grant.revoke && tokens.accept("WITH")) {
    MILLRACE_TRY(tokens.expect("GRANT"));
    MILLRACE_TRY(tokens.expect("OPTION"));
    grant.grant_option = true;
  }
  return grant;
}

Result<StatementNode> parse_control_job(TokenCursor& tokens) {
  ControlJob control;
  if (tokens.at("PAUSE")) {
    control.action = JobAction::kPause;
  } else if (tokens.at("RESUME")) {
    control.action = JobAction::kResume;
  } else if (tokens.at("SAVEPOINT")) {
    control.action = JobAction::kSavepoint;
  } else {
    control.action = JobAction::kCancel;
  }
  tokens.take();
  MILLRACE_TRY(tokens.expect("JOB"));
  control.job = MILLRACE_TRY(parse_job_name(tokens));
  return control;
}

Result<StatementNode> parse_tap(TokenCursor& tokens) {
  tokens.take();
  Tap tap;
  tap.job = MILLRACE_TRY(parse_job_name(tokens));
  MILLRACE_TRY(tokens.expect(".", "and the operator after the job's name"));
  tap.operator_name = MILLRACE_TRY(parse_label(tokens, "an operator's name"));
  return tap;
}

Result<StatementNode> parse_replay(TokenCursor& tokens) {
  tokens.take();
  ReplayJob replay;
  MILLRACE_TRY(tokens.expect("JOB"));
  replay.job = MILLRACE_TRY(parse_job_name(tokens));
  MILLRACE_TRY(tokens.expect("AS", "after the job's name"));
  if (at_statement_set(tokens)) {
    replay.as = MILLRACE_TRY(parse_statement_set(tokens));
  } else if (tokens.at("INSERT")) {
    replay.as = MILLRACE_TRY(parse_insert(tokens));
  } else {
    replay.as = MILLRACE_TRY(parse_query(tokens));
  }
  return replay;
}

}  // namespace millrace::sql
