#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sql/ast/box.h"
#include "sql/ast/name.h"
#include "sql/ast/option.h"
#include "sql/ast/query.h"

namespace millrace::sql {

// A view's column: its new name and its comment.
struct ViewColumn {
  Identifier name;
  std::optional<std::string> comment;
  friend bool operator==(const ViewColumn&, const ViewColumn&) = default;
};

// CREATE [OR REPLACE] [TEMPORARY] VIEW [IF NOT EXISTS] v [(columns)] [COMMENT '…'] AS query.
struct CreateView {
  bool or_replace = false;
  bool temporary = false;
  bool if_not_exists = false;
  QualifiedName name;
  std::vector<ViewColumn> columns;
  std::optional<std::string> comment;
  Box<Query> query;
  friend bool operator==(const CreateView&, const CreateView&) = default;
};

// CREATE [OR REPLACE] MATERIALIZED VIEW [IF NOT EXISTS] v [(columns)] [COMMENT '…'] [WITH (…)] AS
// query.
struct CreateMaterializedView {
  bool or_replace = false;
  bool if_not_exists = false;
  QualifiedName name;
  std::vector<ViewColumn> columns;
  std::optional<std::string> comment;
  Options options;
  Box<Query> query;
  friend bool operator==(const CreateMaterializedView&, const CreateMaterializedView&) = default;
};

// ALTER MATERIALIZED VIEW v AS query.
struct AlterMaterializedView {
  QualifiedName name;
  Box<Query> query;
  friend bool operator==(const AlterMaterializedView&, const AlterMaterializedView&) = default;
};

}  // namespace millrace::sql
