#pragma once

#include <string_view>

#include "sql/ast/access.h"
#include "sql/ast/change.h"
#include "sql/ast/choice.h"
#include "sql/ast/create_object.h"
#include "sql/ast/create_table.h"
#include "sql/ast/create_view.h"
#include "sql/ast/inspect.h"
#include "sql/ast/job.h"
#include "sql/ast/query.h"
#include "sql/ast/session.h"
#include "sql/ast/span.h"

namespace millrace::sql {

using StatementNode =
    Choice<QueryStatement, Subscribe, Insert, StatementSet, Update, Delete, Copy, CreateTable,
           CreateView, CreateMaterializedView, AlterMaterializedView, CreateNamespace,
           CreateConnection, CreateSecret, CreateUser, CreateFunction, CreateAlert, Drop, AlterJob,
           ControlJob, Tap, ReplayJob, Grant, Explain, ExplainRow, Describe, Show, ShowCreate,
           ShowJob, ShowSetting, Set, Reset, Use, Flush, Transaction, DeclareCursor, FetchCursor,
           CloseCursor>;

// Statement: one statement of a script, without its `;`.
//
// A plain value: copied deep, compared by what it says (spans take no part).
struct Statement {
  StatementNode node;
  Span span;
  friend bool operator==(const Statement&, const Statement&) = default;
};

// What the statement is called in messages and command tags: "CREATE TABLE", "INSERT", "SHOW JOB".
std::string_view statement_name(const Statement& statement);

}  // namespace millrace::sql
