#include <array>

#include "sql/print.h"
#include "sql/print/printer.h"

namespace millrace::sql {
namespace {

// Whether a branch of UNION needs parentheses: it has clauses of its own, or branches.
bool is_compound(const Query& query) {
  return query.with || !query.order_by.empty() || query.limit || query.offset ||
         std::holds_alternative<SetOperation>(query.body);
}

std::string_view set_words(SetOperator op) {
  constexpr auto kWords = std::to_array<std::string_view>({" UNION ", " INTERSECT ", " EXCEPT "});
  return kWords[static_cast<size_t>(op)];
}

}  // namespace

std::string print(const Query& query) {
  Printer printer;
  printer.print(query);
  return printer.text();
}

void Printer::in_parentheses(const Query& query) {
  *this << "(" << query << ")";
}

void Printer::print(const Query& query) {
  if (query.with) *this << *query.with << " ";
  any(query.body);
  if (!query.order_by.empty()) {
    *this << " ORDER BY ";
    list(query.order_by);
  }
  if (query.limit && !query.with_ties) *this << " LIMIT " << *query.limit;
  if (query.offset) *this << " OFFSET " << *query.offset;
  if (query.limit && query.with_ties) {
    *this << " FETCH FIRST ";
    print(*query.limit, Precedence::kSign);
    *this << " ROWS WITH TIES";
  }
}

void Printer::print(const With& with) {
  *this << (with.recursive ? "WITH RECURSIVE " : "WITH ");
  list(with.tables);
}

void Printer::print(const CommonTable& table) {
  *this << table.name;
  if (!table.columns.empty()) {
    *this << " ";
    names(table.columns);
  }
  *this << " AS ";
  if (table.materialization == Materialization::kMaterialized) *this << "MATERIALIZED ";
  if (table.materialization == Materialization::kNotMaterialized) *this << "NOT MATERIALIZED ";
  in_parentheses(table.query);
}

void Printer::print(const Select& select) {
  *this << "SELECT " << (select.distinct ? "DISTINCT " : "");
  if (!select.distinct_on.empty()) {
    *this << "ON (";
    list(select.distinct_on);
    *this << ") ";
  }
  list(select.items);
  const auto clause = [this](std::string_view words, const auto& items) {
    if (items.empty()) return;
    *this << words;
    list(items);
  };
  clause(" FROM ", select.from);
  if (select.where) *this << " WHERE " << *select.where;
  clause(" GROUP BY ", select.group_by);
  if (select.having) *this << " HAVING " << *select.having;
  clause(" WINDOW ", select.windows);
  if (select.qualify) *this << " QUALIFY " << *select.qualify;
  if (select.emit) *this << " " << *select.emit;
}

void Printer::print(const SelectItem& item) {
  any(item);
}

void Printer::print(const ComputedItem& item) {
  *this << item.expression;
  if (item.alias) *this << " AS " << *item.alias;
}

void Printer::print(const Star& star) {
  if (!star.qualifier.parts.empty()) *this << star.qualifier << ".";
  *this << "*";
}

void Printer::print(const GroupingElement& element) {
  switch (element.kind) {
    case GroupingKind::kExpression:
      list(element.expressions);
      return;
    case GroupingKind::kSet:
      *this << "(";
      list(element.expressions);
      *this << ")";
      return;
    case GroupingKind::kRollup:
      *this << "ROLLUP (";
      break;
    case GroupingKind::kCube:
      *this << "CUBE (";
      break;
    case GroupingKind::kGroupingSets:
      *this << "GROUPING SETS (";
      break;
  }
  list(element.elements);
  *this << ")";
}

void Printer::print(const NamedWindow& window) {
  *this << window.name << " AS " << window.spec;
}

void Printer::print(const Emit& emit) {
  *this << "EMIT";
  switch (emit.early) {
    case EarlyEmit::kNone:
      break;
    case EarlyEmit::kEvery:
      *this << " EARLY EVERY " << *emit.early_interval;
      break;
    case EarlyEmit::kAfter:
      *this << " EARLY AFTER " << std::to_string(emit.early_rows) << " ROWS";
      break;
    case EarlyEmit::kOnUpdate:
      *this << " EARLY ON UPDATE";
      break;
  }
  if (emit.on_window_close) *this << " ON WINDOW CLOSE";
  if (emit.allowed_lateness) *this << " ALLOWED LATENESS " << *emit.allowed_lateness;
  if (emit.late_into) *this << " LATE INTO " << *emit.late_into;
  if (emit.discarding) *this << " DISCARDING";
}

void Printer::print(const Values& values) {
  *this << "VALUES ";
  for (size_t i = 0; i < values.rows.size(); ++i) {
    *this << (i == 0 ? "(" : ", (");
    list(values.rows[i].expressions);
    *this << ")";
  }
}

void Printer::print(const WholeTable& table) {
  *this << "TABLE " << table.name;
}

void Printer::print(const SetOperation& operation) {
  for (size_t i = 0; i < operation.branches.size(); ++i) {
    if (i > 0) *this << set_words(operation.op) << (operation.all ? "ALL " : "");
    const Query& branch = operation.branches[i];
    if (is_compound(branch)) {
      in_parentheses(branch);
    } else {
      print(branch);
    }
  }
}

void Printer::print(const NestedQuery& query) {
  in_parentheses(*query.query);
}

}  // namespace millrace::sql
