#include "plan/bind/read_definition.h"

#include <fmt/core.h>

#include "plan/bind/bind_table.h"
#include "sql/ast/statement.h"
#include "sql/parse.h"
#include "sql/print.h"

namespace millrace::plan {

catalog::ViewPtr define_view(const sql::CreateView& create, const catalog::QualifiedName& name,
                             const catalog::NamePath& path) {
  catalog::ViewDefinition view;
  view.name = name;
  for (const sql::ViewColumn& column : create.columns) view.columns.push_back(column.name.text);
  view.query = sql::print(*create.query);
  view.path = path;
  view.comment = create.comment.value_or("");
  sql::CreateView canonical = create;
  canonical.or_replace = false;
  canonical.if_not_exists = false;
  view.statement = sql::print(sql::Statement{.node = std::move(canonical), .span = {}});
  return std::make_shared<const catalog::ViewDefinition>(std::move(view));
}

Result<catalog::Relation> StatementDefinitionReader::read(std::string_view statement,
                                                          const catalog::QualifiedName& name,
                                                          const catalog::NamePath& path) const {
  const std::string file = name.to_short_string();
  const auto statements = MILLRACE_TRY(sql::parse_script(statement, file));
  if (statements.size() == 1) {
    const sql::SourceText text(statement, file);
    if (const auto* table = std::get_if<sql::CreateTable>(&statements.front().node)) {
      return catalog::Relation::of(
          MILLRACE_TRY(define_table(*table, name, nullptr, connectors_, functions_, text)));
    }
    if (const auto* view = std::get_if<sql::CreateView>(&statements.front().node)) {
      return catalog::Relation::of(define_view(*view, name, path));
    }
  }
  return Error(ErrorCode::kInternal, fmt::format("the catalog holds '{}'", statement)).at(file);
}

}  // namespace millrace::plan
