#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "catalog/definition.h"
#include "plan/logical/logical_plan.h"
#include "sql/ast/inspect.h"

namespace millrace::plan {

// What a statement asks a session to do, names and types resolved.

// A SELECT: rows to the client.
struct BoundQuery {
  LogicalPlan plan;
  data::SchemaPtr schema;  // of the client's rows
  bool changes = false;    // SUBSCRIBE: the changes of rows as they come
};

// INSERT, or EXECUTE STATEMENT SET: a job.
struct BoundInsert {
  LogicalPlan plan;
  std::vector<std::string> targets;  // tables, in order
  std::string text;                  // canonical: what names the job
  bool bounded = true;               // every input ends
};

struct BoundCreate {
  catalog::Relation relation;
  bool if_not_exists = false;
  bool or_replace = false;
  std::optional<BoundInsert> fill;  // CREATE TABLE AS, bound against the table to come
};

struct BoundDrop {
  std::vector<catalog::Relation> relations;
};

// Rows that are known already: EXPLAIN, DESCRIBE, SHOW.
struct BoundRows {
  data::SchemaPtr schema;
  std::vector<std::vector<data::Value>> rows;
};

struct BoundSet {
  std::string key;
  std::optional<std::string> value;  // absent: RESET
};
struct BoundResetAll {};
struct BoundShowSettings {
  std::optional<std::string> key;  // absent: all of them
};
// SHOW TOPICS, SHOW JOBS: what the log holds.
struct BoundShowLog {
  sql::Show show;
};
struct BoundUse {
  catalog::NamePath path;
};
// Accepted where drivers and scripts send them, without effect (BEGIN, COMMIT, FLUSH).
struct BoundNothing {};

struct BoundStatement {
  std::string tag;  // "CREATE TABLE"
  std::variant<BoundQuery, BoundInsert, BoundCreate, BoundDrop, BoundRows, BoundSet, BoundResetAll,
               BoundShowSettings, BoundShowLog, BoundUse, BoundNothing>
      action;
};

}  // namespace millrace::plan
