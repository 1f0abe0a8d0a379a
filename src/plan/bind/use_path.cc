#include "plan/bind/use_path.h"

#include <fmt/core.h>

#include <algorithm>
#include <set>

#include "base/nearest.h"
#include "sql/print.h"

namespace millrace::plan {
namespace {

using Paths = std::vector<catalog::NamePath>;

// Every schema that is there, by name.
Paths schemas_of(const catalog::Catalog& catalog) {
  std::set<std::pair<std::string, std::string>> names = {{"main", "public"}};
  for (const catalog::Relation* relation : catalog.relations()) {
    names.emplace(relation->name.database, relation->name.schema);
  }
  Paths paths;
  for (const auto& [database, schema] : names) paths.push_back({database, schema});
  return paths;
}

// The first that fits, exactly or, where none does, without regard to case; null: none.
template <class Fits>
const catalog::NamePath* find(const Paths& paths, Fits&& fits) {
  for (const bool exactly : {true, false}) {
    const auto same = [exactly](std::string_view a, std::string_view b) {
      return exactly ? a == b : catalog::equal_ignoring_case(a, b);
    };
    const auto found = std::ranges::find_if(
        paths, [&](const catalog::NamePath& path) { return fits(path, same); });
    if (found != paths.end()) return &*found;
  }
  return nullptr;
}

const catalog::NamePath* find_database(const Paths& paths, const std::string& name) {
  const auto in_public = [&](const catalog::NamePath& path, const auto& same) {
    return same(path.database, name) && path.schema == "public";
  };
  if (const catalog::NamePath* found = find(paths, in_public)) return found;
  return find(paths, [&](const catalog::NamePath& path, const auto& same) {
    return same(path.database, name);
  });
}

const catalog::NamePath* find_schema(const Paths& paths, const std::string& database,
                                     const std::string& name) {
  return find(paths, [&](const catalog::NamePath& path, const auto& same) {
    return same(path.database, database) && same(path.schema, name);
  });
}

}  // namespace

Result<catalog::NamePath> use_path(const sql::Use& use, const catalog::Catalog& catalog,
                                   const catalog::NamePath& path, const sql::SourceText& text) {
  const Paths paths = schemas_of(catalog);
  const auto& parts = use.name.parts;
  const std::string& last = parts.back().text;
  const bool database = use.kind == sql::UseKind::kDatabase;
  const catalog::NamePath* found = nullptr;
  if (!database && parts.size() <= 2) {
    found = find_schema(paths, parts.size() == 2 ? parts.front().text : path.database, last);
  }
  const bool one_word = parts.size() == 1 && use.kind != sql::UseKind::kSchema;
  if (found == nullptr && one_word) found = find_database(paths, last);
  if (found != nullptr) return *found;

  std::vector<std::string> names;
  for (const catalog::NamePath& known : paths) {
    const bool near = known.database == path.database && parts.size() == 1;
    names.push_back(database ? known.database
                    : near   ? known.schema
                             : known.database + "." + known.schema);
    if (near && one_word) names.push_back(known.database);
  }
  std::ranges::sort(names);
  names.erase(std::ranges::unique(names).begin(), names.end());
  const std::vector<std::string_view> views(names.begin(), names.end());
  return text
      .error(ErrorCode::kTableNotFound, use.name.span,
             fmt::format("there is no {} '{}'", database ? "database" : "schema",
                         sql::print(use.name)))
      .remedy(nearest_remedy(sql::print(use.name), views));
}

}  // namespace millrace::plan
