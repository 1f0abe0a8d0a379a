#include <array>

#include "sql/print.h"
#include "sql/print/printer.h"
#include "sql/text/keyword.h"

namespace millrace::sql {
namespace {

std::string_view action_word(JobAction action) {
  constexpr auto kWords =
      std::to_array<std::string_view>({"PAUSE", "RESUME", "SAVEPOINT", "CANCEL"});
  return kWords[static_cast<size_t>(action)];
}

std::string_view action_word(TransactionAction action) {
  constexpr auto kWords = std::to_array<std::string_view>({"BEGIN", "COMMIT", "ROLLBACK"});
  return kWords[static_cast<size_t>(action)];
}

std::string_view mode_words(ExplainMode mode) {
  constexpr auto kWords =
      std::to_array<std::string_view>({"EXPLAIN ", "EXPLAIN (PLAN) ", "EXPLAIN (PHYSICAL) ",
                                       "EXPLAIN (COST) ", "EXPLAIN (ANALYZE) "});
  return kWords[static_cast<size_t>(mode)];
}

std::string_view subject_words(ShowSubject subject) {
  constexpr auto kWords = std::to_array<std::string_view>(
      {"TABLES", "VIEWS", "MATERIALIZED VIEWS", "JOBS", "FUNCTIONS", "TOPICS", "CONNECTIONS",
       "SECRETS", "USERS", "ALERTS", "GRANTS", "SCHEMAS", "DATABASES", "SETTINGS"});
  return kWords[static_cast<size_t>(subject)];
}

struct NameOf {
  std::string_view operator()(const QueryStatement&) const { return "SELECT"; }
  std::string_view operator()(const Subscribe&) const { return "SUBSCRIBE"; }
  std::string_view operator()(const Insert&) const { return "INSERT"; }
  std::string_view operator()(const StatementSet&) const { return "EXECUTE STATEMENT SET"; }
  std::string_view operator()(const Update&) const { return "UPDATE"; }
  std::string_view operator()(const Delete&) const { return "DELETE"; }
  std::string_view operator()(const Copy&) const { return "COPY"; }
  std::string_view operator()(const CreateTable&) const { return "CREATE TABLE"; }
  std::string_view operator()(const CreateView&) const { return "CREATE VIEW"; }
  std::string_view operator()(const CreateMaterializedView&) const {
    return "CREATE MATERIALIZED VIEW";
  }
  std::string_view operator()(const AlterMaterializedView&) const {
    return "ALTER MATERIALIZED VIEW";
  }
  std::string_view operator()(const CreateNamespace& node) const {
    return node.is_database ? "CREATE DATABASE" : "CREATE SCHEMA";
  }
  std::string_view operator()(const CreateConnection&) const { return "CREATE CONNECTION"; }
  std::string_view operator()(const CreateSecret&) const { return "CREATE SECRET"; }
  std::string_view operator()(const CreateUser& node) const {
    return node.alter ? "ALTER USER" : "CREATE USER";
  }
  std::string_view operator()(const CreateFunction&) const { return "CREATE FUNCTION"; }
  std::string_view operator()(const CreateAlert&) const { return "CREATE ALERT"; }
  std::string_view operator()(const Drop& node) const {
    constexpr auto kWords = std::to_array<std::string_view>(
        {"DROP TABLE", "DROP VIEW", "DROP MATERIALIZED VIEW", "DROP CONNECTION", "DROP SECRET",
         "DROP USER", "DROP FUNCTION", "DROP ALERT", "DROP JOB", "DROP TOPIC", "DROP SCHEMA",
         "DROP DATABASE"});
    return kWords[static_cast<size_t>(node.kind)];
  }
  std::string_view operator()(const AlterJob&) const { return "ALTER JOB"; }
  std::string_view operator()(const ControlJob& node) const {
    constexpr auto kWords =
        std::to_array<std::string_view>({"PAUSE JOB", "RESUME JOB", "SAVEPOINT JOB", "CANCEL JOB"});
    return kWords[static_cast<size_t>(node.action)];
  }
  std::string_view operator()(const Tap&) const { return "TAP"; }
  std::string_view operator()(const ReplayJob&) const { return "REPLAY JOB"; }
  std::string_view operator()(const Grant& node) const { return node.revoke ? "REVOKE" : "GRANT"; }
  std::string_view operator()(const Explain&) const { return "EXPLAIN"; }
  std::string_view operator()(const ExplainRow&) const { return "EXPLAIN ROW"; }
  std::string_view operator()(const Describe&) const { return "DESCRIBE"; }
  std::string_view operator()(const Show&) const { return "SHOW"; }
  std::string_view operator()(const ShowCreate&) const { return "SHOW CREATE"; }
  std::string_view operator()(const ShowJob&) const { return "SHOW JOB"; }
  std::string_view operator()(const ShowSetting&) const { return "SHOW"; }
  std::string_view operator()(const Set&) const { return "SET"; }
  std::string_view operator()(const Reset&) const { return "RESET"; }
  std::string_view operator()(const Use&) const { return "USE"; }
  std::string_view operator()(const Flush&) const { return "FLUSH"; }
  std::string_view operator()(const Transaction& node) const { return action_word(node.action); }
  std::string_view operator()(const DeclareCursor&) const { return "DECLARE CURSOR"; }
  std::string_view operator()(const FetchCursor&) const { return "FETCH"; }
  std::string_view operator()(const CloseCursor&) const { return "CLOSE CURSOR"; }
};

}  // namespace

std::string_view statement_name(const Statement& statement) {
  return std::visit(NameOf(), statement.node);
}

std::string print(const Statement& statement) {
  Printer printer;
  printer.print(statement);
  return printer.text();
}

void Printer::print(const Statement& statement) {
  any(statement.node);
}

void Printer::print(const Subscribe& statement) {
  *this << "SUBSCRIBE " << statement.query;
}

void Printer::print(const Insert& statement) {
  *this << (statement.overwrite ? "INSERT OVERWRITE " : "INSERT INTO ") << statement.table << " ";
  if (!statement.columns.empty()) {
    names(statement.columns);
    *this << " ";
  }
  *this << *statement.query;
}

void Printer::print(const StatementSet& statement) {
  *this << "EXECUTE STATEMENT SET BEGIN ";
  for (const Insert& insert : statement.inserts) *this << insert << "; ";
  *this << "END";
}

void Printer::print(const Assignment& assignment) {
  *this << assignment.column << " = " << assignment.value;
}

void Printer::print(const Update& statement) {
  *this << "UPDATE " << statement.table;
  if (statement.alias) *this << " AS " << *statement.alias;
  *this << " SET ";
  list(statement.assignments);
  if (statement.where) *this << " WHERE " << *statement.where;
}

void Printer::print(const Delete& statement) {
  *this << "DELETE FROM " << statement.table;
  if (statement.alias) *this << " AS " << *statement.alias;
  if (statement.where) *this << " WHERE " << *statement.where;
}

void Printer::print(const Copy& statement) {
  *this << "COPY ";
  if (statement.table) {
    *this << *statement.table;
    if (!statement.columns.empty()) {
      *this << " ";
      names(statement.columns);
    }
  } else {
    *this << "(" << (statement.subscribe ? "SUBSCRIBE " : "") << *statement.query << ")";
  }
  *this << (statement.from_stdin ? " FROM STDIN" : " TO STDOUT");
  for (size_t i = 0; i < statement.options.size(); ++i) {
    *this << (i == 0 ? " WITH (" : ", ");
    name(statement.options[i].key);
    *this << " ";
    string(statement.options[i].value);
  }
  if (!statement.options.empty()) *this << ")";
}

void Printer::print(const AlterJob& statement) {
  *this << "ALTER JOB " << statement.job << " SET ";
  options(statement.options);
}

void Printer::print(const ControlJob& statement) {
  *this << action_word(statement.action) << " JOB " << statement.job;
}

void Printer::print(const Tap& statement) {
  *this << "TAP " << statement.job << "." << statement.operator_name;
}

void Printer::print(const ReplayJob& statement) {
  *this << "REPLAY JOB " << statement.job << " AS ";
  any(statement.as);
}

void Printer::print(const Privilege& privilege) {
  // A reserved word is a privilege too: SELECT, but not ALL.
  const bool bare = is_reserved(privilege.name.text) && privilege.name.text != "ALL";
  if (bare) {
    *this << privilege.name.text;
  } else {
    *this << privilege.name;
  }
  if (privilege.columns.empty()) return;
  *this << " ";
  names(privilege.columns);
}

void Printer::print(const Grant& statement) {
  *this << (statement.revoke ? "REVOKE " : "GRANT ");
  if (statement.revoke && statement.grant_option) *this << "GRANT OPTION FOR ";
  if (statement.privileges.empty()) *this << "ALL";
  list(statement.privileges);
  *this << " ON " << object_kind_words(statement.kind) << " ";
  list(statement.objects);
  *this << (statement.revoke ? " FROM " : " TO ");
  list(statement.users);
  if (!statement.revoke && statement.grant_option) *this << " WITH GRANT OPTION";
}

void Printer::print(const Explain& statement) {
  *this << mode_words(statement.mode) << *statement.statement;
}

void Printer::print(const ExplainRow& statement) {
  *this << "EXPLAIN ROW (";
  list(statement.key);
  *this << ") IN " << statement.view;
}

void Printer::print(const Describe& statement) {
  *this << (statement.extended ? "DESCRIBE EXTENDED " : "DESCRIBE ") << statement.name;
}

void Printer::print(const Show& statement) {
  *this << "SHOW " << subject_words(statement.subject);
  if (statement.from) *this << " FROM " << *statement.from;
  if (!statement.like) return;
  *this << (statement.not_like ? " NOT LIKE " : " LIKE ");
  string(*statement.like);
}

void Printer::print(const ShowCreate& statement) {
  *this << "SHOW CREATE " << object_kind_words(statement.kind) << " " << statement.name;
}

void Printer::print(const ShowJob& statement) {
  *this << "SHOW JOB " << statement.job << (statement.diagnosis ? " DIAGNOSIS" : "");
}

void Printer::print(const ShowSetting& statement) {
  *this << "SHOW ";
  string(statement.key);
}

void Printer::print(const Set& statement) {
  *this << "SET ";
  string(statement.key);
  *this << " = ";
  string(statement.value);
}

void Printer::print(const Reset& statement) {
  *this << "RESET";
  if (!statement.key) return;
  *this << " ";
  string(*statement.key);
}

void Printer::print(const Use& statement) {
  constexpr auto kWords = std::to_array<std::string_view>({"USE ", "USE SCHEMA ", "USE DATABASE "});
  *this << kWords[static_cast<size_t>(statement.kind)] << statement.name;
}

void Printer::print(const Flush&) {
  *this << "FLUSH";
}

void Printer::print(const Transaction& statement) {
  *this << action_word(statement.action);
}

void Printer::print(const DeclareCursor& statement) {
  *this << "DECLARE " << statement.name << (statement.binary ? " BINARY" : "") << " CURSOR "
        << (statement.with_hold ? "WITH HOLD " : "") << "FOR ";
  any(statement.source);
}

void Printer::print(const FetchCursor& statement) {
  *this << "FETCH " << (statement.count ? std::to_string(*statement.count) : "ALL") << " FROM "
        << statement.name;
}

void Printer::print(const CloseCursor& statement) {
  *this << "CLOSE ";
  if (statement.name) {
    *this << *statement.name;
  } else {
    *this << "ALL";
  }
}

}  // namespace millrace::sql
