#pragma once

#include <optional>
#include <vector>

#include "sql/ast/create_object.h"
#include "sql/ast/name.h"
#include "sql/ast/span.h"

namespace millrace::sql {

// SELECT, INSERT (a, b): a word in upper case; which words there are, the receiver knows.
struct Privilege {
  Identifier name;
  std::vector<Identifier> columns;
  friend bool operator==(const Privilege&, const Privilege&) = default;
};

// GRANT a, b | ALL [PRIVILEGES] ON [kind] x, y TO u, v [WITH GRANT OPTION];
// REVOKE [GRANT OPTION FOR] … ON … FROM ….
struct Grant {
  bool revoke = false;
  std::vector<Privilege> privileges;  // none: ALL
  ObjectKind kind = ObjectKind::kTable;
  std::vector<QualifiedName> objects;
  std::vector<Identifier> users;
  bool grant_option = false;
  friend bool operator==(const Grant&, const Grant&) = default;
};

}  // namespace millrace::sql
