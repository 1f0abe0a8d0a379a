#include "catalog/catalog.h"

#include <algorithm>

#include "base/nearest.h"

namespace millrace::catalog {
namespace {

std::string joined(std::span<const std::string> parts) {
  std::string text;
  for (const std::string& part : parts) text.append(text.empty() ? "" : ".").append(part);
  return text;
}

bool equal_ignoring_case(const QualifiedName& a, const QualifiedName& b) {
  return catalog::equal_ignoring_case(a.object, b.object) &&
         catalog::equal_ignoring_case(a.schema, b.schema) &&
         catalog::equal_ignoring_case(a.database, b.database);
}

Result<const Relation*> usable(const Relation* relation) {
  if (!relation->broken) return relation;
  return Error(*relation->broken).within("the definition of " + relation->name.to_short_string());
}

}  // namespace

Result<QualifiedName> Catalog::qualify(std::span<const std::string> parts, const NamePath& path) {
  switch (parts.size()) {
    case 1:
      return QualifiedName{path.database, path.schema, parts[0]};
    case 2:
      return QualifiedName{path.database, parts[0], parts[1]};
    case 3:
      return QualifiedName{parts[0], parts[1], parts[2]};
    default:
      break;
  }
  return Error(ErrorCode::kSyntaxError,
               "a name has at most three parts, database.schema.table: " + joined(parts));
}

const Relation* Catalog::find_exact(const QualifiedName& name) const {
  const auto temporary = temporary_.find(name);
  if (temporary != temporary_.end()) return temporary->second.get();
  const auto durable = durable_.find(name);
  return durable != durable_.end() ? durable->second.get() : nullptr;
}

std::vector<const Relation*> Catalog::relations() const {
  Relations all = temporary_;
  all.insert(durable_.begin(), durable_.end());
  std::vector<const Relation*> relations;
  for (const auto& [name, relation] : all) relations.push_back(find_exact(name));
  return relations;
}

Result<const Relation*> Catalog::find(std::span<const std::string> parts,
                                      const NamePath& path) const {
  const QualifiedName wanted = MILLRACE_TRY(qualify(parts, path));
  if (const Relation* exact = find_exact(wanted); exact != nullptr) return usable(exact);
  const Relation* found = nullptr;
  for (const Relation* relation : relations()) {
    if (!equal_ignoring_case(relation->name, wanted)) continue;
    if (found != nullptr) {
      return Error(ErrorCode::kAmbiguousName, "'" + joined(parts) + "' means both " +
                                                  found->name.to_string() + " and " +
                                                  relation->name.to_string())
          .remedy("Write the name exactly as it was created, in double quotes.");
    }
    found = relation;
  }
  if (found != nullptr) return usable(found);
  return Error(ErrorCode::kTableNotFound, "there is no table or view '" + joined(parts) + "'")
      .remedy(nearest(parts, path));
}

std::string Catalog::nearest(std::span<const std::string> parts, const NamePath& path) const {
  std::vector<std::string> names;
  for (const Relation* relation : relations()) {
    const QualifiedName& name = relation->name;
    if (relation->system && parts.size() == 1) continue;
    if (name.database == path.database && name.schema == path.schema) {
      names.push_back(name.object);
    } else if (name.database == path.database) {
      names.push_back(name.schema + "." + name.object);
    } else {
      names.push_back(name.to_string());
    }
  }
  const std::vector<std::string_view> views(names.begin(), names.end());
  return nearest_remedy(joined(parts), views);
}

CatalogPtr Catalog::with(Relation relation, uint64_t version) const {
  auto changed = std::make_shared<Catalog>(*this);
  changed->version_ = version;
  Relations& relations = relation.temporary ? changed->temporary_ : changed->durable_;
  const QualifiedName name = relation.name;
  relations[name] = std::make_shared<const Relation>(std::move(relation));
  return changed;
}

CatalogPtr Catalog::without(const QualifiedName& name, uint64_t version) const {
  auto changed = std::make_shared<Catalog>(*this);
  changed->version_ = version;
  if (changed->temporary_.erase(name) == 0) changed->durable_.erase(name);
  return changed;
}

CatalogPtr Catalog::at_version(uint64_t version) const {
  auto changed = std::make_shared<Catalog>(*this);
  changed->version_ = version;
  return changed;
}

CatalogPtr Catalog::overlaid_by(const Catalog& session) const {
  auto overlaid = std::make_shared<Catalog>(*this);
  for (const auto& [name, relation] : session.temporary_) overlaid->temporary_[name] = relation;
  return overlaid;
}

}  // namespace millrace::catalog
