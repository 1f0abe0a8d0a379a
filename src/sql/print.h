#pragma once

#include <string>
#include <string_view>

#include "sql/ast/statement.h"

namespace millrace::sql {

// The canonical text of a tree: keywords in upper case, one space, parentheses only where they are
// needed, names quoted with "…" only where they must be. Parsing it gives an equal tree; texts that
// mean the same tree print equally.
std::string print(const Statement& statement);
std::string print(const Query& query);
std::string print(const Expression& expression);
std::string print(const TypeName& type);
std::string print(const QualifiedName& name);

// `name` as it stands in SQL text: quoted where it must be.
std::string print_name(std::string_view name);
// 'it''s'.
std::string print_string(std::string_view value);

}  // namespace millrace::sql
