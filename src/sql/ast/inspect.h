#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sql/ast/box.h"
#include "sql/ast/create_object.h"
#include "sql/ast/expression.h"
#include "sql/ast/name.h"
#include "sql/ast/query.h"

namespace millrace::sql {

struct Statement;

// A query as a statement: its rows once, as of now.
struct QueryStatement {
  Query query;
  friend bool operator==(const QueryStatement&, const QueryStatement&) = default;
};

// SUBSCRIBE query, or a query with EMIT CHANGES at its end.
struct Subscribe {
  Query query;
  friend bool operator==(const Subscribe&, const Subscribe&) = default;
};

enum class ExplainMode : uint8_t { kDefault, kPlan, kPhysical, kCost, kAnalyze };

// EXPLAIN [(PLAN | PHYSICAL | COST | ANALYZE)] statement; EXPLAIN ANALYZE s and EXPLAIN PLAN FOR s
// too.
struct Explain {
  ExplainMode mode = ExplainMode::kDefault;
  Box<Statement> statement;
  friend bool operator==(const Explain&, const Explain&) = default;
};

// EXPLAIN ROW (key, …) IN v: which input rows made this row.
struct ExplainRow {
  std::vector<Expression> key;
  QualifiedName view;
  friend bool operator==(const ExplainRow&, const ExplainRow&) = default;
};

// DESCRIBE [EXTENDED] t, DESC t.
struct Describe {
  QualifiedName name;
  bool extended = false;
  friend bool operator==(const Describe&, const Describe&) = default;
};

enum class ShowSubject : uint8_t {
  kTables,
  kViews,
  kMaterializedViews,
  kJobs,
  kFunctions,
  kTopics,
  kConnections,
  kSecrets,
  kUsers,
  kAlerts,
  kGrants,
  kSchemas,
  kDatabases,
  kSettings,
};

// SHOW TABLES [FROM schema] [[NOT] LIKE 'pattern'] and its kin; SHOW ALL and a bare SET are SHOW
// SETTINGS.
struct Show {
  ShowSubject subject = ShowSubject::kTables;
  std::optional<QualifiedName> from;
  std::optional<std::string> like;
  bool not_like = false;
  friend bool operator==(const Show&, const Show&) = default;
};

// SHOW CREATE TABLE t | VIEW v | MATERIALIZED VIEW v | FUNCTION f | CONNECTION c | ALERT a.
struct ShowCreate {
  ObjectKind kind = ObjectKind::kTable;
  QualifiedName name;
  friend bool operator==(const ShowCreate&, const ShowCreate&) = default;
};

// SHOW JOB j [DIAGNOSIS].
struct ShowJob {
  Identifier job;
  bool diagnosis = false;
  friend bool operator==(const ShowJob&, const ShowJob&) = default;
};

// SHOW server_version, SHOW 'sql.dialect': one setting's value.
struct ShowSetting {
  std::string key;
  friend bool operator==(const ShowSetting&, const ShowSetting&) = default;
};

}  // namespace millrace::sql
