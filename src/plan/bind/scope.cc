#include "plan/bind/scope.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/nearest.h"
#include "catalog/qualified_name.h"
#include "expr/build.h"
#include "sql/print.h"

namespace millrace::plan {
namespace {

expr::ExpressionPtr reference(const ScopeColumn& column) {
  return expr::make_column(column.index, column.name, column.type, column.nullable);
}

}  // namespace

void Scope::add_all(const std::string& table, const data::Schema& schema, uint32_t first) {
  for (uint32_t at = 0; at < schema.columns(); ++at) {
    const data::Field& field = schema.field(at);
    columns_.push_back({.table = table,
                        .name = field.name,
                        .type = field.type,
                        .nullable = field.nullable,
                        .index = first + at});
  }
}

void Scope::shift(uint32_t by) {
  for (ScopeColumn& column : columns_) column.index += by;
}

void Scope::make_nullable() {
  for (ScopeColumn& column : columns_) column.nullable = true;
}

void Scope::append(const Scope& other) {
  columns_.insert(columns_.end(), other.columns_.begin(), other.columns_.end());
}

void Scope::hide(const std::string& name) {
  for (ScopeColumn& column : columns_) {
    if (catalog::equal_ignoring_case(column.name, name)) column.hidden_by_star = true;
  }
}

std::vector<const ScopeColumn*> Scope::matches(const std::string* table,
                                               const std::string& name) const {
  for (const bool exactly : {true, false}) {
    std::vector<const ScopeColumn*> found;
    const auto same = [&](const std::string& a, const std::string& b) {
      return exactly ? a == b : catalog::equal_ignoring_case(a, b);
    };
    for (const ScopeColumn& column : columns_) {
      if (table != nullptr && !same(column.table, *table)) continue;
      if (table == nullptr && column.hidden_by_star) continue;
      if (same(column.name, name)) found.push_back(&column);
    }
    if (!found.empty()) return found;
  }
  return {};
}

std::optional<ScopeColumn> Scope::find(const std::string& name) const {
  const auto found = matches(nullptr, name);
  return found.size() == 1 ? std::optional(*found.front()) : std::nullopt;
}

Error Scope::unknown(const sql::QualifiedName& name, const sql::SourceText& text) const {
  std::vector<std::string_view> names;
  for (const ScopeColumn& column : columns_) names.push_back(column.name);
  const std::string& wanted = name.parts.back().text;
  return text
      .error(ErrorCode::kColumnNotFound, name.span,
             fmt::format("there is no column '{}' here", sql::print(name)))
      .remedy(nearest_remedy(wanted, names));
}

Result<expr::ExpressionPtr> Scope::resolve(const sql::QualifiedName& name,
                                           const sql::SourceText& text) const {
  const auto& parts = name.parts;
  size_t used = 1;
  auto found = matches(nullptr, parts[0].text);
  // `t.a` wins over field a of a column t.
  if (parts.size() > 1) {
    auto qualified = matches(&parts[0].text, parts[1].text);
    if (!qualified.empty()) {
      found = std::move(qualified);
      used = 2;
    }
  }
  if (found.empty()) return unknown(name, text);
  if (found.size() > 1) {
    return text
        .error(ErrorCode::kAmbiguousName, name.span,
               fmt::format("'{}' is a column of more than one table", sql::print(name)))
        .remedy(fmt::format("Write {}.{} or {}.{}.", found[0]->table, found[0]->name,
                            found[1]->table, found[1]->name));
  }
  expr::ExpressionPtr expression = reference(*found.front());
  for (; used < parts.size(); ++used) {
    auto field = expr::make_field(std::move(expression), parts[used].text);
    if (!field) {
      const Error& error = field.error();
      return text.error(error.code(), parts[used].span, error.message()).remedy(error.remedy());
    }
    expression = std::move(*field);
  }
  return expression;
}

Result<std::vector<ScopeColumn>> Scope::star(const sql::QualifiedName& qualifier,
                                             const sql::SourceText& text) const {
  std::vector<ScopeColumn> columns;
  for (const ScopeColumn& column : columns_) {
    const bool wanted = qualifier.parts.empty() ? !column.hidden_by_star
                                                : catalog::equal_ignoring_case(
                                                      column.table, qualifier.parts.back().text);
    if (wanted) columns.push_back(column);
  }
  if (!columns.empty()) return columns;
  if (qualifier.parts.empty()) {
    return text.error(ErrorCode::kColumnNotFound, qualifier.span,
                      "* stands for the columns of FROM, and there is no FROM");
  }
  std::vector<std::string_view> tables;
  for (const ScopeColumn& column : columns_) {
    if (std::ranges::find(tables, column.table) == tables.end()) tables.push_back(column.table);
  }
  return text
      .error(ErrorCode::kTableNotFound, qualifier.span,
             fmt::format("there is no table '{}' in FROM", sql::print(qualifier)))
      .remedy(nearest_remedy(qualifier.parts.back().text, tables));
}

}  // namespace millrace::plan
