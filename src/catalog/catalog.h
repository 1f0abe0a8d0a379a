#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "catalog/definition.h"

namespace millrace::catalog {

class Catalog;
using CatalogPtr = std::shared_ptr<const Catalog>;

// Catalog: all names at one moment, as a value. A change makes a new Catalog; who holds the old one
// goes on seeing it, so a statement is bound against one state from its first name to its last.
//
// Threading:  immutable; shared freely.
class Catalog {
 public:
  Catalog() = default;

  // How many durable changes led to this state: what a proposal expects.
  uint64_t version() const { return version_; }

  // The relation that one to three name parts mean, exactly written first, then without regard to
  // case; a temporary one hides a durable one of its name.
  // Failure: kTableNotFound with the nearest name, kAmbiguousName, or the error of a broken one.
  Result<const Relation*> find(std::span<const std::string> parts, const NamePath& path) const;
  // The same, null where there is none or more than one.
  const Relation* find_exact(const QualifiedName& name) const;

  // By name; temporary ones in the place of what they hide.
  std::vector<const Relation*> relations() const;

  // The full name of one to three parts that are to be created.
  // Failure: kSyntaxError for more than three parts.
  static Result<QualifiedName> qualify(std::span<const std::string> parts, const NamePath& path);

  // A new state with the relation put in (in the place of one of its name), or taken out; a
  // temporary relation is put over a durable one, and taken out first.
  CatalogPtr with(Relation relation, uint64_t version) const;
  CatalogPtr without(const QualifiedName& name, uint64_t version) const;
  CatalogPtr at_version(uint64_t version) const;
  // This durable state with the temporary relations of `session` over it.
  CatalogPtr overlaid_by(const Catalog& session) const;

 private:
  using Relations = std::map<QualifiedName, std::shared_ptr<const Relation>>;
  std::string nearest(std::span<const std::string> parts, const NamePath& path) const;

  uint64_t version_ = 0;
  Relations durable_;
  Relations temporary_;
};

}  // namespace millrace::catalog
