#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "data/schema.h"
#include "expr/expression.h"
#include "sql/ast/name.h"
#include "sql/text/source_text.h"

namespace millrace::plan {

// One column that names can mean: the index-th of the node in FROM.
struct ScopeColumn {
  std::string table;  // alias or table name; empty: none
  std::string name;
  data::Type type;
  bool nullable = true;
  uint32_t index = 0;
  bool hidden_by_star = false;  // the second column of a USING pair
};

// Scope: the columns that an expression sees. Names are looked up exactly first, then without
// regard to case. A plain value.
//
// Failure of find: kColumnNotFound with the nearest name, kAmbiguousName, kTableNotFound for t.* .
class Scope {
 public:
  void add(ScopeColumn column) { columns_.push_back(std::move(column)); }
  // All columns of a schema under one table name, behind those that are there; the first has index
  // `first`.
  void add_all(const std::string& table, const data::Schema& schema, uint32_t first);
  const std::vector<ScopeColumn>& columns() const { return columns_; }
  // All columns behind the `shift`-th place on.
  void shift(uint32_t by);
  void append(const Scope& other);
  // The side of an outer join that may be missing.
  void make_nullable();
  // The column of this name is seen only behind its table's name: the second one of USING.
  void hide(const std::string& name);

  // `a`, `t.a`, and fields of ROW columns behind either.
  Result<expr::ExpressionPtr> resolve(const sql::QualifiedName& name,
                                      const sql::SourceText& text) const;
  // What * or t.* stands for.
  Result<std::vector<ScopeColumn>> star(const sql::QualifiedName& qualifier,
                                        const sql::SourceText& text) const;
  // The column of this name if there is just one.
  std::optional<ScopeColumn> find(const std::string& name) const;

 private:
  std::vector<const ScopeColumn*> matches(const std::string* table, const std::string& name) const;
  Error unknown(const sql::QualifiedName& name, const sql::SourceText& text) const;
  std::vector<ScopeColumn> columns_;
};

}  // namespace millrace::plan
