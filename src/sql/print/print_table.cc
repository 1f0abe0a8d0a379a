#include <array>

#include "sql/print/printer.h"

namespace millrace::sql {
namespace {

std::string_view join_words(JoinType type) {
  constexpr auto kWords =
      std::to_array<std::string_view>({"", "LEFT ", "RIGHT ", "FULL ", "CROSS "});
  return kWords[static_cast<size_t>(type)];
}

std::string_view window_word(WindowKind kind) {
  constexpr auto kWords = std::to_array<std::string_view>({"TUMBLE", "HOP", "CUMULATE", "SESSION"});
  return kWords[static_cast<size_t>(kind)];
}

bool is_join(const TableRef& ref) {
  return std::holds_alternative<JoinTable>(ref.node);
}

}  // namespace

void Printer::print(const TableRef& ref) {
  if (is_join(ref) && (ref.lateral || ref.alias)) {
    factor(ref);
    return;
  }
  if (ref.lateral) *this << "LATERAL ";
  any(ref.node);
  if (ref.alias) *this << " AS " << *ref.alias;
}

void Printer::factor(const TableRef& ref) {
  if (!is_join(ref)) {
    print(ref);
    return;
  }
  *this << (ref.lateral ? "LATERAL (" : "(");
  any(ref.node);
  *this << ")";
  if (ref.alias) *this << " AS " << *ref.alias;
}

void Printer::print(const TableAlias& alias) {
  *this << alias.name;
  if (alias.columns.empty()) return;
  *this << " ";
  names(alias.columns);
}

void Printer::print(const NamedTable& table) {
  *this << table.name;
  if (!table.options.empty()) {
    *this << " /*+ OPTIONS";
    options(table.options);
    *this << " */";
  }
  if (table.as_of) *this << " FOR SYSTEM_TIME AS OF " << *table.as_of;
}

void Printer::print(const DerivedTable& table) {
  in_parentheses(*table.query);
}

void Printer::print(const UnnestTable& table) {
  *this << "UNNEST(";
  list(table.collections);
  *this << ")" << (table.with_ordinality ? " WITH ORDINALITY" : "");
}

void Printer::print(const FunctionTable& table) {
  *this << table.name << "(";
  list(table.arguments);
  *this << ")" << (table.with_ordinality ? " WITH ORDINALITY" : "");
}

void Printer::print(const WindowTable& table) {
  *this << "TABLE(" << window_word(table.kind) << "(" << table.input << ", DESCRIPTOR("
        << table.time_column << ")";
  for (const Box<Expression>* interval :
       {&table.slide, &table.step, &table.gap, &table.size, &table.offset}) {
    if (*interval) *this << ", " << **interval;
  }
  *this << "))";
}

void Printer::print(const TableArgument& argument) {
  *this << "TABLE ";
  if (argument.table) {
    *this << *argument.table;
  } else {
    in_parentheses(*argument.query);
  }
  // The comma ends the argument, so several keys need parentheses, as does one that begins with
  // one.
  const auto keys = [this](std::string_view words, const auto& items, bool bare) {
    if (items.empty()) return;
    *this << words << (bare ? "" : "(");
    list(items);
    if (!bare) *this << ")";
  };
  const auto is_column = [](const auto& items, const auto& expression) {
    return items.size() == 1 && std::holds_alternative<ColumnRef>(expression.node);
  };
  const auto& partition_by = argument.partition_by;
  const auto& order_by = argument.order_by;
  keys(" PARTITION BY ", partition_by,
       !partition_by.empty() && is_column(partition_by, partition_by[0]));
  keys(" ORDER BY ", order_by, !order_by.empty() && is_column(order_by, order_by[0].expression));
}

void Printer::print(const Descriptor& descriptor) {
  *this << "DESCRIPTOR";
  names(descriptor.columns);
}

void Printer::print(const TableFunctionArgument& argument) {
  if (argument.name) *this << *argument.name << " => ";
  any(argument.value);
}

void Printer::print(const JoinTable& table) {
  factor(*table.first);
  for (const Join& join : table.joins) *this << " " << join;
}

void Printer::print(const Join& join) {
  *this << (join.natural ? "NATURAL " : "") << (join.asof ? "ASOF " : "") << join_words(join.type)
        << "JOIN ";
  factor(join.right);
  if (join.on) *this << " ON " << *join.on;
  if (join.using_columns.empty()) return;
  *this << " USING ";
  names(join.using_columns);
}

}  // namespace millrace::sql
