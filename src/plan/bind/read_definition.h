#pragma once

#include "catalog/catalog_machine.h"
#include "expr/registry.h"
#include "sql/ast/create_view.h"
#include "traits/connector_registry.h"

namespace millrace::plan {

// StatementDefinitionReader: canonical CREATE TABLE and CREATE VIEW statements -> relations.
//
// Threading: immutable. Ownership: the registries outlive it.
class StatementDefinitionReader final : public catalog::DefinitionReader {
 public:
  StatementDefinitionReader(const expr::FunctionRegistry& functions,
                            const traits::ConnectorRegistry& connectors)
      : functions_(functions), connectors_(connectors) {}

  Result<catalog::Relation> read(std::string_view statement, const catalog::QualifiedName& name,
                                 const catalog::NamePath& path) const override;

 private:
  const expr::FunctionRegistry& functions_;
  const traits::ConnectorRegistry& connectors_;
};

// What CREATE VIEW defines.
catalog::ViewPtr define_view(const sql::CreateView& create, const catalog::QualifiedName& name,
                             const catalog::NamePath& path);

}  // namespace millrace::plan
